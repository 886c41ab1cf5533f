-- Groups: named lists of addresses, and which policies name each. Policies name a group by its name, which never changes.
CREATE TABLE address_groups (
    tenant_id   BLOB    NOT NULL REFERENCES tenants (id),
    id          BLOB    NOT NULL,
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    members     INTEGER NOT NULL CHECK (members >= 0),
    revision    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE group_members (
    tenant_id BLOB    NOT NULL,
    group_id  BLOB    NOT NULL,
    email     TEXT    NOT NULL,
    added_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, group_id, email),
    FOREIGN KEY (tenant_id, group_id) REFERENCES address_groups (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_groups (
    tenant_id BLOB NOT NULL,
    policy_id BLOB NOT NULL,
    group_id  BLOB NOT NULL,
    PRIMARY KEY (tenant_id, policy_id, group_id),
    FOREIGN KEY (tenant_id, policy_id) REFERENCES policies (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, group_id) REFERENCES address_groups (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX policies_of_group ON policy_groups (tenant_id, group_id);
