-- What each document was made of. A table of its own: in `documents` it would stand behind the text, and a list would
-- have to read that. Documents from before have no row, and are hashed when they are asked for.
CREATE TABLE hashes (
    document_id TEXT NOT NULL PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
    sha256      BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX hashes_by_content ON hashes (sha256, document_id);

-- How far each job of files is, in one transaction with what that has put in.
CREATE TABLE progress (
    job_id              BLOB    NOT NULL PRIMARY KEY,
    documents_done      INTEGER NOT NULL,
    documents_unchanged INTEGER NOT NULL,
    documents_duplicate INTEGER NOT NULL,
    documents_failed    INTEGER NOT NULL,
    chunks              INTEGER NOT NULL,
    bytes               INTEGER NOT NULL,
    bytes_done          INTEGER NOT NULL,
    errors              TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
