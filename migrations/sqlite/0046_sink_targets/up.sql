-- The SHA-256 of where a sink leads and how events are told there, by which another place is known at the next start. Of sinks from before
-- there is none.
ALTER TABLE audit_sinks ADD COLUMN target BLOB;
