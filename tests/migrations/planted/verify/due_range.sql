SELECT 1 / count(*) FROM pg_constraint WHERE conname = 'due_at_is_recent' AND conrelid = 'todo'::regclass;
