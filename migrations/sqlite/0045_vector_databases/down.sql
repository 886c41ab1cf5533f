ALTER TABLE datasets DROP COLUMN vector_credential;
ALTER TABLE datasets DROP COLUMN vector_url;
ALTER TABLE datasets DROP COLUMN vector_database;
