ALTER TABLE totals DROP COLUMN overwritten;
ALTER TABLE totals DROP COLUMN has_remains;
