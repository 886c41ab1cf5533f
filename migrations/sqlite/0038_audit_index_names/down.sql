DROP TABLE audit_watched;

DROP TABLE audit_blocks;

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
