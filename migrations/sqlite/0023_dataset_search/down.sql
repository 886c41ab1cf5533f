ALTER TABLE datasets DROP COLUMN encoder;
ALTER TABLE datasets DROP COLUMN search;
