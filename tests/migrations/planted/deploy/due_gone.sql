-- After the last release that named the column is gone. Its index goes with it; rows keep their bytes until they are written.
BEGIN;

ALTER TABLE todo DROP COLUMN due_at;

COMMIT;
