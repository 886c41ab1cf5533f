-- The documents of one dataset. `change` numbers what an index must follow: of each document its last change.
CREATE TABLE documents (
    id         TEXT    NOT NULL PRIMARY KEY,
    change     INTEGER NOT NULL UNIQUE,
    bytes      INTEGER NOT NULL,
    chunks     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    metadata   TEXT    NOT NULL,
    -- Last, so that a list of documents need not read their texts.
    content    TEXT    NOT NULL
) STRICT;

CREATE TABLE chunks (
    document_id TEXT    NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    text        TEXT    NOT NULL,
    PRIMARY KEY (document_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE removals (
    document_id TEXT    NOT NULL PRIMARY KEY,
    change      INTEGER NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

CREATE TABLE ingestions (
    job_id BLOB    NOT NULL PRIMARY KEY,
    change INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: the last change, and what there is now.
CREATE TABLE totals (
    id          INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    last_change INTEGER NOT NULL,
    documents   INTEGER NOT NULL,
    chunks      INTEGER NOT NULL,
    bytes       INTEGER NOT NULL
) STRICT;

INSERT INTO totals (id, last_change, documents, chunks, bytes) VALUES (1, 0, 0, 0, 0);
