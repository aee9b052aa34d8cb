-- :owners owners with ten todos each. Their ids are older than any that a peer makes, so that reset.sql can tell them apart.
BEGIN;
TRUNCATE todo, write_key;
INSERT INTO todo (owner_id, id, title, completed, "order", notes, created_at, updated_at, version)
SELECT ('01980000-0000-7000-8000-' || lpad(to_hex(owner), 12, '0'))::uuid,
       ('01980000-0000-7' || lpad(to_hex(n), 3, '0') || '-8000-' || lpad(to_hex(owner), 12, '0'))::uuid,
       'water the plants in room ' || n, n % 3 = 0, CASE WHEN n % 2 = 0 THEN n * 1000 END, '',
       '2026-01-01T00:00:00Z'::timestamptz + n * interval '1 hour', '2026-01-01T00:00:00Z'::timestamptz + n * interval '1 hour', 1
  FROM generate_series(0, :owners - 1) AS owner CROSS JOIN generate_series(1, 10) AS n;
-- No part of any measurement: reset.sql does it in between.
ALTER TABLE todo SET (autovacuum_enabled = off);
COMMIT;
VACUUM (ANALYZE, FREEZE) todo;
