-- The hash of the token by which whoever asked for an erasure, or the person, gets its certificate without an account. Those of before
-- have none: an Owner gets it.
ALTER TABLE erasures ADD COLUMN token_hash BLOB;
