/// All the SQL of the application. Each statement is prepared on every connection and is one round trip.
///
/// Every one of the request path names one owner ($1), reads only rows of that owner, and finds them
/// through an index, whatever its parameters are. A write answers with exactly one row: the word that
/// says what happened, the status of the first answer where it repeats one, and the todo's columns.
/// No row at all means that a rival committed between the statement's snapshot and its locks: run it
/// once more. So does SQLSTATE 23505 of a create: the rival made the row first.
///
/// How a write is built, from top to bottom:
///   guard    holds the Idempotency-Key for this transaction; not free: a request with it is under way
///   earlier  what the key was used for before; its age is asked in a way that no index answers, or the planner
///            might look through the young keys of all owners
///   locked   the row, locked before it is judged, so that what is judged is what is written
///   verdict  one word, from all of these
///   claimed  the key, written before the todo and only if it is going to be written
///   go       the verdict once more, where nothing stands in the way of writing
#pragma once

#include <array>

#include <fcgi_worker/pq/statement.hpp>

namespace todo {

using fcgi_worker::pq::Statement;

/// $1 owner, $2 the last id seen (all zero at first), $3 completed or NULL for both, $4 page size.
/// Keyset paging: page 1000 costs what page 1 costs.
inline constexpr Statement kListById{"todo_list_by_id", R"sql(
    SELECT id, title, completed, "order", notes, created_at, updated_at, version
      FROM todo
     WHERE owner_id = $1
       AND deleted_at IS NULL
       AND id > $2
       AND ($3::boolean IS NULL OR completed = $3)
     ORDER BY id
     LIMIT $4
)sql"};

/// $1 owner, $2 the last order seen, $3 its id, $4 completed or NULL for both, $5 page size.
/// An order of NULL counts as the largest bigint, as in the index; the smallest stands before the first page.
inline constexpr Statement kListByOrder{"todo_list_by_order", R"sql(
    SELECT id, title, completed, "order", notes, created_at, updated_at, version
      FROM todo
     WHERE owner_id = $1
       AND deleted_at IS NULL
       AND (COALESCE("order", 9223372036854775807), id) > ($2::bigint, $3::uuid)
       AND ($4::boolean IS NULL OR completed = $4)
     ORDER BY COALESCE("order", 9223372036854775807), id
     LIMIT $5
)sql"};

/// $1 owner, $2 id.
inline constexpr Statement kFind{"todo_find", R"sql(
    SELECT id, title, completed, "order", notes, created_at, updated_at, version
      FROM todo
     WHERE owner_id = $1
       AND id = $2
       AND deleted_at IS NULL
)sql"};

/// $1 owner, $2 id, $3 key or NULL, $4 digest, $5 most todos of an owner,
/// $6 title, $7 completed, $8 order, $9 notes.
inline constexpr Statement kCreate{"todo_create", R"sql(
    WITH guard AS MATERIALIZED (
        SELECT pg_try_advisory_xact_lock(hashtextextended($3, hashtextextended($1::uuid::text, 0))) AS free
         WHERE $3::text IS NOT NULL
    ), earlier AS MATERIALIZED (
        SELECT digest, todo_id, status
          FROM write_key
         WHERE owner_id = $1 AND key = $3 AND created_at + interval '24 hours' > now()
    ), verdict AS MATERIALIZED (
        SELECT CASE
               WHEN EXISTS (SELECT FROM earlier) THEN 'repeat'
               WHEN EXISTS (SELECT FROM guard WHERE NOT free) THEN 'running'
               WHEN EXISTS (SELECT FROM todo WHERE owner_id = $1 AND deleted_at IS NULL OFFSET $5::bigint - 1)
               THEN 'too_many'
               ELSE 'created' END AS word
    ), claimed AS (
        INSERT INTO write_key AS kept (owner_id, key, digest, todo_id, status, created_at)
        SELECT $1, $3, $4::bytea, $2::uuid, 201, now()
          FROM verdict
         WHERE word = 'created' AND $3 IS NOT NULL
        ON CONFLICT (owner_id, key) DO UPDATE
           SET digest = excluded.digest, todo_id = excluded.todo_id,
               status = excluded.status, created_at = excluded.created_at
         WHERE kept.created_at <= now() - interval '24 hours'
        RETURNING 1
    ), created AS (
        INSERT INTO todo (owner_id, id, title, completed, "order", notes, created_at, updated_at, version)
        SELECT $1, $2, $6::text, $7::boolean, $8::bigint, $9::text, now(), now(), 1
          FROM verdict
         WHERE word = 'created' AND ($3 IS NULL OR EXISTS (SELECT FROM claimed))
        RETURNING id, title, completed, "order", notes, created_at, updated_at, version
    )
    SELECT 'created' AS word, 201 AS status, created.* FROM created
     UNION ALL
    SELECT CASE WHEN digest <> $4::bytea THEN 'key_reused' ELSE 'replayed' END, earlier.status,
           id, title, completed, "order", notes, todo.created_at, updated_at, version
      FROM earlier LEFT JOIN todo ON owner_id = $1 AND id = todo_id AND deleted_at IS NULL
     UNION ALL
    SELECT word, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
      FROM verdict
     WHERE word IN ('running', 'too_many')
)sql"};

/// $1 owner, $2 id, $3 key or NULL, $4 digest, $5 most todos of an owner,
/// $6 title, $7 completed, $8 order, $9 notes,
/// $10 tags that match or NULL for any, $11 must exist, $12 must not exist,
/// $13 version, $14 created_at, $15 updated_at as the client sent them back, each may be NULL.
///
/// Over a tombstone the todo is created again: its time of creation is later than the old one, so that
/// version and creation never repeat an entity tag. Content that is the same already is not written. A tag that matched
/// right before this very content was written is no mismatch: the web server may send a PUT twice (RFC 9110, 13.1.1).
inline constexpr Statement kReplace{"todo_replace", R"sql(
    WITH guard AS MATERIALIZED (
        SELECT pg_try_advisory_xact_lock(hashtextextended($3, hashtextextended($1::uuid::text, 0))) AS free
         WHERE $3::text IS NOT NULL
    ), earlier AS MATERIALIZED (
        SELECT digest, todo_id, status
          FROM write_key
         WHERE owner_id = $1 AND key = $3 AND created_at + interval '24 hours' > now()
    ), locked AS MATERIALIZED (
        SELECT *
          FROM todo
         WHERE owner_id = $1 AND id = $2
           AND NOT EXISTS (SELECT FROM earlier)
           AND NOT EXISTS (SELECT FROM guard WHERE NOT free)
           FOR UPDATE
    ), verdict AS MATERIALIZED (
        SELECT CASE
               WHEN EXISTS (SELECT FROM earlier) THEN 'repeat'
               WHEN EXISTS (SELECT FROM guard WHERE NOT free) THEN 'running'
               WHEN locked.id IS NULL OR deleted_at IS NOT NULL THEN CASE
                    WHEN $11 THEN 'mismatch'
                    WHEN $13::bigint IS NOT NULL OR $14::timestamptz IS NOT NULL OR $15::timestamptz IS NOT NULL
                    THEN 'read_only_absent'
                    WHEN EXISTS (SELECT FROM todo WHERE owner_id = $1 AND deleted_at IS NULL OFFSET $5::bigint - 1)
                    THEN 'too_many'
                    WHEN locked.id IS NULL THEN 'created'
                    ELSE 'revived' END
               WHEN $12 THEN 'mismatch'
               WHEN version || '-' || (extract(epoch FROM created_at) * 1000)::bigint <> ALL ($10::text[]) THEN CASE
                    WHEN (version - 1) || '-' || (extract(epoch FROM created_at) * 1000)::bigint = ANY ($10)
                     AND (title, completed, "order", notes)
                         IS NOT DISTINCT FROM ($6::text, $7::boolean, $8::bigint, $9::text)
                    THEN 'same'
                    ELSE 'mismatch' END
               WHEN version <> $13 OR created_at <> $14 OR updated_at <> $15 THEN 'read_only'
               WHEN (title, completed, "order", notes) IS NOT DISTINCT FROM ($6::text, $7::boolean, $8::bigint, $9::text)
               THEN 'same'
               ELSE 'replaced' END AS word
          FROM (VALUES (1)) AS one LEFT JOIN locked ON true
    ), claimed AS (
        INSERT INTO write_key AS kept (owner_id, key, digest, todo_id, status, created_at)
        SELECT $1, $3, $4::bytea, $2::uuid, CASE WHEN word IN ('created', 'revived') THEN 201 ELSE 200 END, now()
          FROM verdict
         WHERE word IN ('created', 'revived', 'same', 'replaced') AND $3 IS NOT NULL
        ON CONFLICT (owner_id, key) DO UPDATE
           SET digest = excluded.digest, todo_id = excluded.todo_id,
               status = excluded.status, created_at = excluded.created_at
         WHERE kept.created_at <= now() - interval '24 hours'
        RETURNING 1
    ), go AS MATERIALIZED (
        SELECT word FROM verdict WHERE $3 IS NULL OR EXISTS (SELECT FROM claimed)
    ), created AS (
        INSERT INTO todo (owner_id, id, title, completed, "order", notes, created_at, updated_at, version)
        SELECT $1, $2, $6::text, $7::boolean, $8::bigint, $9::text, now(), now(), 1
          FROM go
         WHERE word = 'created'
        RETURNING id, title, completed, "order", notes, created_at, updated_at, version
    ), revived AS (
        UPDATE todo
           SET title = $6, completed = $7, "order" = $8, notes = $9, version = 1, deleted_at = NULL,
               created_at = greatest(now(), locked.created_at + interval '1 ms'),
               updated_at = greatest(now(), locked.created_at + interval '1 ms')
          FROM locked, go
         WHERE go.word = 'revived' AND todo.owner_id = $1 AND todo.id = locked.id
        RETURNING todo.id, todo.title, todo.completed, todo."order", todo.notes,
                  todo.created_at, todo.updated_at, todo.version
    ), replaced AS (
        UPDATE todo
           SET title = $6, completed = $7, "order" = $8, notes = $9,
               version = locked.version + 1, updated_at = greatest(now(), locked.updated_at)
          FROM locked, go
         WHERE go.word = 'replaced' AND todo.owner_id = $1 AND todo.id = locked.id
        RETURNING todo.id, todo.title, todo.completed, todo."order", todo.notes,
                  todo.created_at, todo.updated_at, todo.version
    )
    SELECT 'created' AS word, 201 AS status, created.* FROM created
     UNION ALL
    SELECT 'created', 201, revived.* FROM revived
     UNION ALL
    SELECT 'replaced', 200, replaced.* FROM replaced
     UNION ALL
    SELECT CASE WHEN digest <> $4::bytea THEN 'key_reused' ELSE 'replayed' END, earlier.status,
           id, title, completed, "order", notes, todo.created_at, updated_at, version
      FROM earlier LEFT JOIN todo ON owner_id = $1 AND id = todo_id AND deleted_at IS NULL
     UNION ALL
    SELECT CASE verdict.word WHEN 'same' THEN 'replaced' ELSE verdict.word END, 200,
           id, title, completed, "order", notes, created_at, updated_at, version
      FROM verdict, locked
     WHERE verdict.word = 'read_only' OR (verdict.word = 'same' AND EXISTS (SELECT FROM go))
     UNION ALL
    SELECT CASE word WHEN 'read_only_absent' THEN 'read_only' ELSE word END, 0,
           NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
      FROM verdict
     WHERE word IN ('running', 'too_many', 'mismatch', 'read_only_absent')
)sql"};

/// $1 owner, $2 id, $3 key or NULL, $4 digest,
/// $5 title, $6 completed, $7 whether the order is set, $8 order, $9 notes; what is NULL stays as it was,
/// $10 tags that match or NULL for any,
/// $11 version, $12 created_at, $13 updated_at as the client sent them back, each may be NULL.
inline constexpr Statement kPatch{"todo_patch", R"sql(
    WITH guard AS MATERIALIZED (
        SELECT pg_try_advisory_xact_lock(hashtextextended($3, hashtextextended($1::uuid::text, 0))) AS free
         WHERE $3::text IS NOT NULL
    ), earlier AS MATERIALIZED (
        SELECT digest, todo_id, status
          FROM write_key
         WHERE owner_id = $1 AND key = $3 AND created_at + interval '24 hours' > now()
    ), locked AS MATERIALIZED (
        SELECT *
          FROM todo
         WHERE owner_id = $1 AND id = $2
           AND NOT EXISTS (SELECT FROM earlier)
           AND NOT EXISTS (SELECT FROM guard WHERE NOT free)
           FOR UPDATE
    ), verdict AS MATERIALIZED (
        SELECT CASE
               WHEN EXISTS (SELECT FROM earlier) THEN 'repeat'
               WHEN EXISTS (SELECT FROM guard WHERE NOT free) THEN 'running'
               WHEN locked.id IS NULL OR deleted_at IS NOT NULL THEN 'absent'
               WHEN version || '-' || (extract(epoch FROM created_at) * 1000)::bigint <> ALL ($10::text[])
               THEN 'mismatch'
               WHEN version <> $11::bigint OR created_at <> $12::timestamptz OR updated_at <> $13::timestamptz
               THEN 'read_only'
               WHEN title = COALESCE($5::text, title) AND completed = COALESCE($6::boolean, completed)
                AND notes = COALESCE($9::text, notes) AND (NOT $7::boolean OR "order" IS NOT DISTINCT FROM $8::bigint)
               THEN 'same'
               ELSE 'replaced' END AS word
          FROM (VALUES (1)) AS one LEFT JOIN locked ON true
    ), claimed AS (
        INSERT INTO write_key AS kept (owner_id, key, digest, todo_id, status, created_at)
        SELECT $1, $3, $4::bytea, $2::uuid, 200, now()
          FROM verdict
         WHERE word IN ('same', 'replaced') AND $3 IS NOT NULL
        ON CONFLICT (owner_id, key) DO UPDATE
           SET digest = excluded.digest, todo_id = excluded.todo_id,
               status = excluded.status, created_at = excluded.created_at
         WHERE kept.created_at <= now() - interval '24 hours'
        RETURNING 1
    ), go AS MATERIALIZED (
        SELECT word FROM verdict WHERE $3 IS NULL OR EXISTS (SELECT FROM claimed)
    ), replaced AS (
        UPDATE todo
           SET title = COALESCE($5, locked.title), completed = COALESCE($6, locked.completed),
               "order" = CASE WHEN $7 THEN $8 ELSE locked."order" END, notes = COALESCE($9, locked.notes),
               version = locked.version + 1, updated_at = greatest(now(), locked.updated_at)
          FROM locked, go
         WHERE go.word = 'replaced' AND todo.owner_id = $1 AND todo.id = locked.id
        RETURNING todo.id, todo.title, todo.completed, todo."order", todo.notes,
                  todo.created_at, todo.updated_at, todo.version
    )
    SELECT 'replaced' AS word, 200 AS status, replaced.* FROM replaced
     UNION ALL
    SELECT CASE WHEN digest <> $4::bytea THEN 'key_reused' ELSE 'replayed' END, earlier.status,
           id, title, completed, "order", notes, todo.created_at, updated_at, version
      FROM earlier LEFT JOIN todo ON owner_id = $1 AND id = todo_id AND deleted_at IS NULL
     UNION ALL
    SELECT CASE verdict.word WHEN 'same' THEN 'replaced' ELSE verdict.word END, 200,
           id, title, completed, "order", notes, created_at, updated_at, version
      FROM verdict, locked
     WHERE verdict.word = 'read_only' OR (verdict.word = 'same' AND EXISTS (SELECT FROM go))
     UNION ALL
    SELECT word, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
      FROM verdict
     WHERE word IN ('running', 'absent', 'mismatch')
)sql"};

/// $1 owner, $2 id, $3 key or NULL, $4 digest, $5 tags that match or NULL for any.
/// Leaves a tombstone. One that is there already is a success: nginx may send a DELETE twice.
inline constexpr Statement kRemove{"todo_remove", R"sql(
    WITH guard AS MATERIALIZED (
        SELECT pg_try_advisory_xact_lock(hashtextextended($3, hashtextextended($1::uuid::text, 0))) AS free
         WHERE $3::text IS NOT NULL
    ), earlier AS MATERIALIZED (
        SELECT digest, status
          FROM write_key
         WHERE owner_id = $1 AND key = $3 AND created_at + interval '24 hours' > now()
    ), locked AS MATERIALIZED (
        SELECT *
          FROM todo
         WHERE owner_id = $1 AND id = $2
           AND NOT EXISTS (SELECT FROM earlier)
           AND NOT EXISTS (SELECT FROM guard WHERE NOT free)
           FOR UPDATE
    ), verdict AS MATERIALIZED (
        SELECT CASE
               WHEN EXISTS (SELECT FROM earlier) THEN 'repeat'
               WHEN EXISTS (SELECT FROM guard WHERE NOT free) THEN 'running'
               WHEN locked.id IS NULL THEN 'absent'
               WHEN deleted_at IS NOT NULL THEN 'gone_already'
               WHEN version || '-' || (extract(epoch FROM created_at) * 1000)::bigint <> ALL ($5::text[])
               THEN 'mismatch'
               ELSE 'deleted' END AS word
          FROM (VALUES (1)) AS one LEFT JOIN locked ON true
    ), claimed AS (
        INSERT INTO write_key AS kept (owner_id, key, digest, todo_id, status, created_at)
        SELECT $1, $3, $4::bytea, $2::uuid, 204, now()
          FROM verdict
         WHERE word IN ('deleted', 'gone_already') AND $3 IS NOT NULL
        ON CONFLICT (owner_id, key) DO UPDATE
           SET digest = excluded.digest, todo_id = excluded.todo_id,
               status = excluded.status, created_at = excluded.created_at
         WHERE kept.created_at <= now() - interval '24 hours'
        RETURNING 1
    ), go AS MATERIALIZED (
        SELECT word FROM verdict WHERE $3 IS NULL OR EXISTS (SELECT FROM claimed)
    ), deleted AS (
        UPDATE todo
           SET title = '', completed = false, "order" = NULL, notes = '', version = locked.version + 1,
               updated_at = greatest(now(), locked.updated_at), deleted_at = now()
          FROM locked, go
         WHERE go.word = 'deleted' AND todo.owner_id = $1 AND todo.id = locked.id
        RETURNING 1
    )
    SELECT 'deleted' AS word, 204 AS status FROM deleted
     UNION ALL
    SELECT 'deleted', 204 FROM go WHERE word = 'gone_already'
     UNION ALL
    SELECT CASE WHEN digest <> $4::bytea THEN 'key_reused' ELSE 'replayed' END, status FROM earlier
     UNION ALL
    SELECT word, 0 FROM verdict WHERE word IN ('running', 'absent', 'mismatch')
)sql"};

/// $1 owner, $2 key or NULL, $3 digest, $4 completed or NULL for both.
/// IS TRUE keeps the planner from making a join of it, which, planned while the table was empty, would compare
/// 10,000 rows with 10,000; it hashes the ids instead. Locks in the order of the key, as everything does that locks
/// more than one row: two of them cannot deadlock.
inline constexpr Statement kRemoveAll{"todo_remove_all", R"sql(
    WITH guard AS MATERIALIZED (
        SELECT pg_try_advisory_xact_lock(hashtextextended($2, hashtextextended($1::uuid::text, 0))) AS free
         WHERE $2::text IS NOT NULL
    ), earlier AS MATERIALIZED (
        SELECT digest, status
          FROM write_key
         WHERE owner_id = $1 AND key = $2 AND created_at + interval '24 hours' > now()
    ), verdict AS MATERIALIZED (
        SELECT CASE
               WHEN EXISTS (SELECT FROM earlier) THEN 'repeat'
               WHEN EXISTS (SELECT FROM guard WHERE NOT free) THEN 'running'
               ELSE 'deleted' END AS word
    ), claimed AS (
        INSERT INTO write_key AS kept (owner_id, key, digest, todo_id, status, created_at)
        SELECT $1, $2, $3::bytea, NULL::uuid, 204, now()
          FROM verdict
         WHERE word = 'deleted' AND $2 IS NOT NULL
        ON CONFLICT (owner_id, key) DO UPDATE
           SET digest = excluded.digest, todo_id = excluded.todo_id,
               status = excluded.status, created_at = excluded.created_at
         WHERE kept.created_at <= now() - interval '24 hours'
        RETURNING 1
    ), go AS MATERIALIZED (
        SELECT word FROM verdict WHERE word = 'deleted' AND ($2 IS NULL OR EXISTS (SELECT FROM claimed))
    ), locked AS MATERIALIZED (
        SELECT id
          FROM todo
         WHERE owner_id = $1
           AND deleted_at IS NULL
           AND ($4::boolean IS NULL OR completed = $4)
           AND EXISTS (SELECT FROM go)
         ORDER BY owner_id, id
           FOR UPDATE
    ), deleted AS (
        UPDATE todo
           SET title = '', completed = false, "order" = NULL, notes = '', version = version + 1,
               updated_at = greatest(now(), updated_at), deleted_at = now()
         WHERE owner_id = $1 AND (id IN (SELECT locked.id FROM locked)) IS TRUE
        RETURNING 1
    )
    SELECT word, 204 AS status, (SELECT count(*) FROM deleted) AS deleted FROM go
     UNION ALL
    SELECT CASE WHEN digest <> $3::bytea THEN 'key_reused' ELSE 'replayed' END, status, 0 FROM earlier
     UNION ALL
    SELECT word, 0, 0 FROM verdict WHERE word = 'running'
)sql"};

/// What follows is run by a timer, over all owners, in steps of at most $1 rows; each answers with the number removed.
/// What another process is removing is passed over. A locked row keeps its place, so its ctid finds it again without
/// a join, whose plan would hang on how many rows the planner expects.
inline constexpr Statement kPurgeWriteKeys{"write_key_purge", R"sql(
    WITH removed AS (
        DELETE FROM write_key
         WHERE ctid = ANY (ARRAY (
               SELECT ctid
                 FROM write_key
                WHERE created_at <= now() - interval '24 hours'
                ORDER BY created_at
                LIMIT $1
                  FOR UPDATE SKIP LOCKED))
        RETURNING 1
    )
    SELECT count(*) FROM removed
)sql"};

inline constexpr Statement kPurgeTombstones{"todo_purge", R"sql(
    WITH removed AS (
        DELETE FROM todo
         WHERE ctid = ANY (ARRAY (
               SELECT ctid
                 FROM todo
                WHERE deleted_at <= now() - interval '30 days'
                ORDER BY deleted_at
                LIMIT $1
                  FOR UPDATE SKIP LOCKED))
        RETURNING 1
    )
    SELECT count(*) FROM removed
)sql"};

inline constexpr std::array kStatements{kListById, kListByOrder, kFind,      kCreate,         kReplace,
                                        kPatch,    kRemove,      kRemoveAll, kPurgeWriteKeys, kPurgeTombstones};

}  // namespace todo
