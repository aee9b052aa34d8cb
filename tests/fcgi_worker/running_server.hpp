/// A server that runs for as long as a test wants it, and what it says meanwhile.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fcgi_worker/server.hpp>

#include "../patience.hpp"
#include "temporary_folder.hpp"

namespace fcgi_worker {

/// What a server said, and a way to wait until it says something.
class Journal {
public:
    void write(const LogEntry& entry) {
        const std::lock_guard lock{mutex_};
        lines_.push_back(entry.text());
        written_.notify_all();
    }
    [[nodiscard]] std::vector<std::string> lines() const {
        const std::lock_guard lock{mutex_};
        return lines_;
    }
    [[nodiscard]] bool await(std::string_view beginning) {
        std::unique_lock lock{mutex_};
        return written_.wait_for(lock, kPatience, [&] {
            return std::any_of(lines_.begin(), lines_.end(), [&](const auto& l) { return l.starts_with(beginning); });
        });
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable written_;
    std::vector<std::string> lines_;
};

/// A server on a socket of its own, with a thread that runs it.
class Running {
public:
    explicit Running(Handler handler, const ServerOptions& options = {.threads = 4})
        : server_(ListenSocket::open("unix:" + path()), std::move(handler), options,
                  [this](const LogEntry& entry) { journal.write(entry); }),
          runner_([this] { server_.run(); }) {}
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() { stop_and_wait(); }

    void stop_and_wait() {
        server_.stop();
        if (runner_.joinable()) runner_.join();
    }
    [[nodiscard]] std::string path() const { return folder_ / "s"; }
    [[nodiscard]] Server& server() { return server_; }
    [[nodiscard]] ServerCounts counts() const { return server_.counts(); }

    Journal journal;

private:
    TemporaryFolder folder_;
    Server server_;
    std::thread runner_;
};

inline Response echo(const Request& request) {
    return Response{200, {{"Content-Type", "text/plain"}}, request.method + ' ' + request.path + ' ' + request.body};
}

}  // namespace fcgi_worker
