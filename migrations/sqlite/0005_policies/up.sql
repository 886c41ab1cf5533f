CREATE TABLE policies (
    tenant_id     BLOB    NOT NULL REFERENCES tenants (id),
    id            BLOB    NOT NULL,
    name          TEXT    NOT NULL,
    policy_type   TEXT    NOT NULL,
    configuration TEXT    NOT NULL,
    revision      INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE endpoint_policies (
    tenant_id   BLOB    NOT NULL,
    endpoint_id BLOB    NOT NULL,
    policy_id   BLOB    NOT NULL,
    position    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, endpoint_id, policy_id),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES endpoints (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, policy_id) REFERENCES policies (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX endpoints_of_policy ON endpoint_policies (tenant_id, policy_id);
