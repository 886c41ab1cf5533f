-- Where a chunk stands in its document, as far as its reader knows. Chunks from before have nothing here until their
-- document is read again.
ALTER TABLE chunks ADD COLUMN page INTEGER;
ALTER TABLE chunks ADD COLUMN heading TEXT;
ALTER TABLE chunks ADD COLUMN anchor TEXT;
