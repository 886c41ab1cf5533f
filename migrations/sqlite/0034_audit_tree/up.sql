-- The tree over each log (RFC 6962): at its head the roots of the perfect subtrees, one behind the other, the largest first.
ALTER TABLE audit_logs ADD COLUMN frontier BLOB NOT NULL DEFAULT x'';

-- The roots of full blocks: block n is of the events 1,024 n + 1 to 1,024 n + 1,024.
CREATE TABLE audit_tree_blocks (
    log   BLOB    NOT NULL,
    block INTEGER NOT NULL,
    root  BLOB    NOT NULL,
    PRIMARY KEY (log, block)
) STRICT, WITHOUT ROWID;

-- The logs that were there before the tree, and how far their trees are filled. A log leaves it with its whole tree, and none
-- ever comes into it again: a head that does not fit its log is damage, and not a log to be filled.
CREATE TABLE audit_tree_backlog (
    log      BLOB    NOT NULL PRIMARY KEY,
    seq      INTEGER NOT NULL,
    frontier BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO audit_tree_backlog SELECT log, 0, x'' FROM audit_logs WHERE last_seq > 0;

-- The newest checkpoint of each log that was signed.
CREATE TABLE audit_checkpoints (
    log  BLOB    NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    note TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
