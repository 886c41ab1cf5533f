-- Which version of its reader read a document that was a file. What is from before has none, and is read again when it is
-- brought again.
ALTER TABLE hashes ADD COLUMN reader INTEGER;
