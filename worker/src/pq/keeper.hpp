/// A number of connections, those of a pool to the primary or to standbys, and the thread that keeps them open.
///
/// Threads: one of its own; every member may be called from any thread.
/// Errors:  each function names what it throws. What is not named is not thrown.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fcgi_worker/deadline.hpp>
#include <fcgi_worker/log.hpp>
#include <fcgi_worker/pq/pool.hpp>

#include "pq/connection.hpp"
#include "pq/late_statements.hpp"
#include "pq/servers.hpp"

namespace fcgi_worker::pq {

/// How often it looks after idle connections: a server that went away is noticed without a request.
inline constexpr std::chrono::milliseconds kLookAfterIdle{500};

/// Every connection is idle, or busy: lent, or on its way from or to there. Both numbers together never exceed
/// options.connections: a connection is closed first and counted as gone then. While one is idle, nobody waits:
/// it goes from hand to hand. Connecting, closing, polling for a caller and logging happen outside of the lock.
class Keeper {
public:
    /// The options have been checked.
    Keeper(PoolOptions options, Servers servers, Log log);
    ~Keeper();
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;

    /// As Pool::acquire().
    std::unique_ptr<Connection> take(Budget budget);
    /// Null where none is idle.
    std::unique_ptr<Connection> take_idle();
    /// Until when a statement may take that begins now.
    [[nodiscard]] Deadline latest_end(Deadline deadline) const;
    void give_back(std::unique_ptr<Connection> connection) noexcept;
    bool wait_until_full(Deadline deadline);
    [[nodiscard]] PoolCounts counts() const;

private:
    struct Waiter;
    /// Why a connection must not be used again, as the counter of PoolCounts that says so; or null.
    using Reason = std::size_t PoolCounts::*;
    static Reason reason_to_close(const Connection& connection) noexcept;

    // These want the lock to be held; those that take it may let go of it for a while.
    void hand_over(std::unique_ptr<Connection> connection) noexcept;
    std::unique_ptr<Connection> take_idle(std::unique_lock<std::mutex>& lock);
    std::vector<std::unique_ptr<Connection>> take_stale();
    void refuse_all() noexcept;
    std::unique_ptr<Connection> wait_for_one(std::unique_lock<std::mutex>& lock, Deadline deadline);
    [[noreturn]] void turn_away(std::size_t PoolCounts::*counter, const std::string& cause);
    [[noreturn]] void turn_away_offline() {
        turn_away(&PoolCounts::turned_away_offline, "the database is away: " + why_away_);
    }
    bool lacks_some() const noexcept { return counts_.busy + idle_.size() < options_.connections; }
    bool is_away() const noexcept { return away_ && counts_.busy + idle_.size() == 0; }

    // These do not.
    void run();
    void close(std::unique_ptr<Connection> connection, Reason reason) noexcept;
    std::unique_ptr<Connection> open(std::string& failure);
    std::chrono::milliseconds settle(std::unique_ptr<Connection> connection, const std::string& failure);
    std::chrono::milliseconds between(std::chrono::milliseconds least, std::chrono::milliseconds most);

    const PoolOptions options_;
    const Log log_;
    LateStatements late_statements_;

    mutable std::mutex mutex_;
    std::condition_variable settled_;                ///< An attempt to connect has ended.
    std::condition_variable work_;                   ///< For the keeper: something is missing, or it is to stop.
    std::vector<std::unique_ptr<Connection>> idle_;  ///< The last one was used last.
    std::list<Waiter*> waiters_;                     ///< The first one came first.
    PoolCounts counts_;
    bool away_ = false;  ///< The last attempt to connect failed, because of
    std::string why_away_;
    bool stopping_ = false;

    // The keeper's thread alone:
    Servers servers_;
    std::chrono::milliseconds pause_;
    std::minstd_rand chance_{std::random_device{}()};
    std::thread thread_;
};

}  // namespace fcgi_worker::pq
