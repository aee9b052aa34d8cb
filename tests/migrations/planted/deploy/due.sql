-- A column: without a value, or with one and the same for all, it is a line in the catalogue, and no row is written.
BEGIN;

ALTER TABLE todo ADD COLUMN due_at timestamptz(3);
GRANT UPDATE (due_at) ON todo TO todo_worker;

COMMIT;
