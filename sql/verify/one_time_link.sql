SELECT owner_id, purpose, email, code_digest, created_at FROM one_time_link WHERE false;
SELECT 'one_time_link_age'::regclass;
SELECT 1 / (pg_get_indexdef('one_time_link_pkey'::regclass, 1, false) = 'owner_id')::int;
SELECT 1 / (has_table_privilege('todo_worker', 'one_time_link', 'INSERT') AND
            has_column_privilege('todo_worker', 'one_time_link', 'code_digest', 'UPDATE') AND
            NOT has_column_privilege('todo_worker', 'one_time_link', 'owner_id', 'UPDATE'))::int;
