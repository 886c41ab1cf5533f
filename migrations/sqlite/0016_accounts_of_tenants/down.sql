-- An account of the installation has one password: of an address with several, that of the oldest is kept.
CREATE TABLE accounts_of_installation (
    id              BLOB    NOT NULL PRIMARY KEY,
    email           TEXT    NOT NULL UNIQUE,
    password        TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    last_generation INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE memberships (
    tenant_id   BLOB    NOT NULL REFERENCES tenants (id),
    account_id  BLOB    NOT NULL REFERENCES accounts_of_installation (id),
    role        TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    generation INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, account_id)
) STRICT, WITHOUT ROWID;

INSERT INTO accounts_of_installation
SELECT id, email, password, 'active', created_at, (SELECT max(generation) FROM accounts AS same WHERE same.email = account.email)
FROM accounts AS account
WHERE tenant_id = (SELECT tenant_id FROM accounts AS same WHERE same.email = account.email ORDER BY created_at, tenant_id LIMIT 1);

INSERT INTO memberships
SELECT account.tenant_id, kept.id, account.role, account.status, account.revision, account.created_at, account.generation
FROM accounts AS account JOIN accounts_of_installation AS kept ON kept.email = account.email;

DROP TABLE accounts;
ALTER TABLE accounts_of_installation RENAME TO accounts;
CREATE INDEX memberships_of_account ON memberships (account_id);

DELETE FROM login_records;
