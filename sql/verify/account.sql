SELECT owner_id, email, email_verified, password, created_at, blocked_at FROM account WHERE false;
SELECT email_digest, owner_id FROM sign_in WHERE false;
SELECT owner_id, id, token_digest, created_at, used_at FROM session WHERE false;
SELECT owner_id, revoked_at FROM revocation WHERE false;
SELECT 'session_age'::regclass, 'revocation_age'::regclass;
SELECT 1 / (pg_get_indexdef('session_pkey'::regclass, 1, false) = 'owner_id')::int;
SELECT 1 / (has_table_privilege('todo_worker', 'account', 'INSERT') AND
            has_column_privilege('todo_worker', 'session', 'token_digest', 'UPDATE') AND
            NOT has_column_privilege('todo_worker', 'account', 'owner_id', 'UPDATE'))::int;
