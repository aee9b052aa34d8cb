/// A fixed set of PostgreSQL connections that all threads of a process share.
///
///     Pool pool{{.dsn = "host=/run/postgresql dbname=todo", .statements = {kList, kCreate}}, log};
///     Rows rows = pool.acquire(request.deadline).execute(kList, {owner, "50"});
///
/// One thread of the pool keeps it full: it opens what is missing, outside of every lock, one at a time,
/// with a growing pause between attempts that failed. A connection that broke is thrown away, never
/// mended: what a transaction had done on it is unknown. A pool starts empty and needs no database
/// to start: until there is one, acquire() says so.
///
/// Threads: every member may be called from any thread; a Lease stays with one thread.
/// Errors:  each function names what it throws. What is not named is not thrown.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcgi_worker/deadline.hpp>
#include <fcgi_worker/log.hpp>
#include <fcgi_worker/pq/statement.hpp>
#include <fcgi_worker/problem.hpp>

/// What asks PostgreSQL.
namespace fcgi_worker::pq {

/// Statements that may be stale (Statement::may_be_stale) are answered by a standby, where acquire() or a Combiner is
/// told of them. The standbys are those among the servers that the dsn names ("host=a,b,c").
///
/// Promised: what was committed longest_lag before a statement began is in its answer. Not promised: that a client
/// finds what it wrote a moment ago, nor that a second read sees as much as the first, for either may be the primary's.
///
/// No statement waits for a connection to a standby, and none fails with it. The primary answers where none is idle,
/// where the standby is further behind or was promoted; and once more where it shut down, lost the connection or
/// cancelled the statement (a conflict with recovery). What ran into statement_timeout is not repeated: it would take
/// as long there.
struct StandbyOptions {
    std::size_t connections = 0;  ///< 0..100, beside those to the primary, to one standby while it lasts. 0: none.

    /// 1 s..1 h. Four times in this time, and at least twice a second, the primary is asked how far its log goes, and a
    /// connection, before its next statement, how far its standby has come. No clock but this process's matters. Where
    /// the primary is away, a standby answers for as long as this. What was committed with synchronous_commit = off may
    /// be missing for three times the server's wal_writer_delay more.
    std::chrono::milliseconds longest_lag{5000};
};

/// Which server, how many connections, how long.
struct PoolOptions {
    /// libpq connection string, words or URI; what is below is added to it. Where it names several servers
    /// ("host=a,b,c"), the pool looks for the one that takes writes, unless its target_session_attrs says something
    /// else, tries the one first that served last, and leaves one that takes no writes any more.
    std::string dsn;
    std::vector<Statement> statements;  ///< Prepared on each connection when it opens.

    std::size_t connections = 20;  ///< 1..100. Processes x this must fit into the server's max_connections.
    std::size_t waiters = 1000;    ///< 1..100,000 requests that wait; the next one is turned away at once.

    /// Longest wait for a free connection; 1 ms..1 min. Shorter than a request's budget, so that there is
    /// time left to say so; longer than the pauses of a busy machine (600 ms were seen), which are no overload.
    std::chrono::milliseconds acquire_timeout{900};
    /// For each address that the dsn names; 1 s..1 min. libpq knows whole seconds, and at least two.
    std::chrono::milliseconds connect_timeout{2000};
    std::chrono::milliseconds statement_timeout{2000};  ///< Of the server; 1 ms..10 min. Less than a request's budget.
    std::chrono::milliseconds lock_timeout{1000};       ///< Of the server; from 1 ms, less than statement_timeout.

    /// A connection is replaced at this age, give or take a tenth; 1 s..1 day. Keeps memory of the server's
    /// processes bounded and lets connections move to a new address.
    std::chrono::milliseconds lifetime{std::chrono::minutes{30}};
    /// And after it was lent so often; 0..1,000,000, 0: its age alone counts. 1 is a connection for each request, which
    /// shows what a pool is for.
    std::size_t uses = 0;

    /// After a first failed attempt to connect, 1 ms and up; doubled by each one that follows, up to the longest
    /// (1 min at most), and each up to a quarter shorter by chance. The longest bounds how late the return of a
    /// database is noticed.
    std::chrono::milliseconds retry_pause{50};
    std::chrono::milliseconds longest_retry_pause{500};  ///< See retry_pause.

    StandbyOptions standbys = {};  ///< None, unless it says how many connections.
};

/// What the pool does and did, for metrics.
struct PoolCounts {
    std::size_t busy = 0;             ///< Connections on loan.
    std::size_t idle = 0;             ///< And those that are not.
    std::size_t waiting = 0;          ///< In acquire().
    std::size_t opened = 0;           ///< Since the start.
    std::size_t closed_broken = 0;    ///< Lost in the middle of a statement, or unfit for more.
    std::size_t closed_suspect = 0;   ///< Found readable while idle: the server had said goodbye.
    std::size_t closed_expired = 0;   ///< Reached their lifetime, or as many uses.
    std::size_t closed_late = 0;      ///< Shut down here: no answer to a statement by its deadline.
    std::size_t failed_attempts = 0;  ///< To connect.

    std::size_t waits = 0;                ///< acquire() that found no idle connection, and waited for one.
    std::chrono::nanoseconds waited{0};   ///< By all of them together.
    std::size_t turned_away_late = 0;     ///< acquire() that threw: its time was over.
    std::size_t turned_away_crowded = 0;  ///< Too many waited already.
    std::size_t turned_away_offline = 0;  ///< The database was away.

    std::size_t standby_connections = 0;  ///< Open ones, busy or idle; what is above is of the primary's.
    std::size_t answered_by_standby = 0;  ///< Statements that may be stale.
    // And those that the primary was asked for instead:
    std::size_t passed_on_busy = 0;    ///< No connection to a standby was idle.
    std::size_t passed_on_behind = 0;  ///< It was too far behind, or promoted.
    std::size_t passed_on_failed = 0;  ///< It failed.
};

/// No connection became free in time, too many wait already, or the database is away.
class PoolExhausted : public Unavailable {
public:
    using Unavailable::Unavailable;
};

/// The connection was lost after the statement had been sent: whether it took effect is not known.
/// Never repeat a write on it; answer 503 and leave that to the client's Idempotency-Key.
class InDoubt : public Unavailable {
public:
    using Unavailable::Unavailable;
};

/// The server refused the statement. One that can be mended by waiting (a time-out, a lock, a deadlock, a
/// lack of resources, a server that takes no writes) is Unavailable instead. A statement that writes, and yet says
/// that it may be stale, is 25006 at a standby; the primary runs it.
class SqlError : public std::runtime_error {
public:
    /// As the server says it.
    SqlError(std::string sqlstate, const std::string& message);
    /// Its five characters: 23505 is a value that had to be unique.
    [[nodiscard]] const std::string& sqlstate() const noexcept { return sqlstate_; }

private:
    std::string sqlstate_;
};

class Connection;
class Keeper;
class Pool;
class Standbys;

/// A connection on loan; it goes back when the Lease is destroyed.
class Lease {
public:
    Lease(Lease&& other) noexcept;  ///< The other one has no connection afterwards.
    Lease& operator=(Lease&&) = delete;
    ~Lease();  ///< Gives it back.

    /// One round trip: a prepared statement in autocommit. It has until the budget's deadline that acquire() was
    /// given, and at most a moment longer than statement_timeout, for a server that stands still tells nobody: then the
    /// connection is given up. What has no time left is not sent, and Unavailable.
    /// Throws SqlError, Unavailable, InDoubt; std::invalid_argument for a statement that the pool does not have
    /// or a parameter with a NUL byte, which PostgreSQL's text cannot hold.
    Rows execute(const Statement& statement, const Parameters& parameters) {
        return execute(statement, parameters, budget_);
    }
    /// The same, with a budget of its own.
    Rows execute(const Statement& statement, const Parameters& parameters, Budget budget);

private:
    friend class Pool;
    Lease(Pool& pool, std::unique_ptr<Connection> connection, Budget budget) noexcept;

    void move_to_primary(Budget budget);

    Pool* pool_;
    std::unique_ptr<Connection> connection_;
    Budget budget_;
    bool is_standbys_ = false;
};

/// The connections, and those that wait for one.
class Pool {
public:
    /// Throws std::invalid_argument for an option out of its range. Does not wait for the database.
    explicit Pool(PoolOptions options, Log log = log_nothing);

    /// Each Lease must be back by now.
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    /// Borrows a connection until the Lease is destroyed; waiters are served in the order they came, the
    /// connection used last goes first. Waits until the deadline or acquire_timeout, whichever comes first,
    /// and not at all while the database is known to be away. The statements of the Lease have the same deadline.
    /// Throws PoolExhausted.
    [[nodiscard]] Lease acquire(Budget budget);
    /// For this statement: where it may be stale, a connection to a standby, if one is idle. From the first statement
    /// on that the standby may not answer, or does not, the Lease has one to the primary, as from acquire(budget); so
    /// its execute() may throw PoolExhausted.
    [[nodiscard]] Lease acquire(Budget budget, const Statement& statement);

    /// Waits until every connection to the primary is open, the deadline has come, or the database is known to be away:
    /// several attempts have failed, and no connection is open. Whether all are open. A process that joins others on a
    /// socket calls it before it accepts: they serve meanwhile, and its first requests need not wait while connections
    /// are made one after the other.
    bool wait_until_full(Deadline deadline);

    /// As they are now.
    [[nodiscard]] PoolCounts counts() const;

private:
    friend class Lease;
    std::unique_ptr<Keeper> keeper_;      ///< Of the connections to the primary.
    std::unique_ptr<Standbys> standbys_;  ///< Null: there are none.
};

}  // namespace fcgi_worker::pq
