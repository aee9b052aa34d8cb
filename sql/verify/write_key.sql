SELECT owner_id, key, digest, todo_id, status, created_at FROM write_key WHERE false;
SELECT 'write_key_pkey'::regclass, 'write_key_age'::regclass;
SELECT 1 / (pg_get_indexdef('write_key_pkey'::regclass, 1, false) = 'owner_id')::int;
