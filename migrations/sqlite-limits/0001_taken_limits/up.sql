-- What was taken of rate limits, and is not whole again. Nothing refers to anything: a key is a digest.
CREATE TABLE taken_limits (
    key   BLOB    NOT NULL PRIMARY KEY CHECK (length(key) = 16),
    until INTEGER NOT NULL,
    part  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- For what is whole: it is forgotten once a second.
CREATE INDEX taken_limits_until ON taken_limits (until);
