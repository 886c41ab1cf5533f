DROP INDEX audit_blocks_by_time;
DROP TABLE audit_segments;
