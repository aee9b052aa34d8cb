/// What both loops serve, so that nothing but the loop differs.
///
///     GET /hello        a small JSON document: a fixed one, or ten todos of one owner from the database
///     GET /slow?ms=N    the fixed one after N milliseconds, 0..1000: a request that holds its thread
///
/// Threads: the handler may be called from any thread, at the same time.
/// Errors:  it throws nothing but for want of memory; a database that is away is answered 503.
#pragma once

#include <fcgi_worker/http.hpp>
#include <fcgi_worker/pq/pool.hpp>

namespace bench {

/// The one statement of the comparison; loops/table.sql makes what it reads.
inline constexpr fcgi_worker::pq::Statement kList{"bench_list", R"sql(
    SELECT id, title, completed, version
      FROM bench.todo
     WHERE owner_id = $1
     ORDER BY id
     LIMIT 10
)sql"};

/// `pool` outlives the handler; without one, /hello needs no database.
[[nodiscard]] fcgi_worker::Handler make_handler(fcgi_worker::pq::Pool* pool);

}  // namespace bench
