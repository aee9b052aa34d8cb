SELECT due_at FROM todo WHERE false;
SELECT 1 / has_column_privilege('todo_worker', 'todo', 'due_at', 'UPDATE')::int;
