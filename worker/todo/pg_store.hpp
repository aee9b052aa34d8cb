/// Todos in PostgreSQL: one prepared statement, and so one round trip, for each call.
///
/// Threads: every member may be called from any thread.
/// Errors:  fcgi_worker::Unavailable and what is derived from it, as Store says; fcgi_worker::pq::SqlError is a bug.
#pragma once

#include <fcgi_worker/pq/pool.hpp>

#include "store.hpp"

namespace todo {

/// A list is read into memory by its client: this many are still quick to read and to keep.
inline constexpr std::size_t kDefaultMaxTodos = 10'000;

class PgStore final : public Store {
public:
    /// `pool` has kStatements and outlives the store. An owner may have `max_todos`, and a few more where
    /// several are created at the same moment.
    explicit PgStore(fcgi_worker::pq::Pool& pool, std::size_t max_todos = kDefaultMaxTodos);

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

private:
    fcgi_worker::pq::Rows read(const fcgi_worker::pq::Statement& statement,
                               const fcgi_worker::pq::Parameters& parameters, Budget budget);
    WriteResult write(const fcgi_worker::pq::Statement& statement, const fcgi_worker::pq::Parameters& parameters,
                      Budget budget);

    fcgi_worker::pq::Pool& pool_;
    std::size_t max_todos_;
};

}  // namespace todo
