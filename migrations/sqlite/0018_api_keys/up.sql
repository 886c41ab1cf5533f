-- Keys of programs, each of an account. Of a secret its SHA-256 is kept; `previous` holds those that work still beside the last
-- one: 32 bytes of hash and 8 of the time until which, each. Lists are parted by commas; NULL is no restriction.
CREATE TABLE api_keys (
    tenant_id    BLOB    NOT NULL,
    id           BLOB    NOT NULL,
    account_id   BLOB    NOT NULL,
    name         TEXT    NOT NULL,
    scopes       TEXT    NOT NULL,
    endpoints    TEXT,
    addresses    TEXT,
    secret       BLOB    NOT NULL,
    previous     BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    rotated_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    created_by   BLOB,
    rotated_by   BLOB,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
) STRICT, WITHOUT ROWID;

-- The keys of one account, in order: tenant and id are in the index as parts of the key.
CREATE INDEX api_keys_of_account ON api_keys (account_id);

ALTER TABLE tenants ADD COLUMN max_key_days INTEGER NOT NULL DEFAULT 365;
