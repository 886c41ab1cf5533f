ALTER TABLE tenants DROP COLUMN revision;
ALTER TABLE tenants DROP COLUMN second_factor_roles;
DROP TABLE recovery_codes;
ALTER TABLE accounts DROP COLUMN short_password;
ALTER TABLE accounts DROP COLUMN totp_last_step;
ALTER TABLE accounts DROP COLUMN totp_confirmed_at;
ALTER TABLE accounts DROP COLUMN totp_secret;
