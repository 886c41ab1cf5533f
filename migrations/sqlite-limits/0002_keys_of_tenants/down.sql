-- Those of before are gone, and these would never be asked for.
DELETE FROM taken_limits;
