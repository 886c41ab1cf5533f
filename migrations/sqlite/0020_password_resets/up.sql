-- Who forgot their password chooses another one with a token. An account has one at most, which goes with it.
CREATE TABLE password_resets (
    tenant_id  BLOB    NOT NULL,
    account_id BLOB    NOT NULL,
    generation INTEGER NOT NULL,
    token_hash BLOB    NOT NULL UNIQUE,
    made_by    BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, account_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Whoever loses a right takes the resets that they made along. As with invitations, the tenant is in the index as part of the key.
CREATE INDEX password_resets_of_maker ON password_resets (made_by);
