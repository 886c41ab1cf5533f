-- That all that is held about a member is to go: who asked, until when, and in the end what went. The account is gone by then. By what
-- the rest of the person is found goes with the last of it, and then a row names nobody.
CREATE TABLE erasures (
    tenant_id  BLOB    NOT NULL,
    account_id BLOB    NOT NULL,
    asked_by   TEXT    NOT NULL CHECK (asked_by IN ('person', 'owner')),
    asked_at   INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    person     TEXT    CHECK ((person IS NULL) = (ended_at IS NOT NULL)),
    ended_at   INTEGER,
    report     TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, account_id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Those that have not ended, of all tenants: they are looked for every few seconds.
CREATE INDEX unfinished_erasures ON erasures (tenant_id, account_id) WHERE ended_at IS NULL;

-- What is noted of one caller, under whichever policy.
CREATE INDEX disclosures_of_caller ON disclosures (tenant_id, caller_id, policy_id);
