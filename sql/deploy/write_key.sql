-- One row for each write that came with an Idempotency-Key, made by the statement that writes.
BEGIN;

CREATE TABLE write_key (
    owner_id   uuid           NOT NULL,
    key        text           NOT NULL,
    digest     bytea          NOT NULL,
    todo_id    uuid,
    status     smallint       NOT NULL,
    created_at timestamptz(3) NOT NULL,

    PRIMARY KEY (owner_id, key),
    CONSTRAINT key_length CHECK (char_length(key) BETWEEN 1 AND 255),
    CONSTRAINT digest_is_sha256 CHECK (octet_length(digest) = 32)
);

COMMENT ON TABLE write_key IS 'Kept for 24 hours. digest: of the request; todo_id, status: of its answer. No todo_id: a delete of all.';

-- For the timer that removes them.
CREATE INDEX write_key_age ON write_key (created_at);

COMMIT;
