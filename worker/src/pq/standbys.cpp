#include "pq/standbys.hpp"

#include <algorithm>
#include <exception>
#include <random>
#include <utility>

#include "parker.hpp"
#include "pq/servers.hpp"
#include "pq/stopwatch.hpp"
#include "signals_blocked.hpp"

namespace fcgi_worker::pq {
namespace {

using std::chrono::milliseconds;

/// How long an answer to such a question is waited for, at the end of the pool too. One that comes later is of no use.
constexpr milliseconds kLongestAsk{1000};

/// The longest between two attempts to connect: each costs the primary a process, where the dsn names it first, and
/// nobody waits for a standby.
constexpr milliseconds kLongestRetryPause{5000};

/// $1 what kWritten returned, if it did. Whether it is a standby still, and has that.
constexpr Statement kReplayed{"fcgi_worker_replayed", R"sql(
    SELECT pg_is_in_recovery(), COALESCE(pg_last_wal_replay_lsn() >= $1::pg_lsn, false)
)sql"};

/// Throws Unavailable.
Rows ask(Connection& connection, const Parameter& written, Deadline deadline) {
    try {
        return connection.execute(kReplayed, {written}, deadline);
    } catch (const std::exception& error) {  // Whatever it is, it is no fault of the statement that waits.
        throw Unavailable{error.what()};
    }
}

PoolOptions for_standbys(PoolOptions options) {
    std::vector<Statement>& all = options.statements;
    all.erase(std::remove_if(all.begin(), all.end(), [](const Statement& one) { return !one.may_be_stale; }),
              all.end());
    all.push_back(kReplayed);
    options.connections = options.standbys.connections;
    options.longest_retry_pause = std::max(options.longest_retry_pause, kLongestRetryPause);
    return options;
}

}  // namespace

/// Up to where the log is on the disk: a standby gets no more, and nobody was told of a commit that is not.
constexpr Statement Standbys::kWritten{"fcgi_worker_written", "SELECT pg_current_wal_flush_lsn()"};

Standbys::Standbys(Pool& pool, const PoolOptions& options, Log log)
    : pool_{pool},
      longest_lag_{options.standbys.longest_lag},
      look_{std::min(longest_lag_ / 4, kLookAfterIdle)},
      keeper_{for_standbys(options), servers_of(options).standbys(std::random_device{}()), std::move(log)} {
    const SignalsBlocked blocked;
    thread_ = std::thread{[this] { run(); }};
}

Standbys::~Standbys() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
        stop_.notify_one();
    }
    thread_.join();
}

std::unique_ptr<Connection> Standbys::take() {
    std::unique_ptr<Connection> connection = keeper_.take_idle();
    if (connection == nullptr) ++passed_on_busy_;
    return connection;
}

std::optional<Rows> Standbys::execute(Connection& connection, const Statement& statement, const Parameters& parameters,
                                      Budget budget) {
    if (!statement.may_be_stale) return std::nullopt;
    const Stopwatch stopwatch{budget.spent, &TimeSpent::in_database};
    const Blocked blocked;
    const Deadline latest = keeper_.latest_end(budget.deadline);
    try {
        if (!is_current(connection, latest)) {
            ++passed_on_behind_;
            return std::nullopt;
        }
        Rows rows = connection.execute(statement, parameters, latest);
        ++answered_;
        return rows;
    } catch (const TooSlow&) {
        throw;
    } catch (const Unavailable&) {  // InDoubt as well: it only reads, so it may be repeated.
        ++passed_on_failed_;
        return std::nullopt;
    }
}

bool Standbys::is_current(Connection& connection, Deadline deadline) {
    Replay& replay = connection.replay();
    if (const Clock::time_point now = Clock::now(); now >= replay.next_look) {
        const auto [written, asked] = last_written();
        const Rows rows = ask(connection, written, std::min(deadline, now + kLongestAsk));
        replay.next_look = now + look_;
        if (rows.at(0, 0) != "t") {
            connection.expire();
            return false;
        }
        if (rows.at(0, 1) == "t") replay.up_to = asked;
    }
    return Clock::now() <= replay.up_to + longest_lag_;
}

Standbys::Written Standbys::last_written() const {
    const std::lock_guard lock{mutex_};
    return written_;
}

void Standbys::run() {
    std::unique_lock lock{mutex_};
    do {
        lock.unlock();
        ask_primary();
        lock.lock();
    } while (!stop_.wait_for(lock, look_, [this] { return stopping_; }));
}

void Standbys::ask_primary() {
    const Clock::time_point now = Clock::now();
    try {
        const Rows rows = pool_.acquire(now + kLongestAsk).execute(kWritten, {});
        const std::lock_guard lock{mutex_};
        written_ = {Parameter{rows.at(0, 0)}, now};
    } catch (const std::exception&) {
        // Away or busy: whoever has a request at it learns that.
    }
}

void Standbys::add_to(PoolCounts& counts) const {
    const PoolCounts own = keeper_.counts();
    counts.standby_connections = own.busy + own.idle;
    counts.answered_by_standby = answered_;
    counts.passed_on_busy = passed_on_busy_;
    counts.passed_on_behind = passed_on_behind_;
    counts.passed_on_failed = passed_on_failed_;
}

}  // namespace fcgi_worker::pq
