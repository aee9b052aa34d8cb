SELECT owner_id, id, title, completed, "order", notes, created_at, updated_at, version, deleted_at FROM todo WHERE false;

-- A missing index makes the cast fail, with its name in the message.
SELECT 'todo_pkey'::regclass, 'todo_by_id'::regclass, 'todo_by_order'::regclass, 'todo_tombstones'::regclass;

-- So does a key that does not start with the owner (division by zero).
SELECT 1 / (pg_get_indexdef('todo_pkey'::regclass, 1, false) = 'owner_id')::int;
