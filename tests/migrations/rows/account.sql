INSERT INTO account (owner_id, email_verified, created_at)
SELECT ('01980000-0000-7000-8000-' || lpad(to_hex(owner), 12, '0'))::uuid, false, now()
  FROM generate_series(0, 149999) AS owner;
