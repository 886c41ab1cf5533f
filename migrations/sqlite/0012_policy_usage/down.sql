CREATE TABLE kept_attachments AS SELECT * FROM endpoint_policies;
DROP TABLE endpoint_policies;
ALTER TABLE policies RENAME TO kept_policies;

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

INSERT INTO policies
SELECT tenant_id, id, name, policy_type, configuration, revision, created_at, updated_at FROM kept_policies;
DROP TABLE kept_policies;

CREATE TABLE endpoint_policies (
    tenant_id   BLOB    NOT NULL,
    endpoint_id BLOB    NOT NULL,
    policy_id   BLOB    NOT NULL,
    position    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, endpoint_id, policy_id),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES endpoints (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, policy_id) REFERENCES policies (tenant_id, id)
) STRICT, WITHOUT ROWID;

INSERT INTO endpoint_policies SELECT tenant_id, endpoint_id, policy_id, position FROM kept_attachments;
DROP TABLE kept_attachments;

CREATE INDEX endpoints_of_policy ON endpoint_policies (tenant_id, policy_id);
