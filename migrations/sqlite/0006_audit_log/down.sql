DROP TABLE audit_persons;
DROP TABLE audit_events;
DROP TABLE audit_logs;
