ALTER TABLE memberships ADD COLUMN tokens_from INTEGER NOT NULL DEFAULT 0;
UPDATE memberships SET tokens_from = unixepoch() * 1000000;
ALTER TABLE memberships DROP COLUMN generation;
ALTER TABLE accounts DROP COLUMN last_generation;
