-- No transaction, for CONCURRENTLY works outside of one only. Whoever it waits for, nobody waits behind it.
SET lock_timeout = '10min';

-- What a build that did not end has left, and no query uses.
DROP INDEX CONCURRENTLY IF EXISTS todo_by_due;
CREATE INDEX CONCURRENTLY todo_by_due ON todo (owner_id, due_at, id) WHERE deleted_at IS NULL;
