/// All the SQL about accounts. Each statement is prepared on every connection and is one round trip; none is shared
/// with other requests, for people sign in rarely.
///
/// Each names one owner, but for kAccountByEmail and what claims an email in sign_in, which has a key of its own, and
/// kRevokedOwners.
///
/// A password is checked by the worker, which takes long. So what depends on it names the generation of the account
/// that was checked, and does nothing where that is another one by now. What overlaps in time sees neither the other:
/// so each session has the generation that it was begun in, and is good in no later one.
#pragma once

#include <array>

#include <fcgi_worker/pq/statement.hpp>

namespace todo {

using fcgi_worker::pq::Statement;

/// $1 owner, $2 email, $3 its digest, $4 password, all three NULL for a visitor, $5 session, $6 digest of its token.
/// No row: the email is taken.
inline constexpr Statement kAccountCreate{"account_create", R"sql(
    WITH claimed AS (
        INSERT INTO sign_in (email_digest, owner_id)
        SELECT $3::bytea, $1::uuid
         WHERE $3::bytea IS NOT NULL
        ON CONFLICT (email_digest) DO NOTHING
        RETURNING owner_id
    ), go AS MATERIALIZED (
        SELECT now()::timestamptz(3) AS at
         WHERE $3::bytea IS NULL OR EXISTS (SELECT FROM claimed)
    ), signed_in AS (
        INSERT INTO session (owner_id, id, token_digest, created_at, used_at)
        SELECT $1::uuid, $5::uuid, $6::bytea, at, at FROM go
    )
    INSERT INTO account (owner_id, email, email_verified, password, created_at)
    SELECT $1::uuid, $2::text, false, $4::text, at FROM go
    RETURNING created_at
)sql"};

/// $1 digest of the email.
inline constexpr Statement kAccountByEmail{"account_by_email", R"sql(
    WITH known AS MATERIALIZED (
        SELECT owner_id FROM sign_in WHERE email_digest = $1::bytea
    )
    SELECT owner_id, email, email_verified, created_at, password, blocked_at IS NOT NULL AS blocked, generation
      FROM known JOIN account USING (owner_id)
)sql"};

/// $1 owner.
inline constexpr Statement kAccountRead{"account_read", R"sql(
    SELECT owner_id, email, email_verified, created_at, password, blocked_at IS NOT NULL AS blocked, generation
      FROM account
     WHERE owner_id = $1
)sql"};

/// $1 owner, $2 generation that was checked, $3 new email or NULL, $4 its digest, $5 digest of the email before or
/// NULL, $6 new password or NULL, $7 the session that stays. All other sessions end, and all links; the rows of these
/// stay, so that a change is no way to have another mail sent.
inline constexpr Statement kAccountChange{"account_change", R"sql(
    WITH checked AS MATERIALIZED (
        SELECT owner_id FROM account WHERE owner_id = $1 AND generation = $2::bigint FOR UPDATE
    ), claimed AS (
        INSERT INTO sign_in (email_digest, owner_id)
        SELECT $4::bytea, owner_id FROM checked WHERE $4::bytea IS DISTINCT FROM $5::bytea AND $4::bytea IS NOT NULL
        ON CONFLICT (email_digest) DO NOTHING
        RETURNING owner_id
    ), go AS MATERIALIZED (
        SELECT owner_id
          FROM checked
         WHERE $4::bytea IS NULL OR $4::bytea = $5::bytea OR EXISTS (SELECT FROM claimed)
    ), freed AS (
        DELETE FROM sign_in
         WHERE email_digest = $5::bytea AND $5::bytea <> $4::bytea AND owner_id IN (SELECT owner_id FROM go)
    ), ended AS (
        DELETE FROM session WHERE owner_id = $1 AND id <> $7::uuid AND EXISTS (SELECT FROM go)
    ), kept AS (
        UPDATE session SET generation = $2::bigint + 1 WHERE owner_id = $1 AND id = $7::uuid AND EXISTS (SELECT FROM go)
    ), forgotten AS (
        UPDATE one_time_link
           SET code_digest = decode(repeat('00', 32), 'hex')
         WHERE owner_id = $1 AND EXISTS (SELECT FROM go)
    ), changed AS (
        UPDATE account
           SET generation = generation + 1, email = COALESCE($3::text, email), password = COALESCE($6::text, password),
               email_verified = email_verified AND ($4::bytea IS NULL OR $4::bytea IS NOT DISTINCT FROM $5::bytea)
         WHERE owner_id = $1 AND EXISTS (SELECT FROM go)
        RETURNING owner_id, email, email_verified, created_at
    )
    SELECT 'changed' AS word, owner_id, email, email_verified, created_at FROM changed
     UNION ALL
    SELECT CASE WHEN EXISTS (SELECT FROM checked) THEN 'taken' ELSE 'stale' END, NULL, NULL, NULL, NULL
     WHERE NOT EXISTS (SELECT FROM go)
)sql"};

/// $1 owner, $2 generation that was checked, $3 digest of the email or NULL. Answers with 0 or 1.
/// What a request under way writes after this stays behind until kOrphanPurge, and nobody sees it.
inline constexpr Statement kAccountRemove{"account_remove", R"sql(
    WITH gone AS (
        DELETE FROM account WHERE owner_id = $1 AND generation = $2::bigint RETURNING owner_id
    ), revoked AS (
        INSERT INTO revocation (owner_id, revoked_at)
        SELECT owner_id, now() FROM gone
        ON CONFLICT (owner_id) DO UPDATE SET revoked_at = excluded.revoked_at
    ), freed AS (
        DELETE FROM sign_in WHERE email_digest = $3::bytea AND owner_id IN (SELECT owner_id FROM gone)
    ), signed_out AS (
        DELETE FROM session WHERE owner_id = $1 AND EXISTS (SELECT FROM gone)
    ), forgotten AS (
        DELETE FROM one_time_link WHERE owner_id = $1 AND EXISTS (SELECT FROM gone)
    ), keys AS (
        DELETE FROM write_key WHERE owner_id = $1 AND EXISTS (SELECT FROM gone)
    ), todos AS (
        DELETE FROM todo WHERE owner_id = $1 AND EXISTS (SELECT FROM gone)
    )
    SELECT count(*) FROM gone
)sql"};

/// $1 owner, $2 generation that was checked, $3 session, $4 digest of its token, $5 most sessions. Answers with 0 or 1.
inline constexpr Statement kSessionStart{"session_start", R"sql(
    WITH go AS MATERIALIZED (
        SELECT owner_id FROM account WHERE owner_id = $1 AND generation = $2::bigint AND blocked_at IS NULL
    ), crowded_out AS (
        DELETE FROM session
         WHERE owner_id = $1
           AND id IN (SELECT id FROM session WHERE owner_id = $1 ORDER BY used_at DESC, id OFFSET $5::bigint - 1)
           AND EXISTS (SELECT FROM go)
    ), started AS (
        INSERT INTO session (owner_id, id, token_digest, created_at, used_at, generation)
        SELECT owner_id, $3::uuid, $4::bytea, now(), now(), $2::bigint FROM go
        RETURNING 1
    )
    SELECT count(*) FROM started
)sql"};

/// $1 owner, $2 session, $3 digest of the token that came, $4 digest of the next one. Locked before it is judged: of
/// two that come at once with one token, the second finds it used. 'stolen' and 'ended' end the session. No row: there
/// is none. A generation later than the account's is that of a change at this moment, which this statement does not see
/// yet.
inline constexpr Statement kSessionRefresh{"session_refresh", R"sql(
    WITH locked AS MATERIALIZED (
        SELECT id, token_digest, used_at, generation FROM session WHERE owner_id = $1 AND id = $2::uuid FOR UPDATE
    ), verdict AS MATERIALIZED (
        SELECT id, CASE
               WHEN token_digest <> $3::bytea THEN 'stolen'
               WHEN used_at <= now() - interval '90 days' THEN 'ended'
               WHEN generation < (SELECT generation FROM account WHERE owner_id = $1) THEN 'ended'
               WHEN NOT EXISTS (SELECT FROM account WHERE owner_id = $1 AND blocked_at IS NULL) THEN 'blocked'
               ELSE 'refreshed' END AS word
          FROM locked
    ), refreshed AS (
        UPDATE session
           SET token_digest = $4::bytea, used_at = now()
          FROM verdict
         WHERE word = 'refreshed' AND session.owner_id = $1 AND session.id = verdict.id
    ), ended AS (
        DELETE FROM session
         WHERE owner_id = $1 AND id IN (SELECT id FROM verdict WHERE word IN ('stolen', 'ended'))
    )
    SELECT word FROM verdict
)sql"};

/// $1 owner, $2 the session to end, or NULL for all of them.
inline constexpr Statement kSessionEnd{"session_end", R"sql(
    DELETE FROM session WHERE owner_id = $1 AND ($2::uuid IS NULL OR id = $2::uuid)
)sql"};

/// $1 owner. Answers with 0 or 1.
inline constexpr Statement kAccountBlock{"account_block", R"sql(
    WITH blocked AS (
        UPDATE account
           SET blocked_at = least(blocked_at, now()), generation = generation + 1
         WHERE owner_id = $1
        RETURNING owner_id
    ), revoked AS (
        INSERT INTO revocation (owner_id, revoked_at)
        SELECT owner_id, now() FROM blocked
        ON CONFLICT (owner_id) DO UPDATE SET revoked_at = excluded.revoked_at
    ), signed_out AS (
        DELETE FROM session WHERE owner_id = $1 AND EXISTS (SELECT FROM blocked)
    )
    SELECT count(*) FROM blocked
)sql"};

/// $1 owner. Answers with 0 or 1. The revocation stays: tokens from before the block, which a thief may have, are good
/// no more, and those of a new sign-in are newer.
inline constexpr Statement kAccountUnblock{"account_unblock", R"sql(
    WITH unblocked AS (
        UPDATE account SET blocked_at = NULL WHERE owner_id = $1 RETURNING owner_id
    )
    SELECT count(*) FROM unblocked
)sql"};

/// $1 owner, $2 purpose, $3 the email it goes to, $4 digest of the code, $5 seconds that lie between two. No row: the
/// last one is younger, or the account is not what it was. The last one is looked at twice: where it is too young,
/// nothing is locked or written, which would tell by the time of what comes next that there is this account; of two
/// that come at once, the second sees what the first wrote.
inline constexpr Statement kLinkCreate{"link_create", R"sql(
    INSERT INTO one_time_link (owner_id, purpose, email, code_digest, created_at)
    SELECT owner_id, $2::text, email, $4::bytea, now()
      FROM account
     WHERE owner_id = $1 AND email = $3::text AND blocked_at IS NULL
       AND NOT EXISTS (SELECT FROM one_time_link
                        WHERE one_time_link.owner_id = $1 AND purpose = $2::text
                          AND one_time_link.created_at > now() - make_interval(secs => $5::bigint))
    ON CONFLICT (owner_id, purpose) DO UPDATE
       SET email = excluded.email, code_digest = excluded.code_digest, created_at = excluded.created_at
     WHERE excluded.created_at - one_time_link.created_at >= make_interval(secs => $5::bigint)
    RETURNING 1
)sql"};

/// $1 owner, $2 purpose, $3 digest of the code, $4 seconds that it is good. No row: it is not good.
inline constexpr Statement kLinkRead{"link_read", R"sql(
    SELECT blocked_at IS NOT NULL AS blocked
      FROM one_time_link JOIN account USING (owner_id, email)
     WHERE owner_id = $1 AND purpose = $2::text AND code_digest = $3::bytea
       AND one_time_link.created_at > now() - make_interval(secs => $4::bigint)
)sql"};

/// $1 owner, $2 digest of the code, $3 seconds that it is good. Of two that come at once, the second finds no link.
/// Answers with 0 or 1.
inline constexpr Statement kEmailVerify{"email_verify", R"sql(
    WITH locked AS MATERIALIZED (
        SELECT owner_id FROM account WHERE owner_id = $1 FOR UPDATE
    ), used AS (
        DELETE FROM one_time_link
         WHERE owner_id IN (SELECT owner_id FROM locked) AND purpose = 'verify-email' AND code_digest = $2::bytea
        RETURNING owner_id, email, created_at
    ), verified AS (
        UPDATE account
           SET email_verified = true
          FROM used
         WHERE account.owner_id = $1 AND account.email = used.email
           AND used.created_at > now() - make_interval(secs => $3::bigint)
        RETURNING 1
    )
    SELECT count(*) FROM verified
)sql"};

/// $1 owner, $2 digest of the code, $3 seconds that it is good, $4 password. Every session ends, and the access tokens
/// of sessions from before are refused. Answers with 0 or 1.
inline constexpr Statement kPasswordReset{"password_reset", R"sql(
    WITH locked AS MATERIALIZED (
        SELECT owner_id FROM account WHERE owner_id = $1 FOR UPDATE
    ), used AS (
        DELETE FROM one_time_link
         WHERE owner_id IN (SELECT owner_id FROM locked) AND purpose = 'reset-password' AND code_digest = $2::bytea
        RETURNING owner_id, email, created_at
    ), changed AS (
        UPDATE account
           SET password = $4::text, email_verified = true, generation = generation + 1
          FROM used
         WHERE account.owner_id = $1 AND account.email = used.email AND blocked_at IS NULL
           AND used.created_at > now() - make_interval(secs => $3::bigint)
        RETURNING account.owner_id
    ), signed_out AS (
        DELETE FROM session WHERE owner_id = $1 AND EXISTS (SELECT FROM changed)
    ), forgotten AS (
        DELETE FROM one_time_link
         WHERE owner_id = $1 AND purpose <> 'reset-password' AND EXISTS (SELECT FROM changed)
    ), revoked AS (
        INSERT INTO revocation (owner_id, revoked_at)
        SELECT owner_id, now() FROM changed
        ON CONFLICT (owner_id) DO UPDATE SET revoked_at = excluded.revoked_at
    )
    SELECT count(*) FROM changed
)sql"};

/// Of the last 20 minutes: an access token lives for 15, and machines' clocks differ. Milliseconds since 1970. First
/// those that have an account: whoever makes accounts and removes them crowds nobody out who was blocked.
inline constexpr Statement kRevokedOwners{"revoked_owners", R"sql(
    SELECT owner_id, floor(extract(epoch FROM revoked_at) * 1000)::bigint
      FROM revocation
     WHERE revoked_at > now() - interval '20 minutes'
     ORDER BY EXISTS (SELECT FROM account WHERE account.owner_id = revocation.owner_id) DESC, revoked_at DESC
     LIMIT 100000
)sql"};

/// What follows is run by an operator or a timer, over all owners, in steps.

/// $1 the last owner seen (all zero at first), $2 how many.
inline constexpr Statement kAccountList{"account_list", R"sql(
    SELECT owner_id, email, email_verified, created_at, password, blocked_at IS NOT NULL AS blocked,
           (SELECT count(*) FROM session WHERE session.owner_id = account.owner_id) AS sessions
      FROM account
     WHERE owner_id > $1::uuid
     ORDER BY owner_id
     LIMIT $2::bigint
)sql"};

/// $1 most rows. Answers with the number removed.
inline constexpr Statement kSessionPurge{"session_purge", R"sql(
    WITH removed AS (
        DELETE FROM session
         WHERE ctid = ANY (ARRAY (
               SELECT ctid
                 FROM session
                WHERE used_at <= now() - interval '90 days'
                ORDER BY used_at
                LIMIT $1::bigint
                  FOR UPDATE SKIP LOCKED))
        RETURNING 1
    )
    SELECT count(*) FROM removed
)sql"};

/// $1 the last owner looked at (all zero at first), $2 accounts to look at. Removes those without an email that nobody
/// can reach any more. Answers with the last owner looked at, or NULL where there was none, and how many were removed.
inline constexpr Statement kVisitorPurge{"visitor_purge", R"sql(
    WITH looked_at AS MATERIALIZED (
        SELECT owner_id, email, created_at FROM account WHERE owner_id > $1::uuid ORDER BY owner_id LIMIT $2::bigint
    ), gone AS (
        DELETE FROM account
         WHERE email IS NULL  -- also when it is locked: he may be signing up
           AND owner_id IN (
               SELECT owner_id
                 FROM looked_at
                WHERE email IS NULL
                  AND created_at <= now() - interval '90 days'
                  AND NOT EXISTS (SELECT FROM session
                                   WHERE session.owner_id = looked_at.owner_id
                                     AND used_at > now() - interval '90 days'))
        RETURNING owner_id
    ), revoked AS (
        INSERT INTO revocation (owner_id, revoked_at)
        SELECT owner_id, now() FROM gone
        ON CONFLICT (owner_id) DO UPDATE SET revoked_at = excluded.revoked_at
    ), signed_out AS (
        DELETE FROM session WHERE owner_id IN (SELECT owner_id FROM gone)
    ), keys AS (
        DELETE FROM write_key WHERE owner_id IN (SELECT owner_id FROM gone)
    ), todos AS (
        DELETE FROM todo WHERE owner_id IN (SELECT owner_id FROM gone)
    )
    SELECT (SELECT owner_id FROM looked_at ORDER BY owner_id DESC LIMIT 1), (SELECT count(*) FROM gone)
)sql"};

/// $1 most rows. Todos that were written while their owner was being removed. Answers with the number removed.
inline constexpr Statement kOrphanPurge{"orphan_purge", R"sql(
    WITH gone AS MATERIALIZED (
        SELECT owner_id
          FROM revocation
         WHERE NOT EXISTS (SELECT FROM account WHERE account.owner_id = revocation.owner_id)
    ), todos AS (
        DELETE FROM todo
         WHERE ctid = ANY (ARRAY (SELECT todo.ctid FROM gone JOIN todo USING (owner_id) LIMIT $1::bigint))
        RETURNING 1
    ), keys AS (
        DELETE FROM write_key WHERE owner_id IN (SELECT owner_id FROM gone)
    )
    SELECT count(*) FROM todos
)sql"};

/// $1 most rows. Links that are good no more. Answers with the number removed.
inline constexpr Statement kLinkPurge{"link_purge", R"sql(
    WITH removed AS (
        DELETE FROM one_time_link
         WHERE ctid = ANY (ARRAY (
               SELECT ctid
                 FROM one_time_link
                WHERE created_at <= now() - interval '1 day'
                ORDER BY created_at
                LIMIT $1::bigint
                  FOR UPDATE SKIP LOCKED))
        RETURNING 1
    )
    SELECT count(*) FROM removed
)sql"};

/// $1 most rows. Those of a day ago: no access token lives as long. Answers with the number removed.
inline constexpr Statement kRevocationPurge{"revocation_purge", R"sql(
    WITH removed AS (
        DELETE FROM revocation
         WHERE ctid = ANY (ARRAY (
               SELECT ctid
                 FROM revocation
                WHERE revoked_at <= now() - interval '1 day'
                ORDER BY revoked_at
                LIMIT $1::bigint
                  FOR UPDATE SKIP LOCKED))
        RETURNING 1
    )
    SELECT count(*) FROM removed
)sql"};

inline constexpr std::array kAdminStatements{kAccountList, kSessionPurge, kVisitorPurge,
                                             kOrphanPurge, kLinkPurge,    kRevocationPurge};

inline constexpr std::array kAccountStatements{kAccountCreate, kAccountByEmail, kAccountRead,    kAccountChange,
                                               kAccountRemove, kSessionStart,   kSessionRefresh, kSessionEnd,
                                               kAccountBlock,  kAccountUnblock, kRevokedOwners,  kLinkCreate,
                                               kLinkRead,      kEmailVerify,    kPasswordReset};

}  // namespace todo
