-- The leaves of the events of a log whose term has ended, 32 bytes each: block n is of the events 1,024 n + 1 to 1,024 n + 1,024. The events
-- themselves are gone. The oldest go first, so the blocks that stand here are the first of their log, without a gap.
CREATE TABLE audit_pruned_blocks (
    log    BLOB    NOT NULL,
    block  INTEGER NOT NULL,
    leaves BLOB    NOT NULL,
    PRIMARY KEY (log, block)
) STRICT, WITHOUT ROWID;
