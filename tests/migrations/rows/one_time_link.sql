INSERT INTO one_time_link (owner_id, purpose, email, code_digest, created_at)
SELECT ('01980000-0000-7000-8000-' || lpad(to_hex(owner), 12, '0'))::uuid, 'verify-email',
       'user-' || owner || '@todo.example', decode(repeat('00', 32), 'hex'), now()
  FROM generate_series(0, 149999) AS owner;
