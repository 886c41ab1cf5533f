ALTER TABLE balances DROP COLUMN past_amount;
ALTER TABLE balances DROP COLUMN past_free_units;
ALTER TABLE balances DROP COLUMN past_units;
