ALTER TABLE tenants DROP COLUMN max_key_days;
DROP TABLE api_keys;
