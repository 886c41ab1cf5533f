-- What each change left a policy as, so that it can be seen and rolled back to. They are bounded, and go with their policy.
CREATE TABLE policy_revisions (
    tenant_id      BLOB    NOT NULL,
    policy_id      BLOB    NOT NULL,
    revision       INTEGER NOT NULL,
    changed_at     INTEGER NOT NULL,
    -- NULL where it is not known.
    changed_by     BLOB,
    changes        TEXT,
    rolled_back_to INTEGER,
    name           TEXT    NOT NULL,
    policy_type    TEXT    NOT NULL,
    patterns       INTEGER NOT NULL,
    bytes          INTEGER NOT NULL,
    -- Last, for it may be large.
    configuration  TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, policy_id, revision),
    FOREIGN KEY (tenant_id, policy_id) REFERENCES policies (tenant_id, id) ON DELETE CASCADE
) STRICT;

-- How many bytes there are is counted without reading a row.
CREATE INDEX sizes_of_policy_revisions ON policy_revisions (tenant_id, policy_id, revision, bytes);

-- Of what was changed before, only what came of it last is known, and not by whom.
INSERT INTO policy_revisions
SELECT tenant_id, id, revision, updated_at, NULL, NULL, NULL, name, policy_type, patterns, bytes, configuration FROM policies;

-- The policy that an event hangs on, as it was: its id, and its revision in 8 bytes, big-endian. Events of before name none.
ALTER TABLE audit_events ADD COLUMN policy BLOB;
