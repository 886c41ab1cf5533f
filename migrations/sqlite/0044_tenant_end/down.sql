DROP TABLE ended_tenants;
DROP INDEX ending_tenants;
ALTER TABLE tenants DROP COLUMN is_going;
ALTER TABLE tenants DROP COLUMN ends_at;
ALTER TABLE tenants DROP COLUMN end_asked_at;
