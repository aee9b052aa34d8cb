-- A value of its own for each row: the whole table is written anew, and nobody reads it meanwhile.
BEGIN;

ALTER TABLE todo ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid();

COMMIT;
