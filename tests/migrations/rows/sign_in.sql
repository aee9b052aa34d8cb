INSERT INTO sign_in (email_digest, owner_id)
SELECT sha256(convert_to('user-' || owner, 'UTF8')), ('01980000-0000-7000-8000-' || lpad(to_hex(owner), 12, '0'))::uuid
  FROM generate_series(0, 149999) AS owner;
