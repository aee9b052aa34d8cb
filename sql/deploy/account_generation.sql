-- What was checked of an account (its password, its email, that it is not blocked) holds for one generation of it. A
-- statement that depends on it names the generation, and a session that was begun in an earlier one has ended, also where
-- both happened at the same moment.
BEGIN;

ALTER TABLE account ADD COLUMN generation bigint NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN generation bigint NOT NULL DEFAULT 0;

COMMENT ON COLUMN account.generation IS 'Raised by each change of email or password, and by a block.';
COMMENT ON COLUMN session.generation IS 'Of the account, when whoever began the session was checked.';

GRANT UPDATE (generation) ON account, session TO todo_worker;

COMMIT;
