/// Clients that create, read, change, list and delete, each create with an Idempotency-Key and repeated until it is
/// acknowledged; and what they were told.
///
/// Threads: an object belongs to the thread that made it; each client runs in one of its own.
/// Errors:  none is thrown; what must not be stands in surprises().
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client.hpp"

namespace api {

class SoakLoad {
public:
    static constexpr std::size_t kClients = 8;
    static constexpr std::chrono::milliseconds kPace{
        110};  ///< From a client's round to the next: 300 requests/s in all.

    /// What may be answered beside what was asked for.
    enum class Weather {
        kQuiet,  ///< Nothing.
        kFault,  ///< 503.
        kKill,   ///< 503; and to a write 502, whose worker ended before it answered.
    };

    /// Titles and keys begin with `name`, which no load of the last 24 hours had: PostgreSQL remembers keys for so
    /// long.
    explicit SoakLoad(const std::string& name);
    SoakLoad(const SoakLoad&) = delete;
    SoakLoad& operator=(const SoakLoad&) = delete;
    ~SoakLoad() { stop(); }

    /// Of the requests that begin from now on; those under way are judged by the worse of both.
    void expect(Weather weather);

    /// Waits until each client has gone through so many rounds more; false where they did not in time.
    bool wait_for_rounds(std::size_t count);

    void stop();

    /// What follows is for when the load has stopped. Titles acknowledged, and not deleted since.
    [[nodiscard]] const std::set<std::string>& kept() const { return kept_; }
    [[nodiscard]] const std::map<int, std::size_t>& answers() const { return answers_; }  ///< How many of each status.
    [[nodiscard]] const std::vector<std::string>& surprises() const { return surprises_; }

private:
    struct Ask {
        Call call;
        int status;             ///< That is asked for.
        bool repeated = false;  ///< With its key, after an answer that left open whether it happened.
    };

    void work(std::size_t client);
    void round(std::size_t client, std::size_t number);
    /// Until it is acknowledged; at most for kPatience.
    Answer create(const Call& call);
    /// Throws where the answer is none of those that the weather allows.
    Answer ask(const Ask& ask);

    std::string name_;
    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    Weather weather_ = Weather::kQuiet;
    std::vector<std::size_t> rounds_ = std::vector<std::size_t>(kClients);
    std::set<std::string> kept_;
    std::map<int, std::size_t> answers_;
    std::vector<std::string> surprises_;
    std::vector<std::thread> clients_;
};

}  // namespace api
