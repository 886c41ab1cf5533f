-- One log per tenant, and one of the installation, whose key is 16 zero bytes.
CREATE TABLE audit_logs (
    log      BLOB    NOT NULL PRIMARY KEY,
    last_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Ids, and what a hash chain needs. There is no second index: it would slow every query down.
CREATE TABLE audit_events (
    log               BLOB    NOT NULL,
    seq               INTEGER NOT NULL,
    id                BLOB    NOT NULL,
    time              INTEGER NOT NULL,
    action            TEXT    NOT NULL,
    outcome           TEXT    NOT NULL,
    actor_kind        TEXT    NOT NULL,
    actor_id          BLOB,
    actor_role        TEXT,
    object_kind       TEXT,
    object_id         TEXT,
    reason_code       TEXT,
    request_id        BLOB,
    count             INTEGER NOT NULL,
    -- SHA-256(salt, data) of the row aside.
    person_commitment BLOB    NOT NULL,
    PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;

-- All that an event knows of a person. A row can be erased, and the event still proves that it was there.
CREATE TABLE audit_persons (
    log  BLOB    NOT NULL,
    seq  INTEGER NOT NULL,
    salt BLOB    NOT NULL,
    data BLOB    NOT NULL,
    PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;
