-- An account is a tenant's. Whoever was a member of several has an account in each, with the password of before; an account
-- without a membership could not log in, and goes. Indexes are by name, so the old ones go with their table.
CREATE TABLE accounts_of_tenants (
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id),
    id         BLOB    NOT NULL,
    email      TEXT    NOT NULL,
    password   TEXT    NOT NULL,
    role       TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    generation INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, email)
) STRICT, WITHOUT ROWID;

INSERT INTO accounts_of_tenants
SELECT membership.tenant_id, account.id, account.email, account.password, membership.role,
       iif(account.status = 'active', membership.status, account.status),
       membership.generation, membership.revision, membership.created_at
FROM memberships AS membership JOIN accounts AS account ON account.id = membership.account_id;

DROP TABLE memberships;
DROP TABLE accounts;
ALTER TABLE accounts_of_tenants RENAME TO accounts;

-- Whoever names no tenant means the oldest.
CREATE INDEX accounts_by_email ON accounts (email, created_at, tenant_id);

-- What they were kept for was an address; it is an address and a tenant now.
DELETE FROM login_records;
