-- Fills the column in steps of a thousand rows, each a transaction of its own: a row is locked for as long as one takes. They
-- are locked in the order of their key, as the worker's statements lock them. When it ends half-way it may begin again.
DO $$
DECLARE
    seen_owner uuid := '00000000-0000-0000-0000-000000000000';
    seen       uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    LOOP
        WITH step AS MATERIALIZED (
            SELECT owner_id, id
              FROM todo
             WHERE (owner_id, id) > (seen_owner, seen) AND due_at IS NULL
             ORDER BY owner_id, id
             LIMIT 1000
               FOR UPDATE
        ), filled AS (
            UPDATE todo
               SET due_at = created_at + interval '1 year'
              FROM step
             WHERE todo.owner_id = step.owner_id AND todo.id = step.id
        )
        SELECT owner_id, id INTO seen_owner, seen FROM step ORDER BY owner_id DESC, id DESC LIMIT 1;
        EXIT WHEN NOT FOUND;
        COMMIT;
    END LOOP;
END
$$;
