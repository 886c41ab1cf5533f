-- The second level of the index of the audit logs. It holds nothing that the blocks do not, and is made behind them.
CREATE TABLE audit_segments (
    log      BLOB    NOT NULL,
    -- The values whose digests begin with this byte.
    part     INTEGER NOT NULL,
    -- Segment n is of the blocks 64 n to 64 n + 63.
    segment  INTEGER NOT NULL,
    -- For each value the places of its events in the segment, as `segment.rs` describes it.
    postings BLOB    NOT NULL,
    PRIMARY KEY (log, part, segment)
) STRICT;

-- By the time of their events blocks are found without their rows, which are long.
CREATE INDEX audit_blocks_by_time ON audit_blocks (log, block, first_time, last_time);
