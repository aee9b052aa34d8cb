-- What may be asked of each table that there is: a line `TABLE.KIND<tab>STATEMENT` for each kind, for pgbench. :n is a number
-- from 1 to 200. A column is named when `kept` (an array of 'TABLE.COLUMN') has it, or when a new row has to have it: what a
-- later change drops, no release names any more by then.
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset fieldsep '\t'
WITH columns AS (
    SELECT attrelid AS relation, attnum, attname AS name, quote_ident(attname) AS quoted,
           attnum = ANY (indkey) AS is_key, attnum = indkey[0] AS is_first, atttypid
      FROM pg_attribute
      JOIN pg_class ON pg_class.oid = attrelid AND relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
      JOIN pg_index ON indrelid = attrelid AND indisprimary
     WHERE attnum > 0 AND NOT attisdropped AND attgenerated = ''
       AND (relname || '.' || attname = ANY (:'kept'::text[]) OR attnotnull AND NOT atthasdef)
), tables AS (
    SELECT relation, relation::regclass::text AS "table",
           string_agg(quoted, ', ' ORDER BY attnum) AS named,
           string_agg('made.' || quoted, ', ' ORDER BY attnum) AS made,
           min(name) FILTER (WHERE is_first) AS key,
           -- A value that no row has.
           min(CASE WHEN is_first THEN CASE atttypid WHEN 'uuid'::regtype THEN 'gen_random_uuid()'
                                                     WHEN 'bytea'::regtype THEN 'sha256(uuid_send(gen_random_uuid()))'
                                                     ELSE 'gen_random_uuid()::text' END END) AS new_key,
           (array_agg(quoted ORDER BY attnum) FILTER (WHERE NOT is_key))[1] AS changed
      FROM columns
     GROUP BY relation
)
SELECT "table" || '.' || kind, statement
  FROM tables
 CROSS JOIN LATERAL (VALUES
       ('select', format('SELECT %s FROM %s WHERE %I = (SELECT %I FROM %s OFFSET :n LIMIT 1)', named, "table", key, key, "table")),
       ('insert', format('INSERT INTO %s (%s) SELECT %s FROM (SELECT old FROM %s AS old OFFSET :n LIMIT 1) AS one CROSS JOIN LATERAL '
                         'jsonb_populate_record(old, jsonb_build_object(%L, %s)) AS made', "table", named, made, "table", key, new_key)),
       ('update', format('UPDATE %s SET %s = %s WHERE ctid = (SELECT ctid FROM %s OFFSET :n LIMIT 1)', "table", changed, changed, "table")),
       ('delete', format('DELETE FROM %s WHERE %I = (SELECT %s) AND :n > 0', "table", key, new_key))) AS kinds (kind, statement)
 ORDER BY 1;
