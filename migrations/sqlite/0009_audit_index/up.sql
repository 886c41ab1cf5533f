-- By what the logs are searched: a row for each block of 1,024 events, made behind the log. It holds ids and times
-- alone. What has no block yet is searched in the log itself, so the table may be emptied: it is made anew.
CREATE TABLE audit_blocks (
    log        BLOB    NOT NULL,
    -- Block n is of the events 1,024 n + 1 to 1,024 n + 1,024.
    block      INTEGER NOT NULL,
    first_time INTEGER NOT NULL,
    last_time  INTEGER NOT NULL,
    -- For each value the places of its events in the block, as `block.rs` describes it.
    actions    BLOB    NOT NULL,
    outcomes   BLOB    NOT NULL,
    accounts   BLOB    NOT NULL,
    -- The time of each event, 8 bytes big-endian.
    times      BLOB    NOT NULL,
    PRIMARY KEY (log, block)
) STRICT;
