/// Which PoolOptions a pool takes, and which CombinerOptions a combiner.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include <fcgi_worker/pq/combiner.hpp>
#include <fcgi_worker/pq/pool.hpp>

namespace fcgi_worker::pq {

/// Throws std::invalid_argument where it does not hold.
inline void require(bool holds, const char* otherwise) {
    if (!holds) {
        throw std::invalid_argument{otherwise};
    }
}

inline bool between(auto least, auto value, auto most) { return least <= value && value <= most; }

/// The options as they are. Throws std::invalid_argument for one out of its range.
inline PoolOptions checked(PoolOptions options) {
    using namespace std::chrono_literals;
    require(between(1U, options.connections, 100U), "PoolOptions: connections must be 1..100");
    require(between(1U, options.waiters, 100'000U), "PoolOptions: waiters must be 1..100000");
    require(between(1ms, options.acquire_timeout, 1min), "PoolOptions: acquire_timeout must be 1 ms..1 min");
    require(between(1s, options.connect_timeout, 1min), "PoolOptions: connect_timeout must be 1 s..1 min");
    require(between(1ms, options.statement_timeout, 10min), "PoolOptions: statement_timeout must be 1 ms..10 min");
    require(1ms <= options.lock_timeout && options.lock_timeout < options.statement_timeout,
            "PoolOptions: lock_timeout must be at least 1 ms and less than statement_timeout");
    require(between(1s, options.lifetime, 24h), "PoolOptions: lifetime must be 1 s..1 day");
    require(options.uses <= 1'000'000U, "PoolOptions: uses must be 0..1000000");
    require(between(1ms, options.retry_pause, options.longest_retry_pause),
            "PoolOptions: retry_pause must be 1 ms..longest_retry_pause");
    require(options.longest_retry_pause <= 1min, "PoolOptions: longest_retry_pause must be at most 1 min");
    require(options.standbys.connections <= 100U, "StandbyOptions: connections must be 0..100");
    require(between(1s, options.standbys.longest_lag, 1h), "StandbyOptions: longest_lag must be 1 s..1 h");
    for (auto one = options.statements.begin(); one != options.statements.end(); ++one) {
        require(std::none_of(options.statements.begin(), one,
                             [&](const Statement& other) { return std::strcmp(other.name, one->name) == 0; }),
                "PoolOptions: two statements have the same name");
    }
    return options;
}

inline CombinerOptions checked(CombinerOptions options) {
    using namespace std::chrono_literals;
    require(between(1U, options.batch_size, 1000U), "CombinerOptions: batch_size must be 1..1000");
    require(between(1U, options.batches_in_flight, 100U), "CombinerOptions: batches_in_flight must be 1..100");
    require(between(0ms, options.batch_interval, 1s), "CombinerOptions: batch_interval must be 0..1 s");
    require(options.batch_weight >= 1, "CombinerOptions: batch_weight must be at least 1");
    require(between(1U, options.waiters, 100'000U), "CombinerOptions: waiters must be 1..100000");
    require(between(1ms, options.wait_timeout, 1min), "CombinerOptions: wait_timeout must be 1 ms..1 min");
    return options;
}

}  // namespace fcgi_worker::pq
