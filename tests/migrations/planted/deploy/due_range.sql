-- A constraint holds for new rows at once. Those that are there are read by a change of its own, due_range_valid.
BEGIN;

ALTER TABLE todo ADD CONSTRAINT due_at_is_recent CHECK (due_at >= '2000-01-01 00:00:00Z') NOT VALID;

COMMIT;
