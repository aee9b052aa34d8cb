SELECT 1 / indisvalid::int FROM pg_index WHERE indexrelid = 'todo_by_title'::regclass;
