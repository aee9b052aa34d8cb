-- Locks every row until the last one is written.
BEGIN;

UPDATE todo SET notes = 'none' WHERE notes = '' AND deleted_at IS NULL;

COMMIT;
