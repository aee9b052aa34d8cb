/// One connection with its statements prepared. connection.cpp is the only file that knows libpqxx (6.4 to
/// 7.10) and libpq: nothing of theirs leaves it, neither a type nor an exception.
///
/// Threads: one at a time.
/// Errors:  each function names what it throws. What is not named is not thrown.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <fcgi_worker/deadline.hpp>
#include <fcgi_worker/pq/pool.hpp>
#include <fcgi_worker/pq/statement.hpp>

#include "pq/late_statements.hpp"
#include "pq/servers.hpp"

namespace fcgi_worker::pq {

/// The servers of the dsn (of either form that libpq knows), with the time-outs of the options added.
/// What the dsn says of anything else stays, its own `options` too.
/// Throws std::invalid_argument for a dsn that libpq cannot read.
Servers servers_of(const PoolOptions& options);

/// The server ended it at statement_timeout.
class TooSlow : public Unavailable {
public:
    using Unavailable::Unavailable;
};

/// How much of the primary's changes a standby has, as far as its connection was told.
struct Replay {
    Clock::time_point up_to = Clock::time_point::min();  ///< All that was committed by then.
    Clock::time_point next_look = Clock::time_point::min();
};

class Connection {
public:
    /// Connects to the first of the servers that will do, and prepares each of `statements`, which must outlive the
    /// connection. Blocks, up to the connect_timeout for each address that the dsn names.
    /// Throws std::runtime_error with the reason.
    /// `late_statements` ends those that are; it outlives the connection.
    Connection(const Servers& servers, const std::vector<Statement>& statements, Deadline expires,
               LateStatements& late_statements);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Which server it is, by the names that libpq has for it.
    [[nodiscard]] std::string host() const;
    [[nodiscard]] std::string port() const;

    /// Throws as Lease::execute does: TooSlow among others. Of a standby, SqlError for a statement that writes.
    Rows execute(const Statement& statement, const Parameters& parameters, Deadline deadline);

    /// No statement may run on it any more: only the destructor is left.
    [[nodiscard]] bool broken() const noexcept;

    /// And that is because it had no answer in time.
    [[nodiscard]] bool late() const noexcept;

    /// Asked between statements: the server has said something unasked, most likely its goodbye. Never blocks.
    [[nodiscard]] bool suspect() const noexcept;

    /// When it ought to be replaced; the pool's to say and to keep.
    [[nodiscard]] Deadline expires() const noexcept { return expires_; }

    /// From now on it ought to be.
    void expire() noexcept { expires_ = Deadline::min(); }

    /// Of a standby; who asks it keeps this.
    [[nodiscard]] Replay& replay() noexcept { return replay_; }

    /// Counts one more use, and says how many there were; the pool's as well.
    std::size_t use() noexcept { return ++uses_; }

private:
    struct Session;
    std::unique_ptr<Session> session_;
    Deadline expires_;
    Replay replay_;
    std::size_t uses_ = 0;
    RunningStatement running_;
};

}  // namespace fcgi_worker::pq
