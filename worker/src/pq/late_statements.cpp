#include "pq/late_statements.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "signals_blocked.hpp"

namespace fcgi_worker::pq {

RunningStatement::RunningStatement(LateStatements& late_statements) : late_statements_(late_statements) {
    const std::lock_guard lock{late_statements_.mutex_};
    late_statements_.statements_.push_back(this);
}

RunningStatement::~RunningStatement() {
    const std::lock_guard lock{late_statements_.mutex_};
    auto& all = late_statements_.statements_;
    all.erase(std::remove(all.begin(), all.end(), this), all.end());
}

void RunningStatement::begin(int socket, Deadline latest) {
    const std::lock_guard lock{mutex_};
    socket_ = socket;
    latest_ = latest;
    is_late_ = false;
}

bool RunningStatement::end() {
    const std::lock_guard lock{mutex_};
    latest_ = Deadline::max();  // its socket is the connection's again, which may close it
    return std::exchange(is_late_, false);
}

LateStatements::LateStatements() {
    const SignalsBlocked blocked;
    thread_ = std::thread{[this] { run(); }};
}

LateStatements::~LateStatements() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
        stop_.notify_one();
    }
    thread_.join();
}

void LateStatements::run() {
    std::unique_lock lock{mutex_};
    while (!stop_.wait_for(lock, kLook, [this] { return stopping_; })) {
        const Clock::time_point now = Clock::now();
        for (RunningStatement* statement : statements_) {
            const std::lock_guard held{statement->mutex_};
            if (now < statement->latest_) continue;
            statement->latest_ = Deadline::max();
            statement->is_late_ = true;
            shutdown(statement->socket_, SHUT_RDWR);
        }
    }
}

}  // namespace fcgi_worker::pq
