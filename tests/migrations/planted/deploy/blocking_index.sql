-- Nobody writes to the table until it is built.
BEGIN;

CREATE INDEX todo_words ON todo USING gin (to_tsvector('english', title));

COMMIT;
