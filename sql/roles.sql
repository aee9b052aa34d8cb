-- The roles, for a superuser to run before the first migration. May run again at any time.
--
-- todo_owner   owns the schema and runs the migrations; nobody serves requests as it.
-- todo_worker  what the worker processes connect as; its rights come with the migrations.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'todo_owner') THEN
        CREATE ROLE todo_owner LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'todo_worker') THEN
        CREATE ROLE todo_worker LOGIN;
    END IF;
    -- A migration that gets no lock says whose transaction it waited for.
    IF NOT pg_has_role('todo_owner', 'pg_read_all_stats', 'MEMBER') THEN
        GRANT pg_read_all_stats TO todo_owner;
    END IF;
END
$$;

-- Autovacuum gives way to who has waited for so long: a migration, which waits for a short time only, has less.
GRANT SET ON PARAMETER deadlock_timeout TO todo_owner;

-- The worker's statements name one owner and use an index for any of them: a plan made once for all
-- parameters is the right one, and making it anew costs more than running it.
ALTER ROLE todo_worker SET plan_cache_mode = force_generic_plan;
-- Compiling a plan takes longer than any of these statements runs.
ALTER ROLE todo_worker SET jit = off;
-- Timestamps are read as text, and have to look the same everywhere.
ALTER ROLE todo_worker SET timezone = 'UTC';
ALTER ROLE todo_worker SET datestyle = 'ISO';
-- Each finds its rows through an index, for a handful of members. A planner that has no statistics of a new table yet
-- would read the whole of it instead, and would go on to do so, as plans are made once.
ALTER ROLE todo_worker SET enable_seqscan = off;
ALTER ROLE todo_worker SET enable_hashjoin = off;
ALTER ROLE todo_worker SET enable_mergejoin = off;
