/// Clients that work through a fault, and remember what they were told: what tests of faults judge the stack by.
///
/// Each client creates a todo, reads it, reads a list, ticks the todo off with PUT and If-Match, and begins anew. A
/// title is used once, and its POST is repeated with the same Idempotency-Key until it is acknowledged, also after
/// stop(): so in the end each title is stored once.
///
/// Threads: one owns the load; the clients are threads of their own.
/// Errors:  none; an answer that does not come is a failure too.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../patience.hpp"
#include "client.hpp"

namespace api {

using Clock = std::chrono::steady_clock;

struct LoadOptions {
    std::chrono::milliseconds pace{5};  ///< Between a client's rounds.
    /// What becomes of a todo: those that are kept can be counted, but an owner may have 10,000.
    enum class Todos { kKept, kRemoved } todos = Todos::kKept;
};

class Load {
public:
    static constexpr std::size_t kClients = 8;
    static constexpr std::size_t kRounds = 1000;  ///< Of a client that keeps its todos.

    struct Failure {
        std::string method;
        Clock::time_point at;  ///< When it was answered.
        Answer answer;         ///< Status 0 and the reason where there was none.
    };

    explicit Load(LoadOptions options = {});
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    ~Load() { stop(); }

    /// Returns when each client has finished its round.
    void stop();

    /// Waits for so many acknowledged writes since then; false where they did not come in time.
    bool wait_for_created(std::size_t count, Clock::time_point since = Clock::now());
    /// Waits for so many answers 503 since the start; false where they did not come in time.
    bool wait_for_refusals(std::size_t count);

    [[nodiscard]] std::size_t requests() const { return requests_; }

    // What follows is for when the load has stopped.

    [[nodiscard]] std::size_t created() const { return created_.size(); }
    /// POSTs that were sent again.
    [[nodiscard]] std::size_t repeats() const { return repeats_; }
    [[nodiscard]] Clock::duration slowest() const { return slowest_; }
    /// Everything but 2xx, and but a 409 for a repeat whose first try is still running. 503 too.
    [[nodiscard]] const std::vector<Failure>& failures() const { return failures_; }
    [[nodiscard]] std::vector<Failure> failures(const std::string& method) const;
    /// What is lost, is there more than once, or was never acknowledged; empty if all is well.
    [[nodiscard]] std::vector<std::string> differences(const std::vector<std::string>& stored_titles) const;

private:
    void work(std::size_t client);
    void run_round(const std::string& title);
    Answer create(const std::string& title);
    /// Beside 2xx, one status more may be right.
    Answer ask(const std::string& method, const std::function<Answer()>& request, int also_right = 200);
    bool wait(const std::function<bool()>& condition);

    const LoadOptions options_;
    const std::string name_;  ///< Keys outlive a test by a day.
    std::atomic<bool> stopping_ = false;
    std::atomic<std::size_t> requests_ = 0;
    std::atomic<std::size_t> repeats_ = 0;

    std::mutex mutex_;
    std::condition_variable noted_;
    std::map<std::string, Clock::time_point> created_;
    std::vector<std::string> given_up_;
    std::size_t refusals_ = 0;
    std::vector<Failure> failures_;
    Clock::duration slowest_{};
    std::vector<std::thread> clients_;
};

void PrintTo(const Load::Failure& failure, std::ostream* out);

}  // namespace api
