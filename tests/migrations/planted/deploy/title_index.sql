SET lock_timeout = '10min';

DROP INDEX CONCURRENTLY IF EXISTS todo_by_title;
CREATE INDEX CONCURRENTLY todo_by_title ON todo (owner_id, title, id) WHERE deleted_at IS NULL;
