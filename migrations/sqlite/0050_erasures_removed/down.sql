-- An erasure has ended with its last row again. One between the two has no event of its end, so nothing is certified of it.
CREATE TABLE erasures_old (
    tenant_id  BLOB    NOT NULL,
    account_id BLOB    NOT NULL,
    asked_by   TEXT    NOT NULL CHECK (asked_by IN ('person', 'owner')),
    asked_at   INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    person     TEXT    CHECK ((person IS NULL) = (ended_at IS NOT NULL)),
    ended_at   INTEGER,
    report     TEXT    NOT NULL,
    token_hash BLOB,
    PRIMARY KEY (tenant_id, account_id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO erasures_old (tenant_id, account_id, asked_by, asked_at, due_at, person, ended_at, report, token_hash)
    SELECT tenant_id, account_id, asked_by, asked_at, due_at, person,
        CASE WHEN person IS NULL THEN COALESCE(ended_at, asked_at) END, report, token_hash FROM erasures;
DROP TABLE erasures;
ALTER TABLE erasures_old RENAME TO erasures;
CREATE INDEX unfinished_erasures ON erasures (tenant_id, account_id) WHERE ended_at IS NULL;
