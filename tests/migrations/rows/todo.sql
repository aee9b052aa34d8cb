-- Ten of each of 30,000 owners, as bench/load/todo_requests.cpp expects them.
INSERT INTO todo (owner_id, id, title, completed, "order", notes, created_at, updated_at, version)
SELECT ('01980000-0000-7000-8000-' || lpad(to_hex(owner), 12, '0'))::uuid,
       ('01980000-0000-7' || lpad(to_hex(n), 3, '0') || '-8000-' || lpad(to_hex(owner), 12, '0'))::uuid,
       'user ' || owner || ': water the plants in room ' || n, n % 3 = 0, CASE WHEN n % 2 = 0 THEN n * 1000 END, '',
       '2026-01-01 00:00:00Z', '2026-01-01 00:00:00Z', 1
  FROM generate_series(0, 29999) AS owner, generate_series(1, 10) AS n;
