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
    [[nodiscard]] long so_far() {
        const auto rows = pool_.acquire(fcgi_worker::deadline_after(kPatience)).execute(kCount, {});
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
    /// Only what requests do. By timers rows of old keys and tombstones are removed, and those are asked for who are
    /// blocked.
    static constexpr fcgi_worker::pq::Statement kCount{"count", R"sql(
        SELECT COALESCE(sum(calls), 0)::bigint
          FROM pg_stat_statements
         WHERE userid = 'todo_worker'::regrole AND query NOT LIKE '%SKIP LOCKED%'
           AND query NOT LIKE '%FROM revocation%'
    )sql"};
    fcgi_worker::pq::Pool pool_{
        {.dsn = stack::setting("ADMIN_DSN"), .statements = {kCount}, .connections = 1, .acquire_timeout = kPatience}};
};

}  // namespace api
