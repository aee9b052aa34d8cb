/// slowhttptest against nginx's first port, as one client that does everything slowly.
///
/// Threads: an object belongs to the thread that made it; the attack runs in one of its own.
/// Errors:  none is thrown; what went wrong stands in failures().
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

namespace api {

struct SlowAttackOptions {
    std::string name;     ///< Of its report, too.
    std::string options;  ///< slowhttptest's: the kind and what belongs to it.
    std::string path;     ///< With its query.
};

/// Keeps 2,000 connections from kAttacker at work for as long as it is told to. nginx throws slow clients out, and
/// slowhttptest brings none of them back: so it is started again, at the end of a wave or when its last connection is
/// gone.
class SlowAttack {
public:
    static constexpr const char* kAttacker = "127.0.0.2";  ///< An address that nginx exempts from nothing.
    static constexpr std::size_t kConnections = 2000;
    static constexpr std::chrono::seconds kWave{20};  ///< After so long all connections are made anew.

    SlowAttack(SlowAttackOptions options, std::chrono::seconds length);
    SlowAttack(const SlowAttack&) = delete;
    SlowAttack& operator=(const SlowAttack&) = delete;
    ~SlowAttack() { join(); }

    /// Until the attack is over. What follows is for afterwards.
    void join();

    [[nodiscard]] const std::string& name() const { return options_.name; }
    /// The most connections at the same time in each wave, as slowhttptest counted them.
    [[nodiscard]] const std::vector<std::size_t>& connected() const { return connected_; }
    [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }

private:
    void attack(std::chrono::seconds length);
    void wave(std::chrono::seconds length);

    SlowAttackOptions options_;
    std::vector<std::size_t> connected_;
    std::vector<std::string> failures_;
    std::thread thread_;
};

}  // namespace api
