-- Where an account was logged in to from, and how many guesses at its password are still to be paid off. The account is the
-- hash of an e-mail address, for one without an account is guessed at, too; an empty address is all that never logged in.
CREATE TABLE login_records (
    account       BLOB    NOT NULL,
    address       TEXT    NOT NULL,
    guesses_until INTEGER NOT NULL,
    logged_in_at  INTEGER,
    expires_at    INTEGER NOT NULL,
    PRIMARY KEY (account, address)
) STRICT, WITHOUT ROWID;

CREATE INDEX login_records_by_address ON login_records (address) WHERE logged_in_at IS NOT NULL;
CREATE INDEX login_records_by_expiry ON login_records (expires_at);
