/// A user with some connections, who goes on with what users do while others attack: how long he waits, and what fails.
///
/// Threads: an object belongs to the thread that made it; each client runs in one of its own.
/// Errors:  none is thrown; what went wrong stands in failures().
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace api {

/// 10 clients from 127.0.0.1, each on a connection that is kept: create, read, list ten, delete, 10 requests/s.
class User {
public:
    static constexpr int kClients = 10;
    static constexpr std::chrono::milliseconds kPace{100};  ///< Between a client's requests: 100 requests/s in all.

    User();
    User(const User&) = delete;
    User& operator=(const User&) = delete;
    ~User() { stop(); }

    void stop();

    /// What follows is for when the user has stopped. How long the user waited for each answer, the shortest first:
    /// from the moment that the request was due, so that the requests which a late answer held up count as late too.
    [[nodiscard]] std::vector<std::chrono::microseconds> waits() const;
    [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }

private:
    class Client;
    void work(std::chrono::milliseconds offset);

    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;
    std::vector<std::chrono::microseconds> waits_;
    std::vector<std::string> failures_;
    std::vector<std::thread> clients_;
};

}  // namespace api
