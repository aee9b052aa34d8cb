-- What the comparison reads, as the owner of the database: ten todos for each of 1,000 owners.
CREATE SCHEMA bench;
CREATE TABLE bench.todo (
    owner_id  uuid    NOT NULL,
    id        uuid    NOT NULL,
    title     text    NOT NULL,
    completed boolean NOT NULL,
    version   bigint  NOT NULL,
    PRIMARY KEY (owner_id, id)
);

INSERT INTO bench.todo
SELECT ('00000000-0000-7000-8000-' || lpad(owner::text, 12, '0'))::uuid,
       ('00000000-0000-7000-9000-' || lpad((owner * 10 + number)::text, 12, '0'))::uuid,
       'water the plants in room ' || number,
       number % 2 = 0,
       1
  FROM generate_series(1, 1000) AS owner, generate_series(0, 9) AS number;

-- Now, not in the middle of a round.
VACUUM ANALYZE bench.todo;

GRANT USAGE ON SCHEMA bench TO todo_worker;
GRANT SELECT ON bench.todo TO todo_worker;
