-- Hubs belong to the installation, so that no tenant says whose word another believes.
CREATE TABLE hubs (
    id         BLOB    NOT NULL PRIMARY KEY,
    issuer     TEXT    NOT NULL UNIQUE,
    url        TEXT    NOT NULL,
    trusted_by TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE marketplaces (
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id),
    id         BLOB    NOT NULL,
    name       TEXT    NOT NULL,
    hub_id     BLOB    NOT NULL REFERENCES hubs (id),
    username   TEXT    NOT NULL,
    satellite  BLOB,
    credential BLOB    NOT NULL,
    revision   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name),
    -- To whom a token is made out names one tenant, whoever it is.
    UNIQUE (hub_id, username),
    UNIQUE (hub_id, satellite)
) STRICT, WITHOUT ROWID;

-- A listing outlives its endpoint until the hub has been told, so `endpoint_id` is no foreign key.
CREATE TABLE listings (
    tenant_id      BLOB    NOT NULL,
    id             BLOB    NOT NULL,
    endpoint_id    BLOB    NOT NULL,
    slug           TEXT    NOT NULL,
    marketplace_id BLOB    NOT NULL,
    state          TEXT    NOT NULL,
    last_error     TEXT,
    told_at        INTEGER,
    due_at         INTEGER NOT NULL,
    failures       INTEGER NOT NULL,
    revision       INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, endpoint_id, marketplace_id),
    UNIQUE (tenant_id, marketplace_id, slug),
    FOREIGN KEY (tenant_id, marketplace_id) REFERENCES marketplaces (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX listings_due ON listings (due_at);
