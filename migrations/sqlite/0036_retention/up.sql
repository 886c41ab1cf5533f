-- How many days a kind of data is kept, where the tenant says otherwise than by default.
CREATE TABLE retention_terms (
    tenant_id BLOB    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    kind      TEXT    NOT NULL,
    days      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, kind)
) STRICT, WITHOUT ROWID;

-- While a tenant has one, nothing of it goes by its age.
CREATE TABLE legal_holds (
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id         BLOB    NOT NULL,
    reason     TEXT    NOT NULL,
    made_by    BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
