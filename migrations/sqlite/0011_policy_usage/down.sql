DROP INDEX usage_of_policies;
ALTER TABLE policies DROP COLUMN bytes;
ALTER TABLE policies DROP COLUMN patterns;
