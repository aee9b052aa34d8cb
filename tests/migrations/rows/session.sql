INSERT INTO session (owner_id, id, token_digest, created_at, used_at)
SELECT ('01980000-0000-7000-8000-' || lpad(to_hex(owner), 12, '0'))::uuid, gen_random_uuid(),
       decode(repeat('00', 32), 'hex'), now(), now()
  FROM generate_series(0, 149999) AS owner;
