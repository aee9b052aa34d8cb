/// All the SQL of the application. Each statement is prepared on every connection and is one round trip. Where the
/// tables are spread over several machines, some have another form: spread_statements.hpp.
///
/// Those of the request path but the last are written for many requests at once (fcgi_worker/pq/combiner.hpp): each
/// parameter is an array with an element for each member, and each row begins with its member's number and the owner.
/// A member names one owner, reads only rows of that owner, and finds them through an index, whatever the parameters
/// are. No two members of a batch have the same todo to write, or the same key.
///
/// A write answers each member with one row: the word that says what happened, the status of the first answer where it
/// repeats one, and the todo's columns. No row at all means that a rival committed between the statement's snapshot
/// and its locks: run it once more. So does SQLSTATE 23505: the rival made the row first.
///
/// How a write is built, from top to bottom:
///   asked    the members, and what their Idempotency-Key was used for before. The advisory lock holds the key for this
///            transaction; not free: a request with it is under way. The age of the key is asked in a way that no index
///            answers, or the planner might look through the young keys of all owners
///   locked   the todos, locked before they are judged, so that what is judged is what is written; in the order of
///            their key, as everything does that locks more than one row: two of them cannot deadlock
///   counted  the todos of owners that may have too many: once for each owner, and only when the verdict asks
///   verdict  one word for each member, from all of these
///   claimed  the keys, written before the todos and only if these are going to be written
///   go       what is written, where nothing stands in the way: what is answered is what it will be
#pragma once

#include <array>

#include <fcgi_worker/pq/statement.hpp>

namespace todo {

using fcgi_worker::pq::Statement;

/// $1 owner, $2 the last id seen (all zero at first), $3 completed or NULL for both, $4 page size.
/// Keyset paging: page 1000 costs what page 1 costs.
inline constexpr Statement kListById{"todo_list_by_id", R"sql(
    SELECT n, page.*
      FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::bigint[])
           WITH ORDINALITY AS member(owner, seen, wanted, size, n)
     CROSS JOIN LATERAL (
           SELECT owner_id, id, title, completed, "order", notes, created_at, updated_at, version
             FROM todo
            WHERE owner_id = owner
              AND deleted_at IS NULL
              AND id > seen
              AND (wanted IS NULL OR completed = wanted)
            ORDER BY id
            LIMIT size) AS page
)sql"};

/// $1 owner, $2 the last order seen, $3 its id, $4 completed or NULL for both, $5 page size.
/// An order of NULL counts as the largest bigint, as in the index; the smallest stands before the first page.
inline constexpr Statement kListByOrder{"todo_list_by_order", R"sql(
    SELECT n, page.*
      FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::boolean[], $5::bigint[])
           WITH ORDINALITY AS member(owner, seen_order, seen, wanted, size, n)
     CROSS JOIN LATERAL (
           SELECT owner_id, id, title, completed, "order", notes, created_at, updated_at, version
             FROM todo
            WHERE owner_id = owner
              AND deleted_at IS NULL
              AND (COALESCE("order", 9223372036854775807), id) > (seen_order, seen)
              AND (wanted IS NULL OR completed = wanted)
            ORDER BY COALESCE("order", 9223372036854775807), id
            LIMIT size) AS page
)sql"};

/// $1 owner, $2 id. A tombstone has no title. With deleted_at IS NULL a planner that knows nothing of the table yet
/// would take an index without tombstones, todo_by_order, and read all of the owner's entries for one id.
inline constexpr Statement kFind{"todo_find", R"sql(
    SELECT n, owner_id, todo.id, title, completed, "order", notes, created_at, updated_at, version
      FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS member(owner, id, n)
      JOIN todo ON owner_id = owner AND todo.id = member.id AND title <> ''
)sql"};

/// $1 owner, $2 id, $3 most todos of the owner, or NULL where they need not be counted, $4 title, $5 completed, $6
/// order, $7 notes. No key was given, so there is no earlier answer to look for: with what kCreateKeyed does for that,
/// a small batch costs twice as much. Behind the todo's columns: how many the owner had, where $3 is given.
inline constexpr Statement kCreate{"todo_create", R"sql(
    WITH asked AS MATERIALIZED (
        SELECT member.*, now()::timestamptz(3) AS at
          FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::boolean[], $6::bigint[], $7::text[])
               WITH ORDINALITY AS member(owner, id, most, title, completed, "order", notes, n)
    ), counted AS (
        SELECT owner AS counted_owner, owned
          FROM (SELECT DISTINCT owner FROM asked WHERE most IS NOT NULL) AS uncertain
         CROSS JOIN LATERAL (SELECT count(*) AS owned FROM todo WHERE owner_id = owner AND deleted_at IS NULL) AS there
    ), verdict AS MATERIALIZED (
        SELECT asked.*, owned, CASE WHEN owned >= most THEN 'too_many' ELSE 'created' END AS word
          FROM asked LEFT JOIN counted ON counted_owner = owner
    ), created AS (
        INSERT INTO todo (owner_id, id, title, completed, "order", notes, created_at, updated_at, version)
        SELECT owner, id, title, completed, "order", notes, at, at, 1
          FROM verdict
         WHERE word = 'created'
         ORDER BY owner, id
    )
    SELECT n, owner, word, 201 AS status, id, title, completed, "order", notes,
           at AS created_at, at AS updated_at, 1::bigint AS version, owned
      FROM verdict
)sql"};

/// $1 owner, $2 id, $3 key, $4 digest, $5 most todos of an owner, or NULL where they need not be counted, $6 title,
/// $7 completed, $8 order, $9 notes. Behind the todo's columns: how many the owner had, where $5 is given.
inline constexpr Statement kCreateKeyed{"todo_create_keyed", R"sql(
    WITH asked AS MATERIALIZED (
        SELECT member.*, earlier.todo_id AS first_id, earlier.status AS first_status, CASE
               WHEN earlier.digest <> member.digest THEN 'key_reused'
               WHEN earlier.digest = member.digest THEN 'replayed'
               WHEN NOT pg_try_advisory_xact_lock(hashtextextended(member.key, hashtextextended(owner::text, 0)))
               THEN 'running' END AS refusal
          FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::bigint[],
                      $6::text[], $7::boolean[], $8::bigint[], $9::text[])
               WITH ORDINALITY AS member(owner, id, key, digest, most, title, completed, "order", notes, n)
          LEFT JOIN write_key AS earlier
            ON earlier.owner_id = owner AND earlier.key = member.key
           AND earlier.created_at + interval '24 hours' > now()
    ), counted AS MATERIALIZED (
        SELECT owner AS counted_owner, owned
          FROM (SELECT DISTINCT owner FROM asked WHERE most IS NOT NULL) AS uncertain
         CROSS JOIN LATERAL (SELECT count(*) AS owned FROM todo WHERE owner_id = owner AND deleted_at IS NULL) AS there
    ), verdict AS MATERIALIZED (
        SELECT asked.*, CASE
               WHEN refusal IS NOT NULL THEN refusal
               WHEN most IS NOT NULL AND (SELECT owned FROM counted WHERE counted_owner = owner) >= most
               THEN 'too_many'
               ELSE 'created' END AS word
          FROM asked
    ), claimed AS (
        INSERT INTO write_key AS kept (owner_id, key, digest, todo_id, status, created_at)
        SELECT owner, key, digest, id, 201, now()
          FROM verdict
         WHERE word = 'created'
        ON CONFLICT (owner_id, key) DO UPDATE
           SET digest = excluded.digest, todo_id = excluded.todo_id,
               status = excluded.status, created_at = excluded.created_at
         WHERE excluded.created_at - kept.created_at >= interval '24 hours'
        RETURNING owner_id, key
    ), go AS MATERIALIZED (
        SELECT *, now()::timestamptz(3) AS at
          FROM verdict
         WHERE word = 'created' AND (owner, key) IN (SELECT owner_id, key FROM claimed)
    ), created AS (
        INSERT INTO todo (owner_id, id, title, completed, "order", notes, created_at, updated_at, version)
        SELECT owner, id, title, completed, "order", notes, at, at, 1
          FROM go
         ORDER BY owner, id
    )
    SELECT n, owner, word, 201 AS status, id, title, completed, "order", notes,
           at AS created_at, at AS updated_at, 1::bigint AS version, CASE WHEN most IS NOT NULL
           THEN (SELECT owned FROM counted WHERE counted_owner = owner) END AS owned
      FROM go
     UNION ALL
    SELECT n, COALESCE(owner_id, owner), word, COALESCE(first_status, 0),
           CASE WHEN deleted_at IS NULL THEN todo.id END, todo.title, todo.completed, todo."order", todo.notes,
           created_at, updated_at, version, NULL
      FROM verdict LEFT JOIN todo ON owner_id = owner AND todo.id = first_id
     WHERE word <> 'created'
)sql"};

/// $1 owner, $2 id, $3 key or NULL, $4 digest, $5 most todos of an owner, as kCreateKeyed has it,
/// $6 title, $7 completed, $8 order, $9 notes,
/// $10 tags that match, as the text of an array, or NULL for any, $11 must exist, $12 must not exist,
/// $13 version, $14 created_at, $15 updated_at as the client sent them back, each may be NULL.
///
/// Over a tombstone the todo is created again: its time of creation is later than the old one, so that
/// version and creation never repeat an entity tag. Content that is the same already is not written. A tag that matched
/// right before this very content was written is no mismatch: the web server may send a PUT twice (RFC 9110, 13.1.1).
inline constexpr Statement kReplace{"todo_replace", R"sql(
    WITH asked AS MATERIALIZED (
        SELECT member.*, earlier.todo_id AS first_id, earlier.status AS first_status, CASE
               WHEN earlier.digest <> member.digest THEN 'key_reused'
               WHEN earlier.digest = member.digest THEN 'replayed'
               WHEN NOT pg_try_advisory_xact_lock(hashtextextended(member.key, hashtextextended(owner::text, 0)))
               THEN 'running' END AS refusal
          FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::bigint[],
                      $6::text[], $7::boolean[], $8::bigint[], $9::text[], $10::text[],
                      $11::boolean[], $12::boolean[], $13::bigint[], $14::timestamptz[], $15::timestamptz[])
               WITH ORDINALITY AS member(owner, id, key, digest, most, new_title, new_completed, new_order, new_notes,
                                         tags, must_exist, must_be_new, sent_version, sent_created, sent_updated, n)
          LEFT JOIN write_key AS earlier
            ON earlier.owner_id = owner AND earlier.key = member.key
           AND earlier.created_at + interval '24 hours' > now()
    ), locked AS MATERIALIZED (
        SELECT n, todo.id, title, completed, "order", notes, created_at, updated_at, version, deleted_at
          FROM asked JOIN todo ON owner_id = owner AND todo.id = asked.id
         WHERE refusal IS NULL
         ORDER BY owner_id, todo.id
           FOR UPDATE OF todo
    ), counted AS MATERIALIZED (
        SELECT owner AS counted_owner, owned
          FROM (SELECT DISTINCT owner FROM asked WHERE most IS NOT NULL) AS uncertain
         CROSS JOIN LATERAL (SELECT count(*) AS owned FROM todo WHERE owner_id = owner AND deleted_at IS NULL) AS there
    ), verdict AS MATERIALIZED (
        SELECT asked.*, locked.id IS NULL AS is_new, lives,
               title, completed, "order", notes, created_at, updated_at, version, CASE
               WHEN refusal IS NOT NULL THEN refusal
               WHEN NOT lives THEN CASE
                    WHEN must_exist THEN 'mismatch'
                    WHEN num_nonnulls(sent_version, sent_created, sent_updated) > 0 THEN 'read_only'
                    WHEN most IS NOT NULL AND (SELECT owned FROM counted WHERE counted_owner = owner) >= most
                    THEN 'too_many'
                    ELSE 'created' END
               WHEN must_be_new THEN 'mismatch'
               WHEN version || tag_end <> ALL (tags::text[]) THEN CASE
                    WHEN version - 1 || tag_end = ANY (tags::text[]) AND is_same THEN 'same'
                    ELSE 'mismatch' END
               WHEN version <> sent_version OR created_at <> sent_created OR updated_at <> sent_updated
               THEN 'read_only'
               WHEN is_same THEN 'same'
               ELSE 'replaced' END AS word
          FROM asked LEFT JOIN locked USING (n)
         CROSS JOIN LATERAL (
               SELECT locked.id IS NOT NULL AND deleted_at IS NULL AS lives,
                      '-' || (extract(epoch FROM created_at) * 1000)::bigint AS tag_end,
                      (title, completed, "order", notes)
                      IS NOT DISTINCT FROM (new_title, new_completed, new_order, new_notes) AS is_same) AS now_there
    ), claimed AS (
        INSERT INTO write_key AS kept (owner_id, key, digest, todo_id, status, created_at)
        SELECT owner, key, digest, id, CASE word WHEN 'created' THEN 201 ELSE 200 END, now()
          FROM verdict
         WHERE word IN ('created', 'same', 'replaced') AND key IS NOT NULL
        ON CONFLICT (owner_id, key) DO UPDATE
           SET digest = excluded.digest, todo_id = excluded.todo_id,
               status = excluded.status, created_at = excluded.created_at
         WHERE excluded.created_at - kept.created_at >= interval '24 hours'
        RETURNING owner_id, key
    ), go AS MATERIALIZED (
        SELECT n, owner, id, word, is_new, most, new_title AS title, new_completed AS completed, new_order AS "order",
               new_notes AS notes,
               CASE word WHEN 'created' THEN born ELSE created_at END AS created_at,
               CASE word WHEN 'created' THEN born
                         WHEN 'replaced' THEN greatest(now()::timestamptz(3), updated_at)
                         ELSE updated_at END AS updated_at,
               CASE word WHEN 'created' THEN 1 WHEN 'replaced' THEN version + 1 ELSE version END AS version
          FROM verdict
         CROSS JOIN LATERAL (
               SELECT greatest(now(), created_at + interval '1 ms')::timestamptz(3) AS born) AS birth
         WHERE word IN ('created', 'same', 'replaced')
           AND (key IS NULL OR (owner, key) IN (SELECT owner_id, key FROM claimed))
    ), created AS (
        INSERT INTO todo (owner_id, id, title, completed, "order", notes, created_at, updated_at, version)
        SELECT owner, id, title, completed, "order", notes, created_at, updated_at, version
          FROM go
         WHERE is_new
         ORDER BY owner, id
    ), replaced AS (
        UPDATE todo
           SET title = go.title, completed = go.completed, "order" = go."order", notes = go.notes,
               created_at = go.created_at, updated_at = go.updated_at, version = go.version, deleted_at = NULL
          FROM go
         WHERE NOT is_new AND word <> 'same' AND todo.owner_id = owner AND todo.id = go.id
    )
    SELECT n, owner, CASE word WHEN 'same' THEN 'replaced' ELSE word END AS word,
           CASE word WHEN 'created' THEN 201 ELSE 200 END AS status,
           id, title, completed, "order", notes, created_at, updated_at, version,
           CASE WHEN word = 'created' AND most IS NOT NULL
           THEN (SELECT owned FROM counted WHERE counted_owner = owner) END AS owned
      FROM go
     UNION ALL
    SELECT n, owner, word, 0, CASE WHEN lives THEN id END,
           title, completed, "order", notes, created_at, updated_at, version, NULL
      FROM verdict
     WHERE word = 'read_only'
     UNION ALL
    SELECT n, COALESCE(owner_id, owner), word, COALESCE(first_status, 0),
           CASE WHEN deleted_at IS NULL THEN todo.id END, todo.title, todo.completed, todo."order", todo.notes,
           todo.created_at, todo.updated_at, todo.version, NULL
      FROM verdict LEFT JOIN todo ON owner_id = owner AND todo.id = first_id
     WHERE word IN ('key_reused', 'replayed', 'running', 'mismatch', 'too_many')
)sql"};

/// $1 owner, $2 id, $3 key or NULL, $4 digest,
/// $5 title, $6 completed, $7 whether the order is set, $8 order, $9 notes; what is NULL stays as it was,
/// $10 tags that match, as the text of an array, or NULL for any,
/// $11 version, $12 created_at, $13 updated_at as the client sent them back, each may be NULL.
/// Where a rival has just created the todo again, PostgreSQL checks the constraints with the tombstone that this saw at
/// first: hence deleted_at.
inline constexpr Statement kPatch{"todo_patch", R"sql(
    WITH asked AS MATERIALIZED (
        SELECT member.*, earlier.todo_id AS first_id, earlier.status AS first_status, CASE
               WHEN earlier.digest <> member.digest THEN 'key_reused'
               WHEN earlier.digest = member.digest THEN 'replayed'
               WHEN NOT pg_try_advisory_xact_lock(hashtextextended(member.key, hashtextextended(owner::text, 0)))
               THEN 'running' END AS refusal
          FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[],
                      $5::text[], $6::boolean[], $7::boolean[], $8::bigint[], $9::text[], $10::text[],
                      $11::bigint[], $12::timestamptz[], $13::timestamptz[])
               WITH ORDINALITY AS member(owner, id, key, digest, new_title, new_completed, sets_order, new_order,
                                         new_notes, tags, sent_version, sent_created, sent_updated, n)
          LEFT JOIN write_key AS earlier
            ON earlier.owner_id = owner AND earlier.key = member.key
           AND earlier.created_at + interval '24 hours' > now()
    ), locked AS MATERIALIZED (
        SELECT n, todo.id, title, completed, "order", notes, created_at, updated_at, version, deleted_at
          FROM asked JOIN todo ON owner_id = owner AND todo.id = asked.id
         WHERE refusal IS NULL
         ORDER BY owner_id, todo.id
           FOR UPDATE OF todo
    ), verdict AS MATERIALIZED (
        SELECT asked.*, title, completed, "order", notes, created_at, updated_at, version, CASE
               WHEN refusal IS NOT NULL THEN refusal
               WHEN locked.id IS NULL OR deleted_at IS NOT NULL THEN 'absent'
               WHEN version || '-' || (extract(epoch FROM created_at) * 1000)::bigint <> ALL (tags::text[])
               THEN 'mismatch'
               WHEN version <> sent_version OR created_at <> sent_created OR updated_at <> sent_updated
               THEN 'read_only'
               WHEN title = COALESCE(new_title, title) AND completed = COALESCE(new_completed, completed)
                AND notes = COALESCE(new_notes, notes) AND (NOT sets_order OR "order" IS NOT DISTINCT FROM new_order)
               THEN 'same'
               ELSE 'replaced' END AS word
          FROM asked LEFT JOIN locked USING (n)
    ), claimed AS (
        INSERT INTO write_key AS kept (owner_id, key, digest, todo_id, status, created_at)
        SELECT owner, key, digest, id, 200, now()
          FROM verdict
         WHERE word IN ('same', 'replaced') AND key IS NOT NULL
        ON CONFLICT (owner_id, key) DO UPDATE
           SET digest = excluded.digest, todo_id = excluded.todo_id,
               status = excluded.status, created_at = excluded.created_at
         WHERE excluded.created_at - kept.created_at >= interval '24 hours'
        RETURNING owner_id, key
    ), go AS MATERIALIZED (
        SELECT n, owner, id, word, COALESCE(new_title, title) AS title, COALESCE(new_completed, completed) AS completed,
               CASE WHEN sets_order THEN new_order ELSE "order" END AS "order", COALESCE(new_notes, notes) AS notes,
               created_at,
               CASE word WHEN 'same' THEN updated_at ELSE greatest(now()::timestamptz(3), updated_at) END AS updated_at,
               CASE word WHEN 'same' THEN version ELSE version + 1 END AS version
          FROM verdict
         WHERE word IN ('same', 'replaced')
           AND (key IS NULL OR (owner, key) IN (SELECT owner_id, key FROM claimed))
    ), replaced AS (
        UPDATE todo
           SET title = go.title, completed = go.completed, "order" = go."order", notes = go.notes,
               updated_at = go.updated_at, version = go.version, deleted_at = NULL
          FROM go
         WHERE word <> 'same' AND todo.owner_id = owner AND todo.id = go.id
    )
    SELECT n, owner, 'replaced' AS word, 200 AS status,
           id, title, completed, "order", notes, created_at, updated_at, version
      FROM go
     UNION ALL
    SELECT n, owner, word, 0, id, title, completed, "order", notes, created_at, updated_at, version
      FROM verdict
     WHERE word = 'read_only'
     UNION ALL
    SELECT n, COALESCE(owner_id, owner), word, COALESCE(first_status, 0),
           CASE WHEN deleted_at IS NULL THEN todo.id END, todo.title, todo.completed, todo."order", todo.notes,
           todo.created_at, todo.updated_at, todo.version
      FROM verdict LEFT JOIN todo ON owner_id = owner AND todo.id = first_id
     WHERE word IN ('key_reused', 'replayed', 'running', 'absent', 'mismatch')
)sql"};

/// $1 owner, $2 id, $3 key or NULL, $4 digest, $5 tags that match, as the text of an array, or NULL for any.
/// Leaves a tombstone. One that is there already is a success: nginx may send a DELETE twice.
inline constexpr Statement kRemove{"todo_remove", R"sql(
    WITH asked AS MATERIALIZED (
        SELECT member.*, earlier.status AS first_status, CASE
               WHEN earlier.digest <> member.digest THEN 'key_reused'
               WHEN earlier.digest = member.digest THEN 'replayed'
               WHEN NOT pg_try_advisory_xact_lock(hashtextextended(member.key, hashtextextended(owner::text, 0)))
               THEN 'running' END AS refusal
          FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[])
               WITH ORDINALITY AS member(owner, id, key, digest, tags, n)
          LEFT JOIN write_key AS earlier
            ON earlier.owner_id = owner AND earlier.key = member.key
           AND earlier.created_at + interval '24 hours' > now()
    ), locked AS MATERIALIZED (
        SELECT n, todo.id, created_at, version, deleted_at
          FROM asked JOIN todo ON owner_id = owner AND todo.id = asked.id
         WHERE refusal IS NULL
         ORDER BY owner_id, todo.id
           FOR UPDATE OF todo
    ), verdict AS MATERIALIZED (
        SELECT asked.*, CASE
               WHEN refusal IS NOT NULL THEN refusal
               WHEN locked.id IS NULL THEN 'absent'
               WHEN deleted_at IS NOT NULL THEN 'gone_already'
               WHEN version || '-' || (extract(epoch FROM created_at) * 1000)::bigint <> ALL (tags::text[])
               THEN 'mismatch'
               ELSE 'deleted' END AS word
          FROM asked LEFT JOIN locked USING (n)
    ), claimed AS (
        INSERT INTO write_key AS kept (owner_id, key, digest, todo_id, status, created_at)
        SELECT owner, key, digest, id, 204, now()
          FROM verdict
         WHERE word IN ('deleted', 'gone_already') AND key IS NOT NULL
        ON CONFLICT (owner_id, key) DO UPDATE
           SET digest = excluded.digest, todo_id = excluded.todo_id,
               status = excluded.status, created_at = excluded.created_at
         WHERE excluded.created_at - kept.created_at >= interval '24 hours'
        RETURNING owner_id, key
    ), go AS MATERIALIZED (
        SELECT n, owner, id, word
          FROM verdict
         WHERE word IN ('deleted', 'gone_already')
           AND (key IS NULL OR (owner, key) IN (SELECT owner_id, key FROM claimed))
    ), deleted AS (
        UPDATE todo
           SET title = '', completed = false, "order" = NULL, notes = '', version = version + 1,
               updated_at = greatest(now(), updated_at), deleted_at = now()
          FROM go
         WHERE word = 'deleted' AND todo.owner_id = owner AND todo.id = go.id
    )
    SELECT n, owner, 'deleted' AS word, 204 AS status FROM go
     UNION ALL
    SELECT n, owner, word, COALESCE(first_status, 0)
      FROM verdict
     WHERE word NOT IN ('deleted', 'gone_already')
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
         WHERE excluded.created_at - kept.created_at >= interval '24 hours'
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

inline constexpr std::array kStatements{kListById, kListByOrder, kFind,      kCreate,         kCreateKeyed,    kReplace,
                                        kPatch,    kRemove,      kRemoveAll, kPurgeWriteKeys, kPurgeTombstones};

}  // namespace todo
