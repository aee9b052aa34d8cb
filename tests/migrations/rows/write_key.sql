INSERT INTO write_key (owner_id, key, digest, todo_id, status, created_at)
SELECT ('01980000-0000-7000-8000-' || lpad(to_hex(owner), 12, '0'))::uuid, 'key ' || n, decode(repeat('00', 32), 'hex'),
       gen_random_uuid(), 201, now()
  FROM generate_series(0, 29999) AS owner, generate_series(1, 5) AS n;
