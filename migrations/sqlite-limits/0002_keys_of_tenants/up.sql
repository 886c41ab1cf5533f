-- A key tells the tenant now. Those of before told none, and nobody will ask for them again: all limits begin whole, once.
DELETE FROM taken_limits;
