ALTER TABLE jobs DROP COLUMN documents_unchanged;
ALTER TABLE jobs DROP COLUMN documents_duplicate;
ALTER TABLE jobs DROP COLUMN documents_failed;
ALTER TABLE jobs DROP COLUMN bytes_total;
ALTER TABLE jobs DROP COLUMN bytes_done;
