-- That a tenant ends: when that was asked for, from when on everything of it is removed, and whether the removal has begun.
ALTER TABLE tenants ADD COLUMN end_asked_at INTEGER;
ALTER TABLE tenants ADD COLUMN ends_at INTEGER;
ALTER TABLE tenants ADD COLUMN is_going INTEGER NOT NULL DEFAULT 0 CHECK (is_going IN (0, 1));

-- They are looked for every few seconds.
CREATE INDEX ending_tenants ON tenants (id) WHERE ends_at IS NOT NULL;

-- What is known of the removal of a tenant, from its beginning on; it stays when the tenant is gone, and nothing of it is put into the log
-- of that tenant any more. It names nobody.
CREATE TABLE ended_tenants (
    id      BLOB NOT NULL PRIMARY KEY,
    removal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
