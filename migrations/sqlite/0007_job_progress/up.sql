ALTER TABLE jobs ADD COLUMN documents_unchanged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN documents_duplicate INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN documents_failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN bytes_total INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN bytes_done INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET bytes_total = bytes;
UPDATE jobs SET bytes_done = bytes WHERE status = 'succeeded';
UPDATE jobs SET documents_failed = documents_total WHERE status = 'failed';
