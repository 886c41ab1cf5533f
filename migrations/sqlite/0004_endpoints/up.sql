CREATE TABLE endpoints (
    tenant_id     BLOB    NOT NULL,
    id            BLOB    NOT NULL,
    name          TEXT    NOT NULL,
    slug          TEXT    NOT NULL,
    summary       TEXT    NOT NULL,
    description   TEXT    NOT NULL,
    tags          TEXT    NOT NULL,
    dataset_id    BLOB    NOT NULL,
    response_type TEXT    NOT NULL,
    published     INTEGER NOT NULL,
    revision      INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug),
    -- The tenant is part of the key, so an endpoint cannot search another tenant's dataset.
    FOREIGN KEY (tenant_id, dataset_id) REFERENCES datasets (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX endpoints_of_dataset ON endpoints (tenant_id, dataset_id);
