-- The release that serves names the column.
BEGIN;

ALTER TABLE todo RENAME COLUMN title TO heading;

COMMIT;
