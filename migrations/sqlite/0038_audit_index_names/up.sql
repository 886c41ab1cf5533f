-- The index of the audit logs, by reasons, API keys and things too. It holds nothing that the logs do not: it is made anew
-- behind them, and until then searches find in the logs what it lacks.
DROP TABLE audit_blocks;

CREATE TABLE audit_blocks (
    log        BLOB    NOT NULL,
    -- Block n is of the events 1,024 n + 1 to 1,024 n + 1,024.
    block      INTEGER NOT NULL,
    first_time INTEGER NOT NULL,
    last_time  INTEGER NOT NULL,
    -- For each value the places of its events in the block, as `block.rs` describes it. What is long is behind what is short.
    actions    BLOB    NOT NULL,
    outcomes   BLOB    NOT NULL,
    reasons    BLOB    NOT NULL,
    keys       BLOB    NOT NULL,
    objects    BLOB    NOT NULL,
    accounts   BLOB    NOT NULL,
    -- The time of each event, 8 bytes big-endian.
    times      BLOB    NOT NULL,
    PRIMARY KEY (log, block)
) STRICT;

-- How far each log was looked at for what somebody should look at. What stands in it already is not looked at any more.
CREATE TABLE audit_watched (
    log BLOB    NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO audit_watched SELECT log, last_seq FROM audit_logs;
