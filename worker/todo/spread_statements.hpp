/// What is another statement where Citus has spread the tables over several machines (docs/scaling.md). Each has the
/// name, the parameters and the answer of the one that it stands for, whose contract is in statements.hpp or
/// accounts/account_statements.hpp; all others are the same there.
///
/// What is written for many requests says twice whose rows it wants: by its members, and by `= ANY` of all their
/// owners. Citus knows a shard by the second alone. As a batch has the owners of one shard, it then goes to one
/// machine.
///
/// Citus 12.1 refuses a LATERAL subquery with LIMIT over a table function, hence the lists. And what a timer removes is
/// found again by its key: a ctid is another row in each shard.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include <fcgi_worker/pq/statement.hpp>

#include "accounts/account_statements.hpp"
#include "statements.hpp"

namespace todo {

/// Writes the statement where each `owner_id = owner` also says `= ANY` of the owners, of the same table, and returns
/// how many characters that are. `to` may be null.
constexpr std::size_t write_named(std::string_view sql, char* to) {
    constexpr std::string_view kOne = "owner_id = owner";
    std::size_t count = 0;
    const auto write = [&](std::string_view text) {
        for (const char c : text) {
            if (to != nullptr) to[count] = c;
            ++count;
        }
    };
    for (std::size_t at = sql.find(kOne); at != std::string_view::npos; at = sql.find(kOne)) {
        const std::size_t word = sql.find_last_of(" (\n", at) + 1;  // with the table's name and a point, if it has one
        write(sql.substr(0, at + kOne.size()));
        write(" AND ");
        write(sql.substr(word, at - word));
        write("owner_id = ANY ($1::uuid[])");
        sql.remove_prefix(at + kOne.size());
    }
    write(sql);
    return count;
}

template <const Statement& kStatement>
struct Named {
    static constexpr auto kSql = [] {
        std::array<char, write_named(kStatement.sql, nullptr) + 1> sql{};
        write_named(kStatement.sql, sql.data());
        return sql;
    }();
    static constexpr Statement kNamed{kStatement.name, kSql.data()};
};

inline constexpr Statement kSpreadListById{kListById.name, R"sql(
    SELECT n, owner_id, id, title, completed, "order", notes, created_at, updated_at, version
      FROM (SELECT n, size, owner_id, id, title, completed, "order", notes, created_at, updated_at, version,
                   row_number() OVER (PARTITION BY owner_id, n ORDER BY id) AS place
              FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::bigint[])
                   WITH ORDINALITY AS member(owner, seen, wanted, size, n)
              JOIN todo ON owner_id = owner AND owner_id = ANY ($1::uuid[])
             WHERE deleted_at IS NULL
               AND id > seen
               AND (wanted IS NULL OR completed = wanted)) AS page
     WHERE place <= size
     ORDER BY n, place
)sql"};

inline constexpr Statement kSpreadListByOrder{kListByOrder.name, R"sql(
    SELECT n, owner_id, id, title, completed, "order", notes, created_at, updated_at, version
      FROM (SELECT n, size, owner_id, id, title, completed, "order", notes, created_at, updated_at, version,
                   row_number() OVER (PARTITION BY owner_id, n
                                      ORDER BY COALESCE("order", 9223372036854775807), id) AS place
              FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::boolean[], $5::bigint[])
                   WITH ORDINALITY AS member(owner, seen_order, seen, wanted, size, n)
              JOIN todo ON owner_id = owner AND owner_id = ANY ($1::uuid[])
             WHERE deleted_at IS NULL
               AND (COALESCE("order", 9223372036854775807), id) > (seen_order, seen)
               AND (wanted IS NULL OR completed = wanted)) AS page
     WHERE place <= size
     ORDER BY n, place
)sql"};

/// What follows looks twice at the age of a row: what was old may have been written anew meanwhile. Of two that run at
/// once, one waits for the other's rows, and finds them gone.
inline constexpr Statement kSpreadPurgeWriteKeys{kPurgeWriteKeys.name, R"sql(
    WITH old AS MATERIALIZED (
        SELECT owner_id, key
          FROM write_key
         WHERE created_at <= now() - interval '24 hours'
         ORDER BY created_at
         LIMIT $1
    ), removed AS (
        DELETE FROM write_key
         USING old
         WHERE write_key.owner_id = old.owner_id AND write_key.key = old.key
           AND created_at <= now() - interval '24 hours'
        RETURNING 1
    )
    SELECT count(*) FROM removed
)sql"};

inline constexpr Statement kSpreadPurgeTombstones{kPurgeTombstones.name, R"sql(
    WITH old AS MATERIALIZED (
        SELECT owner_id, id
          FROM todo
         WHERE deleted_at <= now() - interval '30 days'
         ORDER BY deleted_at
         LIMIT $1
    ), removed AS (
        DELETE FROM todo
         USING old
         WHERE todo.owner_id = old.owner_id AND todo.id = old.id
           AND deleted_at <= now() - interval '30 days'
        RETURNING 1
    )
    SELECT count(*) FROM removed
)sql"};

inline constexpr Statement kSpreadSessionPurge{kSessionPurge.name, R"sql(
    WITH old AS MATERIALIZED (
        SELECT owner_id, id
          FROM session
         WHERE used_at <= now() - interval '90 days'
         ORDER BY used_at
         LIMIT $1::bigint
    ), removed AS (
        DELETE FROM session
         USING old
         WHERE session.owner_id = old.owner_id AND session.id = old.id
           AND used_at <= now() - interval '90 days'
        RETURNING 1
    )
    SELECT count(*) FROM removed
)sql"};

inline constexpr Statement kSpreadOrphanPurge{kOrphanPurge.name, R"sql(
    WITH gone AS MATERIALIZED (
        SELECT owner_id
          FROM revocation
         WHERE NOT EXISTS (SELECT FROM account WHERE account.owner_id = revocation.owner_id)
    ), old AS MATERIALIZED (
        SELECT todo.owner_id, id FROM gone JOIN todo USING (owner_id) LIMIT $1::bigint
    ), todos AS (
        DELETE FROM todo
         USING old
         WHERE todo.owner_id = old.owner_id AND todo.id = old.id
        RETURNING 1
    ), keys AS (
        DELETE FROM write_key WHERE owner_id IN (SELECT owner_id FROM gone)
    )
    SELECT count(*) FROM todos
)sql"};

inline constexpr Statement kSpreadLinkPurge{kLinkPurge.name, R"sql(
    WITH old AS MATERIALIZED (
        SELECT owner_id, purpose
          FROM one_time_link
         WHERE created_at <= now() - interval '1 day'
         ORDER BY created_at
         LIMIT $1::bigint
    ), removed AS (
        DELETE FROM one_time_link
         USING old
         WHERE one_time_link.owner_id = old.owner_id AND one_time_link.purpose = old.purpose
           AND created_at <= now() - interval '1 day'
        RETURNING 1
    )
    SELECT count(*) FROM removed
)sql"};

inline constexpr Statement kSpreadRevocationPurge{kRevocationPurge.name, R"sql(
    WITH old AS MATERIALIZED (
        SELECT owner_id
          FROM revocation
         WHERE revoked_at <= now() - interval '1 day'
         ORDER BY revoked_at
         LIMIT $1::bigint
    ), removed AS (
        DELETE FROM revocation
         USING old
         WHERE revocation.owner_id = old.owner_id
           AND revoked_at <= now() - interval '1 day'
        RETURNING 1
    )
    SELECT count(*) FROM removed
)sql"};

inline constexpr std::array kSpreadStatements{
    kSpreadListById,        kSpreadListByOrder,          Named<kFind>::kNamed,
    Named<kCreate>::kNamed, Named<kCreateKeyed>::kNamed, Named<kReplace>::kNamed,
    Named<kPatch>::kNamed,  Named<kRemove>::kNamed,      kSpreadPurgeWriteKeys,
    kSpreadPurgeTombstones, kSpreadSessionPurge,         kSpreadOrphanPurge,
    kSpreadLinkPurge,       kSpreadRevocationPurge};

/// The statement as it is to be run: another one where the tables have shards, and there is one.
[[nodiscard]] constexpr Statement form_of(const Statement& statement, std::size_t shards) {
    if (shards == 0) return statement;
    for (const Statement& spread : kSpreadStatements) {
        if (std::string_view{spread.name} == statement.name) return spread;
    }
    return statement;
}

/// Adds these to what a pool prepares.
template <typename Statements>
void add_forms(std::vector<Statement>& to, const Statements& statements, std::size_t shards) {
    for (const Statement& statement : statements) to.push_back(form_of(statement, shards));
}

}  // namespace todo
