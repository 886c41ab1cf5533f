-- How much of what a tenant may have each policy takes up, and a table in which a configuration is read only where it is
-- asked for: in one without rowid each search by key reads the whole of the rows that it meets.
CREATE TABLE kept_attachments AS SELECT * FROM endpoint_policies;
DROP TABLE endpoint_policies;
ALTER TABLE policies RENAME TO kept_policies;

CREATE TABLE policies (
    tenant_id     BLOB    NOT NULL REFERENCES tenants (id),
    id            BLOB    NOT NULL,
    name          TEXT    NOT NULL,
    policy_type   TEXT    NOT NULL,
    revision      INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    patterns      INTEGER NOT NULL,
    bytes         INTEGER NOT NULL,
    -- Last, for it may be large.
    configuration TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

INSERT INTO policies
SELECT tenant_id, id, name, policy_type, revision, created_at, updated_at,
    CASE WHEN json_valid(configuration) THEN coalesce(json_array_length(configuration, '$.patterns'), 0) ELSE 0 END,
    octet_length(configuration), configuration
FROM kept_policies;
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
