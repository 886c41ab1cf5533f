-- How much of a balance is of transfers that are gone by their age.
ALTER TABLE balances ADD COLUMN past_units INTEGER NOT NULL DEFAULT 0 CHECK (past_units >= 0);
ALTER TABLE balances ADD COLUMN past_free_units INTEGER NOT NULL DEFAULT 0 CHECK (past_free_units >= 0);
ALTER TABLE balances ADD COLUMN past_amount INTEGER NOT NULL DEFAULT 0 CHECK (past_amount >= 0);
