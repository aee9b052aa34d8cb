CREATE SEQUENCE link_id;
CREATE TABLE link (
    id   bigint PRIMARY KEY,  -- from link_id; its code is this number in base 62
    url  text NOT NULL,
    hits bigint NOT NULL DEFAULT 0
);
