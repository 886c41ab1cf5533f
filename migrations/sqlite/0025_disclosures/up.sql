-- What callers were shown under a policy, item by item: a digest of each document or chunk. It names nobody but by the id that the
-- audit log has, and is kept as long as it counts.
CREATE TABLE disclosures (
    tenant_id BLOB    NOT NULL,
    policy_id BLOB    NOT NULL,
    caller_id BLOB    NOT NULL,
    item      BLOB    NOT NULL,
    shown_at  INTEGER NOT NULL,
    amount    INTEGER NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (tenant_id, policy_id, caller_id, item),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Of a caller what counts no more.
CREATE INDEX disclosures_by_time ON disclosures (tenant_id, policy_id, caller_id, shown_at);
