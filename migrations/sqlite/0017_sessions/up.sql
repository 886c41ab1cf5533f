-- A login goes on as a session, and ends with its account. What is stored of its refresh tokens makes none.
CREATE TABLE sessions (
    tenant_id        BLOB    NOT NULL,
    account_id       BLOB    NOT NULL,
    id               BLOB    NOT NULL,
    created_at       INTEGER NOT NULL,
    last_used_at     INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    idle_until       INTEGER NOT NULL,
    address          TEXT,
    user_agent       TEXT,
    refresh_family   BLOB    NOT NULL,
    refresh_current  BLOB    NOT NULL,
    refresh_previous BLOB,
    refresh_nonce    BLOB,
    refreshed_at     INTEGER,
    PRIMARY KEY (tenant_id, account_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Whoever holds a refresh token says nothing else.
CREATE UNIQUE INDEX sessions_by_family ON sessions (refresh_family);

-- What is over is removed, whosever it is.
CREATE INDEX sessions_by_end ON sessions (idle_until);
