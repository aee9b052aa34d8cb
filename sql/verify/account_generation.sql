SELECT generation FROM account WHERE false;
SELECT generation FROM session WHERE false;
SELECT 1 / (has_column_privilege('todo_worker', 'account', 'generation', 'UPDATE') AND
            has_column_privilege('todo_worker', 'session', 'generation', 'UPDATE'))::int;
