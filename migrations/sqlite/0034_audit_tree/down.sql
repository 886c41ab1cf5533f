DROP TABLE audit_checkpoints;
DROP TABLE audit_tree_backlog;
DROP TABLE audit_tree_blocks;
ALTER TABLE audit_logs DROP COLUMN frontier;
