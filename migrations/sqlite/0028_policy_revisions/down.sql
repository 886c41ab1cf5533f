ALTER TABLE audit_events DROP COLUMN policy;
DROP TABLE policy_revisions;
