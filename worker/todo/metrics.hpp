/// What a process tells Prometheus of itself: its threads, its queue, its pool, its log.
///
/// Threads: metrics_text() may be called from any thread; it calls `sources` on that thread.
/// Errors:  what the sources throw.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcgi_worker/pq/combiner.hpp>
#include <fcgi_worker/pq/pool.hpp>
#include <fcgi_worker/server.hpp>

#include "accounts/account_counts.hpp"

namespace todo {

/// What the numbers are made of. They are asked anew for each scrape.
struct StatusSources {
    std::string version;
    std::size_t threads = 0;
    std::size_t requests_limit = 0;
    std::size_t connections = 0;
    std::function<fcgi_worker::ServerCounts()> server;
    std::function<std::optional<fcgi_worker::ListenQueue>()> queue;
    std::function<fcgi_worker::pq::PoolCounts()> pool;
    std::function<bool()> serving;  ///< Whether it takes requests: it does not while it starts.
    using Combiners = std::vector<std::pair<std::string, fcgi_worker::pq::CombinerCounts>>;
    std::function<Combiners()> combiners;          ///< By statement.
    std::function<AccountCounts()> accounts = {};  ///< Empty: nobody signs in.
    std::function<std::size_t()> log_lines_lost;
    std::function<std::string()> requests;  ///< RequestMetrics::text().
};

/// In Prometheus' text format.
[[nodiscard]] std::string metrics_text(const StatusSources& sources);

}  // namespace todo
