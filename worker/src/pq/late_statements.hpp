/// Ends statements that run for longer than anybody waits for them.
///
/// The server ends a statement by itself (statement_timeout), unless it stands still, or the network to it: then
/// libpqxx would wait for an answer for as long as that lasts, and a thread with it. Its socket is shut down instead,
/// which is to libpqxx a connection that was lost.
///
/// Threads: one of its own, which looks at all connections a few times a second; every member from any thread.
/// Errors:  the constructor throws std::system_error where there is no thread to be had.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <fcgi_worker/deadline.hpp>

namespace fcgi_worker::pq {

class LateStatements;

/// One connection's statement: whether one runs, and until when. It goes before the connection does.
class RunningStatement {
public:
    explicit RunningStatement(LateStatements& late_statements);
    ~RunningStatement();
    RunningStatement(const RunningStatement&) = delete;
    RunningStatement& operator=(const RunningStatement&) = delete;

    void begin(int socket, Deadline latest);
    /// Whether it was ended for being late.
    bool end();

private:
    friend class LateStatements;
    LateStatements& late_statements_;
    std::mutex mutex_;
    int socket_ = -1;
    Deadline latest_ = Deadline::max();
    bool is_late_ = false;
};

class LateStatements {
public:
    /// How late one may be ended.
    static constexpr std::chrono::milliseconds kLook{100};

    LateStatements();
    ~LateStatements();
    LateStatements(const LateStatements&) = delete;
    LateStatements& operator=(const LateStatements&) = delete;

private:
    friend class RunningStatement;
    void run();

    std::mutex mutex_;
    std::condition_variable stop_;
    bool stopping_ = false;
    std::vector<RunningStatement*> statements_;
    std::thread thread_;
};

}  // namespace fcgi_worker::pq
