-- What the worker's statements need, and no more: it moves no row to another owner or id.
BEGIN;

GRANT USAGE ON SCHEMA public TO todo_worker;

GRANT SELECT, INSERT, DELETE ON todo, write_key TO todo_worker;
GRANT UPDATE (title, completed, "order", notes, created_at, updated_at, version, deleted_at) ON todo TO todo_worker;
GRANT UPDATE (digest, todo_id, status, created_at) ON write_key TO todo_worker;

COMMIT;
