-- Todos of all owners. The key starts with the owner: an owner's todos lie together, each request names
-- one owner, and the table can be spread over machines by that column.
BEGIN;

CREATE TABLE todo (
    owner_id   uuid           NOT NULL,
    id         uuid           NOT NULL,
    title      text           NOT NULL,
    completed  boolean        NOT NULL,
    "order"    bigint,
    notes      text           NOT NULL,
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3) NOT NULL,
    version    bigint         NOT NULL,
    deleted_at timestamptz(3),

    PRIMARY KEY (owner_id, id),
    CONSTRAINT title_length CHECK (char_length(title) <= 1024),
    CONSTRAINT notes_length CHECK (char_length(notes) <= 8192),
    CONSTRAINT order_is_exact CHECK ("order" BETWEEN -9007199254740992 AND 9007199254740992),
    CONSTRAINT version_counts_from_one CHECK (version >= 1),
    CONSTRAINT tombstone_is_empty CHECK (CASE WHEN deleted_at IS NULL THEN title <> ''
                                              ELSE title = '' AND notes = '' AND "order" IS NULL END)
) WITH (
    -- Room for a changed row beside the old one: ticking off a todo then touches no index.
    fillfactor = 90
);

COMMENT ON TABLE todo IS 'A row with deleted_at is a tombstone: the todo is gone, its id and last version are kept for 30 days.';

-- Lists, in both orders, without tombstones. A null order sorts last: it counts as the largest bigint, which
-- no order can be, so that one row comparison finds the next page.
CREATE INDEX todo_by_id ON todo (owner_id, id) WHERE deleted_at IS NULL;
CREATE INDEX todo_by_order ON todo (owner_id, COALESCE("order", 9223372036854775807), id) WHERE deleted_at IS NULL;

-- For the timer that removes them.
CREATE INDEX todo_tombstones ON todo (deleted_at) WHERE deleted_at IS NOT NULL;

COMMIT;
