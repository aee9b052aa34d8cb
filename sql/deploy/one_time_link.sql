-- What a mail has brought to whoever reads it: that an email is theirs, or a new password.
BEGIN;

CREATE TABLE one_time_link (
    owner_id    uuid           NOT NULL,
    purpose     text           NOT NULL,
    email       text           NOT NULL,
    code_digest bytea          NOT NULL,
    created_at  timestamptz(3) NOT NULL,

    PRIMARY KEY (owner_id, purpose),
    CONSTRAINT purpose_is_known CHECK (purpose IN ('verify-email', 'reset-password')),
    CONSTRAINT digest_is_sha256 CHECK (octet_length(code_digest) = 32)
);

COMMENT ON TABLE one_time_link IS 'email: where it was sent to. It is good for nothing once the account has another one.';

-- For the timer that removes links that nobody has followed.
CREATE INDEX one_time_link_age ON one_time_link (created_at);

GRANT SELECT, INSERT, DELETE ON one_time_link TO todo_worker;
GRANT UPDATE (email, code_digest, created_at) ON one_time_link TO todo_worker;

COMMIT;
