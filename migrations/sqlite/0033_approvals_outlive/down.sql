DROP TABLE outdated_approvals;
DELETE FROM approvals WHERE NOT EXISTS (SELECT 1 FROM endpoints e WHERE e.tenant_id = approvals.tenant_id AND e.id = approvals.endpoint_id)
    OR NOT EXISTS (SELECT 1 FROM policies p WHERE p.tenant_id = approvals.tenant_id AND p.id = approvals.policy_id);
CREATE TABLE approvals_new (
    tenant_id   BLOB    NOT NULL,
    id          BLOB    NOT NULL,
    endpoint_id BLOB    NOT NULL,
    policy_id   BLOB    NOT NULL,
    caller_id   BLOB    NOT NULL,
    question    BLOB    NOT NULL,
    asker       BLOB    NOT NULL,
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
INSERT INTO approvals_new SELECT * FROM approvals;
CREATE TABLE approval_questions_new (
    tenant_id   BLOB    NOT NULL,
    approval_id BLOB    NOT NULL,
    caller_kind TEXT    CHECK (caller_kind IN ('member', 'marketplace_user', 'guest')),
    purpose     TEXT,
    characters  INTEGER NOT NULL CHECK (characters >= 0),
    hit_limit   INTEGER CHECK (hit_limit >= 0),
    threshold   REAL    CHECK ((threshold IS NULL) = (hit_limit IS NULL)),
    context     INTEGER CHECK ((context IS NULL) = (hit_limit IS NULL)),
    prompt      BLOB,
    hub_id      BLOB,
    PRIMARY KEY (tenant_id, approval_id),
    FOREIGN KEY (tenant_id, approval_id) REFERENCES approvals_new (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO approval_questions_new SELECT * FROM approval_questions;
DROP TABLE approval_questions;
DROP TABLE approvals;
ALTER TABLE approvals_new RENAME TO approvals;
ALTER TABLE approval_questions_new RENAME TO approval_questions;

CREATE TRIGGER approvals_added AFTER INSERT ON approvals BEGIN
    INSERT INTO approval_counts VALUES (NEW.tenant_id, NEW.verdict IS NULL, 1)
        ON CONFLICT (tenant_id) DO UPDATE SET pending = pending + excluded.pending, total = total + 1;
END;
CREATE TRIGGER approvals_decided AFTER UPDATE OF verdict ON approvals BEGIN
    UPDATE approval_counts SET pending = pending + (NEW.verdict IS NULL) - (OLD.verdict IS NULL) WHERE tenant_id = NEW.tenant_id;
END;
CREATE TRIGGER approvals_removed AFTER DELETE ON approvals BEGIN
    UPDATE approval_counts SET pending = pending - (OLD.verdict IS NULL), total = total - 1 WHERE tenant_id = OLD.tenant_id;
END;

-- The request of a question.
CREATE UNIQUE INDEX approvals_of_question ON approvals (tenant_id, endpoint_id, caller_id, policy_id, question);
-- Those of a caller, for themselves, and that go with them.
CREATE INDEX approvals_of_caller ON approvals (tenant_id, caller_id, id);
-- Those of an asker, to be counted.
CREATE INDEX approvals_of_asker ON approvals (tenant_id, asker, verdict, endpoint_id, policy_id);
-- Those at an endpoint, to be counted and listed.
CREATE INDEX approvals_at_endpoint ON approvals (tenant_id, endpoint_id, verdict, id, ends_at);
-- Those that go with a policy; of those that were decided the ones that a shorter time would end sooner.
CREATE INDEX approvals_of_policy ON approvals (tenant_id, policy_id, ends_at - decided_at);
-- Those that stand like this.
CREATE INDEX approvals_by_verdict ON approvals (tenant_id, verdict, id, ends_at);
-- Those that have ended.
CREATE INDEX approvals_by_end ON approvals (tenant_id, ends_at, id);
