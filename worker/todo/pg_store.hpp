/// Todos in PostgreSQL: each call is one execution of one prepared statement, and shares its round trip with others of
/// the same moment.
///
/// Threads: every member may be called from any thread.
/// Errors:  fcgi_worker::Unavailable and what is derived from it, as Store says; fcgi_worker::pq::SqlError and
///          std::logic_error are bugs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcgi_worker/pq/combiner.hpp>
#include <fcgi_worker/pq/pool.hpp>

#include "room.hpp"
#include "store.hpp"

namespace todo {

/// A list is read into memory by its client: this many are still quick to read and to keep.
inline constexpr std::size_t kDefaultMaxTodos = 10'000;

/// What can share a round trip, by the names that --combine has for them.
inline constexpr std::array<std::string_view, 6> kCombinable{"list", "get", "create", "replace", "patch", "delete"};

/// As many as Citus makes of a table.
inline constexpr std::size_t kMostShards = 64'000;

struct StoreOptions {
    /// 0..64,000 of each table, where these are spread over several machines: a batch has the owners of one shard. 0:
    /// they are on one server.
    std::size_t shards = 0;
    std::size_t max_todos = kDefaultMaxTodos;  ///< 1..1,000,000, of one owner.
    fcgi_worker::pq::CombinerOptions combiner = {};
    std::vector<std::string> combine{kCombinable.begin(), kCombinable.end()};  ///< The others go one by one.
};

class PgStore final : public Store {
public:
    /// `pool` has kStatements, in the form for options.shards (spread_statements.hpp), and outlives the store. An owner
    /// may have `max_todos`, and some more where several are created at the same moment (room.hpp).
    explicit PgStore(fcgi_worker::pq::Pool& pool, const StoreOptions& options = {});

    [[nodiscard]] std::vector<Todo> list(OwnerId owner, const ListQuery& query, Budget budget) override;
    [[nodiscard]] std::optional<Todo> find(OwnerId owner, TodoId id, Budget budget) override;
    WriteResult create(OwnerId owner, TodoId id, const Content& content, const std::optional<WriteKey>& key,
                       Budget budget) override;
    WriteResult replace(OwnerId owner, TodoId id, const Content& content, const Preconditions& preconditions,
                        const std::optional<WriteKey>& key, Budget budget) override;
    WriteResult patch(OwnerId owner, TodoId id, const Changes& changes, const Preconditions& preconditions,
                      const std::optional<WriteKey>& key, Budget budget) override;
    WriteResult remove(OwnerId owner, TodoId id, const Preconditions& preconditions, const std::optional<WriteKey>& key,
                       Budget budget) override;
    WriteResult remove_all(OwnerId owner, std::optional<bool> completed, const std::optional<WriteKey>& key,
                           Budget budget) override;

    /// By statement, for metrics.
    [[nodiscard]] std::vector<std::pair<std::string, fcgi_worker::pq::CombinerCounts>> counts() const;

private:
    using Combiner = fcgi_worker::pq::Combiner;
    using Member = fcgi_worker::pq::Member;

    [[nodiscard]] std::uint64_t group_of(OwnerId owner) const;
    static fcgi_worker::pq::Rows read(Combiner& combiner, const Member& member, Budget budget);
    static fcgi_worker::pq::Rows write(Combiner& combiner, const Member& member, Budget budget);
    static fcgi_worker::pq::Rows write(const std::function<fcgi_worker::pq::Rows()>& execute);
    WriteResult within_room(
        OwnerId owner, const std::function<fcgi_worker::pq::Rows(const fcgi_worker::pq::Parameter& most)>& execute);

    fcgi_worker::pq::Pool& pool_;
    std::size_t shards_;
    std::size_t max_todos_;
    Room room_;
    Combiner list_by_id_;
    Combiner list_by_order_;
    Combiner find_;
    Combiner create_;
    Combiner create_keyed_;
    Combiner replace_;
    Combiner patch_;
    Combiner remove_;
};

}  // namespace todo
