-- A build that did not end leaves an index that is not valid.
SELECT 1 / indisvalid::int FROM pg_index WHERE indexrelid = 'todo_by_due'::regclass;
