-- Waits for two seconds for whoever has the table, and all others wait behind it.
BEGIN;

SET LOCAL lock_timeout = '2s';
ALTER TABLE todo ADD COLUMN place text;

COMMIT;
