-- The worker's statements call something else `tags`, and read `todo.*`: now it could be either.
BEGIN;

ALTER TABLE todo ADD COLUMN tags text[];

COMMIT;
