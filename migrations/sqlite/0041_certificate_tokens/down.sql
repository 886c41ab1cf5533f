-- Whoever has such a token gets nothing by it any more.
ALTER TABLE erasures DROP COLUMN token_hash;
