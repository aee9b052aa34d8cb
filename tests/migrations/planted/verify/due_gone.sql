SELECT 1 / (count(*) = 0)::int FROM pg_attribute WHERE attrelid = 'todo'::regclass AND attname = 'due_at';
