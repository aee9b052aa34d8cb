/// The connections to standbys, and how far those are behind.
///
/// A standby may answer once it has replayed as much of the write-ahead log as the primary had written, longest_lag ago
/// or later. A thread asks the primary; who has a statement asks the standby first, where its connection has not been
/// asked for a while, so that each connection is known to be good whatever stands behind its server's name.
///
/// Threads: one of its own; every member may be called from any thread.
/// Errors:  each function names what it throws. What is not named is not thrown.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include <fcgi_worker/deadline.hpp>
#include <fcgi_worker/log.hpp>
#include <fcgi_worker/pq/pool.hpp>
#include <fcgi_worker/pq/statement.hpp>

#include "pq/connection.hpp"
#include "pq/keeper.hpp"

namespace fcgi_worker::pq {

class Standbys {
public:
    /// What the primary is asked; the pool has it among its statements.
    static const Statement kWritten;

    /// The options have been checked. `pool` outlives the standbys; its connections to the primary are there.
    Standbys(Pool& pool, const PoolOptions& options, Log log);
    ~Standbys();
    Standbys(const Standbys&) = delete;
    Standbys& operator=(const Standbys&) = delete;

    /// Null where none is idle.
    std::unique_ptr<Connection> take();
    void give_back(std::unique_ptr<Connection> connection) noexcept { keeper_.give_back(std::move(connection)); }

    /// None where the primary has to be asked. Throws TooSlow, SqlError, std::invalid_argument.
    std::optional<Rows> execute(Connection& connection, const Statement& statement, const Parameters& parameters,
                                Budget budget);

    void add_to(PoolCounts& counts) const;

private:
    /// Where the primary's log ended, if it is known; what was committed by `asked` lies before.
    struct Written {
        Parameter position;
        Clock::time_point asked;
    };

    bool is_current(Connection& connection, Deadline deadline);
    [[nodiscard]] Written last_written() const;
    void run();
    void ask_primary();

    Pool& pool_;
    const std::chrono::milliseconds longest_lag_;
    const std::chrono::milliseconds look_;  ///< How often a server is asked.
    Keeper keeper_;

    std::atomic<std::size_t> answered_ = 0;
    std::atomic<std::size_t> passed_on_busy_ = 0;
    std::atomic<std::size_t> passed_on_behind_ = 0;
    std::atomic<std::size_t> passed_on_failed_ = 0;

    mutable std::mutex mutex_;
    std::condition_variable stop_;
    bool stopping_ = false;
    Written written_;
    std::thread thread_;
};

}  // namespace fcgi_worker::pq
