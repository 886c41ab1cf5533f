-- The identity providers that a tenant believes. An account whose password is '' has none: whoever has it signs in there.
CREATE TABLE oidc_providers (
    tenant_id       BLOB    NOT NULL,
    id              BLOB    NOT NULL,
    name            TEXT    NOT NULL,
    issuer          TEXT    NOT NULL,
    client_id       TEXT    NOT NULL,
    client_secret   BLOB,
    allowed_domains TEXT    NOT NULL,
    groups_claim    TEXT,
    group_roles     TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX oidc_providers_by_name ON oidc_providers (tenant_id, name);

CREATE UNIQUE INDEX oidc_providers_by_issuer ON oidc_providers (tenant_id, issuer);

-- Whose an account is: an issuer and its subject together, never an address.
CREATE TABLE oidc_identities (
    tenant_id  BLOB NOT NULL,
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    account_id BLOB NOT NULL,
    PRIMARY KEY (tenant_id, issuer, subject),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX oidc_identities_of_account ON oidc_identities (tenant_id, account_id);

-- Which provider began a session, so that its word ends it.
CREATE TABLE oidc_sessions (
    tenant_id   BLOB NOT NULL,
    account_id  BLOB NOT NULL,
    session_id  BLOB NOT NULL,
    provider_id BLOB NOT NULL,
    subject     TEXT NOT NULL,
    sid         TEXT,
    PRIMARY KEY (tenant_id, account_id, session_id),
    FOREIGN KEY (tenant_id, account_id, session_id) REFERENCES sessions (tenant_id, account_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, provider_id) REFERENCES oidc_providers (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX oidc_sessions_of_subject ON oidc_sessions (tenant_id, provider_id, subject);

CREATE INDEX oidc_sessions_of_sid ON oidc_sessions (tenant_id, provider_id, sid);
