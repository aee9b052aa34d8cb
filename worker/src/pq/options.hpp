/// Which PoolOptions a pool takes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string>

#include <fcgi_worker/pq/pool.hpp>

namespace fcgi_worker::pq {

inline void require(bool holds, const char* otherwise) {
    if (!holds) {
        throw std::invalid_argument{std::string{"PoolOptions: "} + otherwise};
    }
}

/// The options as they are. Throws std::invalid_argument for one out of its range.
inline PoolOptions checked(PoolOptions options) {
    using namespace std::chrono_literals;
    const auto between = [](auto least, auto value, auto most) { return least <= value && value <= most; };
    require(between(1U, options.connections, 100U), "connections must be 1..100");
    require(between(1U, options.waiters, 100'000U), "waiters must be 1..100000");
    require(between(1ms, options.acquire_timeout, 1min), "acquire_timeout must be 1 ms..1 min");
    require(between(1s, options.connect_timeout, 1min), "connect_timeout must be 1 s..1 min");
    require(between(1ms, options.statement_timeout, 10min), "statement_timeout must be 1 ms..10 min");
    require(1ms <= options.lock_timeout && options.lock_timeout < options.statement_timeout,
            "lock_timeout must be at least 1 ms and less than statement_timeout");
    require(between(1s, options.lifetime, 24h), "lifetime must be 1 s..1 day");
    require(between(1ms, options.retry_pause, options.longest_retry_pause),
            "retry_pause must be 1 ms..longest_retry_pause");
    require(options.longest_retry_pause <= 1min, "longest_retry_pause must be at most 1 min");
    for (auto one = options.statements.begin(); one != options.statements.end(); ++one) {
        require(std::none_of(options.statements.begin(), one,
                             [&](const Statement& other) { return std::strcmp(other.name, one->name) == 0; }),
                "two statements have the same name");
    }
    return options;
}

}  // namespace fcgi_worker::pq
