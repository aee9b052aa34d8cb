/// How many statements requests take: PostgreSQL itself counts them.
///
/// Threads: one owns it.
/// Errors:  what fcgi_worker::pq::Pool throws.
#pragma once

#include <chrono>
#include <string>

#include <fcgi_worker/pq/pool.hpp>

#include "stack.hpp"

namespace api {

class StatementCount {
public:
    /// Not counted is what timers do: rows of old keys and tombstones are removed, whenever it is time; and what
    /// `more_timers` says, as SQL.
    explicit StatementCount(const std::string& more_timers = "")
        : sql_(
              "SELECT COALESCE(sum(calls), 0)::bigint FROM pg_stat_statements "
              "WHERE userid = 'todo_worker'::regrole AND query NOT LIKE '%SKIP LOCKED%'" +
              more_timers) {}

    [[nodiscard]] long so_far() {
        const auto rows = pool_.acquire(fcgi_worker::deadline_after(kPatience)).execute(count_, {});
        return std::stol(std::string{rows.at(0, 0).value()});
    }
    template <typename Requests>
    [[nodiscard]] long of(Requests requests) {
        const long before = so_far();
        requests();
        return so_far() - before;
    }

private:
    static constexpr std::chrono::milliseconds kPatience{10'000};
    const std::string sql_;
    const fcgi_worker::pq::Statement count_{"count", sql_.c_str()};
    fcgi_worker::pq::Pool pool_{
        {.dsn = stack::setting("ADMIN_DSN"), .statements = {count_}, .connections = 1, .acquire_timeout = kPatience}};
};

}  // namespace api
