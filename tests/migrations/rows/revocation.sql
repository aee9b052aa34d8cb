-- Of nobody who asks in these tests, and long ago: the workers read all of the last minutes once a second.
INSERT INTO revocation (owner_id, revoked_at)
SELECT ('01990000-0000-7000-8000-' || lpad(to_hex(owner), 12, '0'))::uuid, now() - interval '1 hour'
  FROM generate_series(0, 149999) AS owner;
