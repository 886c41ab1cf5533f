//! The store's errors for those of SQLite.

use diesel::result::{DatabaseErrorKind, Error};
use syft_space_domain::store::StoreError;

/// Maps an error of Diesel to the store's.
///
/// Diesel tells constraints apart by their code, and the rest by SQLite's message alone. The messages have been
/// the same for as long as there is SQLite 3, and a test provokes each.
pub(crate) fn store_error(error: &Error) -> StoreError {
    let Error::DatabaseError(kind, information) = error else {
        return StoreError::failed(error);
    };
    let message = information.message();
    match kind {
        DatabaseErrorKind::UniqueViolation
        | DatabaseErrorKind::ForeignKeyViolation
        | DatabaseErrorKind::NotNullViolation
        | DatabaseErrorKind::CheckViolation => StoreError::Conflict(message.to_owned()),
        _ => match message {
            FULL_MESSAGE => StoreError::Full,
            READ_ONLY_MESSAGE => StoreError::ReadOnly,
            LOCKED_MESSAGE => StoreError::Busy,
            _ if message.ends_with("constraint failed") => StoreError::Conflict(message.to_owned()),
            _ => StoreError::failed(message),
        },
    }
}

const FULL_MESSAGE: &str = "database or disk is full";
const READ_ONLY_MESSAGE: &str = "attempt to write a readonly database";
const LOCKED_MESSAGE: &str = "database is locked";

/// The failure of a step: in SQLite, or in parsing what it gave. With it `?` turns both into the store's error.
pub(crate) struct Failed(pub(crate) StoreError);

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self(store_error(&error))
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<Failed> for StoreError {
    fn from(Failed(error): Failed) -> Self {
        error
    }
}

/// Whether a message of SQLite tells of a damaged file.
pub(crate) fn is_damage(message: &str) -> bool {
    ["malformed", "file is not a database"].iter().any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, SqliteConnection};

    use super::*;

    fn provoke(setup: &str, statement: &str) -> StoreError {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        connection.batch_execute(setup).unwrap();
        store_error(&connection.batch_execute(statement).unwrap_err())
    }

    #[test]
    fn each_error_of_sqlite_has_its_word() {
        let full = "PRAGMA max_page_count = 2; CREATE TABLE t (x);";
        assert_eq!(provoke(full, "INSERT INTO t VALUES (randomblob(100000))"), StoreError::Full);
        let read_only = "CREATE TABLE t (x); PRAGMA query_only = ON;";
        assert_eq!(provoke(read_only, "INSERT INTO t VALUES (1)"), StoreError::ReadOnly);
        let parent =
            "PRAGMA foreign_keys = ON; CREATE TABLE p (x PRIMARY KEY); CREATE TABLE t (y REFERENCES p);";
        assert!(matches!(provoke(parent, "INSERT INTO t VALUES (1)"), StoreError::Conflict(_)));
        let unique = "CREATE TABLE t (x UNIQUE); INSERT INTO t VALUES (1);";
        assert!(matches!(provoke(unique, "INSERT INTO t VALUES (1)"), StoreError::Conflict(_)));
        assert!(matches!(provoke("", "SELECT nothing FROM nowhere"), StoreError::Failed(_)));
    }
}
