-- Spreads the tables over the machines of a Citus cluster. A superuser runs it once on the coordinator, on a database that
-- sqitch has migrated, while no worker serves, and again after each migration that makes a table:
--
--     psql -v ON_ERROR_STOP=1 -f sql/citus/spread.sql todo
--
-- All of it happens, or nothing: it refuses before the first change where a table would not fit, and says all that is
-- wrong. What is spread already is left as it is. With rows in the tables it locks these until each row has been copied to
-- its machine; the coordinator keeps the space until a `truncate_local_data_after_distributing_table`.
--
-- No more of it than the refusals has run yet: docs/scaling.md says what was tried on a real Citus, and what was not.
BEGIN;

-- An owner's rows of all tables lie on one machine, for the statements that touch several: they have as many shards, in
-- the same places (beside). sign_in is asked before there is an owner, and is spread by what is asked for.
CREATE TEMPORARY TABLE spread_by (name text PRIMARY KEY, key text NOT NULL, beside text NOT NULL) ON COMMIT DROP;
INSERT INTO spread_by (name, key, beside) VALUES
    ('todo', 'owner_id', 'none'),
    ('write_key', 'owner_id', 'todo'),
    ('account', 'owner_id', 'todo'),
    ('session', 'owner_id', 'todo'),
    ('revocation', 'owner_id', 'todo'),
    ('one_time_link', 'owner_id', 'todo'),
    ('sign_in', 'email_digest', 'none');

-- Of each table. A shard moves from machine to machine as a whole, so these are the most machines that can be of use, and
-- a multiple of their number shares the rows evenly. More make each batch smaller, as that has the owners of one shard.
-- What the workers have in --shards is this.
SET LOCAL citus.shard_count = 32;

DO $$
DECLARE
    complaints text;
BEGIN
    WITH known AS (
        SELECT name, key, to_regclass('public.' || quote_ident(name)) AS id FROM spread_by
    ), found (complaint) AS (
        SELECT format('table %s is not there: deploy the migrations first', name) FROM known WHERE id IS NULL
         UNION ALL
        SELECT format('table %s has no place in spread.sql', relname)
          FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
           AND relname NOT IN (SELECT name FROM known)
         UNION ALL
        SELECT format('table %s has no column %s that is never NULL', name, key)
          FROM known
         WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = id AND attname = key AND attnotnull)
           AND id IS NOT NULL
         UNION ALL
        SELECT format('table %s has no primary key', name)
          FROM known
         WHERE NOT EXISTS (SELECT FROM pg_index WHERE indrelid = id AND indisprimary)
           AND id IS NOT NULL
         UNION ALL
        SELECT format('index %s is unique, and %s is not its first column', indexrelid::regclass, key)
          FROM known JOIN pg_index ON indrelid = id
         WHERE indisunique AND pg_get_indexdef(indexrelid, 1, true) <> key
         UNION ALL
        SELECT format('constraint %s of table %s is a foreign key or an exclusion', conname, name)
          FROM known JOIN pg_constraint ON conrelid = id
         WHERE contype IN ('f', 'x')
         UNION ALL
        SELECT format('trigger %s of table %s', tgname, name)
          FROM known JOIN pg_trigger ON tgrelid = id
         WHERE NOT tgisinternal
         UNION ALL
        SELECT format('sequence %s: two machines would count apart', relname)
          FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
         UNION ALL
        SELECT 'this database has no Citus: CREATE EXTENSION citus, on all machines'
         WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')
    )
    SELECT string_agg(complaint, E'\n' ORDER BY complaint) INTO complaints FROM found;
    IF complaints IS NOT NULL THEN
        RAISE EXCEPTION E'nothing was spread:\n%', complaints;
    END IF;

    IF NOT EXISTS (SELECT FROM citus_get_active_worker_nodes()) THEN
        RAISE EXCEPTION 'nothing was spread: there is no machine to spread it over; citus_add_node() adds one';
    END IF;
    -- In this order: the shards of another number would be other ones than the workers reckon.
    SELECT string_agg(format('%s is spread by %s over %s shards', table_name, distribution_column, shard_count), E'\n')
      INTO complaints
      FROM citus_tables JOIN spread_by ON table_name = to_regclass('public.' || quote_ident(name))
     WHERE distribution_column <> key OR shard_count <> current_setting('citus.shard_count')::int;
    IF complaints IS NOT NULL THEN
        RAISE EXCEPTION E'nothing was spread:\n%', complaints;
    END IF;
END
$$;

-- Rights on single columns stay behind on the coordinator (Citus before 13.1), so the worker gets those on the table. That
-- it moves no row to another owner is then Citus's own rule: it refuses to change the column that a table is spread by.
GRANT UPDATE ON todo, write_key, account, session, revocation, one_time_link TO todo_worker;

-- Citus finds the machine by the parameters' values: a plan made once for all of them, as roles.sql wants it, ends with
-- `could not create distributed plan`. In this database alone, so that roles.sql may run again.
DO $$
BEGIN
    EXECUTE format('ALTER ROLE todo_worker IN DATABASE %I SET plan_cache_mode = auto', current_database());
END
$$;

DO $$
DECLARE
    one record;
BEGIN
    -- Those that others lie beside first.
    FOR one IN
        SELECT name, key, beside
          FROM spread_by
         WHERE NOT EXISTS (SELECT FROM citus_tables WHERE table_name = to_regclass('public.' || quote_ident(name)))
         ORDER BY beside <> 'none', name
    LOOP
        PERFORM create_distributed_table(one.name::regclass, one.key, colocate_with => one.beside);
    END LOOP;
END
$$;

COMMIT;
