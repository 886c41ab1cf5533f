-- A token names the generation of its membership, so that no refusal hangs on what a clock said. Generations are counted by
-- account, so that none is given again when a membership has ended.
ALTER TABLE accounts ADD COLUMN last_generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE memberships ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE memberships DROP COLUMN tokens_from;
