-- Who may sign in, and where they are signed in. Each table's key starts with the owner, but for sign_in: whoever
-- signs in names no owner yet. That one is spread by its own key.
BEGIN;

CREATE TABLE account (
    owner_id       uuid           NOT NULL PRIMARY KEY,
    email          text,
    email_verified boolean        NOT NULL,
    password       text,
    created_at     timestamptz(3) NOT NULL,
    blocked_at     timestamptz(3),

    CONSTRAINT email_length CHECK (octet_length(email) <= 254),
    CONSTRAINT password_is_hashed CHECK (password LIKE '$argon2id$%'),
    CONSTRAINT anonymous_has_neither CHECK ((email IS NULL) = (password IS NULL)),
    CONSTRAINT anonymous_has_verified_nothing CHECK (email IS NOT NULL OR NOT email_verified)
);

COMMENT ON TABLE account IS 'Without an email: of a visitor who has not signed up. password: argon2id, in its own text form.';

CREATE TABLE sign_in (
    email_digest bytea NOT NULL PRIMARY KEY,
    owner_id     uuid  NOT NULL,

    CONSTRAINT digest_is_sha256 CHECK (octet_length(email_digest) = 32)
);

COMMENT ON TABLE sign_in IS 'From an email, in lower case and hashed, to its account. Each is here at most once.';

CREATE TABLE session (
    owner_id     uuid           NOT NULL,
    id           uuid           NOT NULL,
    token_digest bytea          NOT NULL,
    created_at   timestamptz(3) NOT NULL,
    used_at      timestamptz(3) NOT NULL,

    PRIMARY KEY (owner_id, id),
    CONSTRAINT digest_is_sha256 CHECK (octet_length(token_digest) = 32)
);

COMMENT ON TABLE session IS 'token_digest: of the refresh token that counts. Another one of the same session was used before: it is stolen.';

-- For the timer that removes sessions that nobody uses any more.
CREATE INDEX session_age ON session (used_at);

CREATE TABLE revocation (
    owner_id   uuid           NOT NULL PRIMARY KEY,
    revoked_at timestamptz(3) NOT NULL
);

COMMENT ON TABLE revocation IS 'Owners whose access tokens of that time or before are refused: blocked or deleted. Of use for as long as such a token lives.';

-- The workers ask every second for the young ones.
CREATE INDEX revocation_age ON revocation (revoked_at);

GRANT SELECT, INSERT, DELETE ON account, sign_in, session, revocation TO todo_worker;
GRANT UPDATE (email, email_verified, password, blocked_at) ON account TO todo_worker;
GRANT UPDATE (token_digest, used_at) ON session TO todo_worker;
GRANT UPDATE (revoked_at) ON revocation TO todo_worker;

COMMIT;
