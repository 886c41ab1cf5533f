-- Ids are the 16 bytes of a UUID, times are microseconds since 1970, booleans are 0 and 1, in every table.
CREATE TABLE tenants (
    id            BLOB    NOT NULL PRIMARY KEY,
    name          TEXT    NOT NULL UNIQUE,
    -- Counts what changed the tenant's live state, in the commit that changed it.
    version       INTEGER NOT NULL,
    max_members   INTEGER NOT NULL,
    max_datasets  INTEGER NOT NULL,
    max_endpoints INTEGER NOT NULL,
    max_policies  INTEGER NOT NULL,
    max_documents INTEGER NOT NULL,
    max_bytes     INTEGER NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
