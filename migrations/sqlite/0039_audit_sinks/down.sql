DROP TABLE audit_sink_positions;
DROP TABLE audit_sinks;
