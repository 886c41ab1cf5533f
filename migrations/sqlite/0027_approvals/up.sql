-- Questions that wait for somebody's approval, or were decided on: one request of each, under a keyed digest that helps nobody who
-- guesses. The text is there where the policy says so, sealed for its row. They go with their endpoint and their policy.
CREATE TABLE approvals (
    tenant_id   BLOB    NOT NULL,
    id          BLOB    NOT NULL,
    endpoint_id BLOB    NOT NULL,
    policy_id   BLOB    NOT NULL,
    caller_id   BLOB    NOT NULL,
    question    BLOB    NOT NULL,
    purpose     TEXT,
    characters  INTEGER NOT NULL CHECK (characters >= 0),
    prompt      BLOB,
    asked_at    INTEGER NOT NULL,
    ends_at     INTEGER NOT NULL,
    verdict     TEXT    CHECK (verdict IN ('approved', 'denied')),
    decided_at  INTEGER CHECK ((decided_at IS NULL) = (verdict IS NULL)),
    decided_by  BLOB    CHECK ((decided_by IS NULL) = (verdict IS NULL)),
    note        TEXT    CHECK ((note IS NULL) = (verdict IS NULL)),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES endpoints (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, policy_id) REFERENCES policies (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The request of a question, and those of a caller at an endpoint.
CREATE UNIQUE INDEX approvals_of_question ON approvals (tenant_id, endpoint_id, caller_id, policy_id, question);
-- Those of a caller, for themselves.
CREATE INDEX approvals_of_caller ON approvals (tenant_id, caller_id, id);
-- Those that go with a policy.
CREATE INDEX approvals_of_policy ON approvals (tenant_id, policy_id);
-- Those that nobody has decided.
CREATE INDEX approvals_pending ON approvals (tenant_id, id) WHERE verdict IS NULL;
-- Those that have ended.
CREATE INDEX approvals_by_end ON approvals (tenant_id, ends_at);
