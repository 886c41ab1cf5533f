-- The second factor of an account: the secret of its authenticator app, sealed; since when it is asked for; and the last step
-- of which a code was used.
ALTER TABLE accounts ADD COLUMN totp_secret BLOB;
ALTER TABLE accounts ADD COLUMN totp_confirmed_at INTEGER;
ALTER TABLE accounts ADD COLUMN totp_last_step INTEGER NOT NULL DEFAULT 0;
-- Whether the password is too short to be the only factor.
ALTER TABLE accounts ADD COLUMN short_password INTEGER NOT NULL DEFAULT 0;

-- What stands in for an app that was lost: each once, and kept by its hash.
CREATE TABLE recovery_codes (
    tenant_id  BLOB NOT NULL,
    account_id BLOB NOT NULL,
    code_hash  BLOB NOT NULL,
    PRIMARY KEY (tenant_id, account_id, code_hash),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The roles whose members need a second factor, parted by commas.
ALTER TABLE tenants ADD COLUMN second_factor_roles TEXT NOT NULL DEFAULT '';
ALTER TABLE tenants ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
