-- Between the last row of somebody that is removed and the end of their erasure lies that what these rows have left in the file is overwritten: an
-- erasure names nobody any more by then, and has not ended.
CREATE TABLE erasures_new (
    tenant_id  BLOB    NOT NULL,
    account_id BLOB    NOT NULL,
    asked_by   TEXT    NOT NULL CHECK (asked_by IN ('person', 'owner')),
    asked_at   INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    person     TEXT    CHECK (person IS NULL OR ended_at IS NULL),
    ended_at   INTEGER,
    report     TEXT    NOT NULL,
    token_hash BLOB,
    PRIMARY KEY (tenant_id, account_id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO erasures_new (tenant_id, account_id, asked_by, asked_at, due_at, person, ended_at, report, token_hash)
    SELECT tenant_id, account_id, asked_by, asked_at, due_at, person, ended_at, report, token_hash FROM erasures;
DROP TABLE erasures;
ALTER TABLE erasures_new RENAME TO erasures;

-- Those that have not ended, of all tenants: they are looked for every few seconds.
CREATE INDEX unfinished_erasures ON erasures (tenant_id, account_id) WHERE ended_at IS NULL;
