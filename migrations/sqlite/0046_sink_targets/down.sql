-- That a sink leads elsewhere shows no more.
ALTER TABLE audit_sinks DROP COLUMN target;
