/// Removes what has served its time: Idempotency-Keys after 24 hours, tombstones of todos after 30 days.
///
/// It works in rounds, each in steps of a bounded number of rows, with one connection and only while one is idle:
/// clients come first. A round that finds the pool busy or the database away is left out; the next one makes up for
/// it. Several processes may do this at once: each passes over what another is removing, or waits for it where the
/// tables are spread.
///
/// Threads: one of its own, from construction to destruction. The destructor waits for a statement that runs.
/// Errors:  none; what goes wrong in a round is logged.
#pragma once

#include <chrono>
#include <cstddef>
#include <thread>

#include <fcgi_worker/log.hpp>
#include <fcgi_worker/pq/pool.hpp>

namespace todo {

struct JanitorOptions {
    /// From one round to the next, give or take a quarter by chance, so that processes do not march in step.
    std::chrono::milliseconds interval{std::chrono::minutes{1}};
    std::chrono::milliseconds pause{100};  ///< Between two steps, so that clients' writes come in between.
    std::size_t step_rows = 1000;          ///< Some milliseconds of work, and of locks held.
    std::size_t shards = 0;                ///< As StoreOptions has it.
};

class Janitor {
public:
    /// `pool` has kStatements, in the form for options.shards, and outlives the janitor.
    Janitor(fcgi_worker::pq::Pool& pool, const JanitorOptions& options, fcgi_worker::Log log);

private:
    class Rounds;
    std::jthread thread_;
};

}  // namespace todo
