CREATE TABLE datasets (
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id),
    id         BLOB    NOT NULL,
    name       TEXT    NOT NULL,
    summary    TEXT    NOT NULL,
    tags       TEXT    NOT NULL,
    analyzer   TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    revision   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
    tenant_id       BLOB    NOT NULL,
    dataset_id      BLOB    NOT NULL,
    id              BLOB    NOT NULL,
    status          TEXT    NOT NULL,
    documents_total INTEGER NOT NULL,
    documents_done  INTEGER NOT NULL,
    chunks          INTEGER NOT NULL,
    bytes           INTEGER NOT NULL,
    errors          TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    finished_at     INTEGER,
    PRIMARY KEY (tenant_id, dataset_id, id),
    FOREIGN KEY (tenant_id, dataset_id) REFERENCES datasets (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
