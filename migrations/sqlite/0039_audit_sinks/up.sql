-- Where the audit logs go besides, as the operator set it up when the server started last.
CREATE TABLE audit_sinks (
    name TEXT NOT NULL PRIMARY KEY,
    logs TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How far each of them has each log. A log without a row begins with its first event.
CREATE TABLE audit_sink_positions (
    log  BLOB    NOT NULL,
    sink TEXT    NOT NULL,
    seq  INTEGER NOT NULL,
    PRIMARY KEY (log, sink)
) STRICT, WITHOUT ROWID;
