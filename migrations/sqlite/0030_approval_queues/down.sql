CREATE TABLE approvals_with_prompt (
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
INSERT INTO approvals_with_prompt
    SELECT a.tenant_id, a.id, endpoint_id, policy_id, caller_id, question, purpose, characters, prompt, asked_at, ends_at, verdict,
        decided_at, decided_by, note
    FROM approvals a JOIN approval_questions q ON q.tenant_id = a.tenant_id AND q.approval_id = a.id;
DROP TABLE approval_questions;
DROP TABLE approvals;
DROP TABLE approval_counts;
ALTER TABLE approvals_with_prompt RENAME TO approvals;

CREATE UNIQUE INDEX approvals_of_question ON approvals (tenant_id, endpoint_id, caller_id, policy_id, question);
CREATE INDEX approvals_of_caller ON approvals (tenant_id, caller_id, id);
CREATE INDEX approvals_of_policy ON approvals (tenant_id, policy_id);
CREATE INDEX approvals_pending ON approvals (tenant_id, id) WHERE verdict IS NULL;
CREATE INDEX approvals_by_end ON approvals (tenant_id, ends_at);
