-- Division by zero where a right is missing, or is there and should not be.
SELECT 1 / (has_table_privilege('todo_worker', relation, 'SELECT')
            AND has_table_privilege('todo_worker', relation, 'INSERT')
            AND has_table_privilege('todo_worker', relation, 'DELETE')
            AND NOT has_table_privilege('todo_worker', relation, 'TRUNCATE')
            AND NOT has_column_privilege('todo_worker', relation, 'owner_id', 'UPDATE'))::int
  FROM (VALUES ('todo'), ('write_key')) AS tables (relation);

SELECT 1 / has_column_privilege('todo_worker', 'todo', column_name, 'UPDATE')::int
  FROM (VALUES ('title'), ('completed'), ('order'), ('notes'), ('created_at'), ('updated_at'), ('version'), ('deleted_at'))
       AS columns (column_name);
