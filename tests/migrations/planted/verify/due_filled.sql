-- Of the todos that were there before; those that this release adds meanwhile have none.
SELECT 1 / (count(due_at) > 0)::int FROM (SELECT due_at FROM todo ORDER BY owner_id, id LIMIT 1000) AS first;
