//! The tables of a journal.

use diesel::table;

/// Makes a journal. Its version stands in `user_version`.
///
/// A collection that is given up (`is_leaving`) has no documents: all of it must leave the server. Of one that is in use
/// the groups in `leaving` must: they were replaced, removed or outdated, or are on their way there.
pub(super) const CREATE: &str = "
    CREATE TABLE owner (
        tenant TEXT NOT NULL,
        dataset TEXT NOT NULL,
        PRIMARY KEY (tenant, dataset)
    ) STRICT;
    CREATE TABLE collections (
        id INTEGER NOT NULL PRIMARY KEY,
        revision TEXT NOT NULL,
        name TEXT NOT NULL UNIQUE,
        remote_id TEXT,
        kind TEXT NOT NULL,
        url TEXT NOT NULL,
        dimension INTEGER NOT NULL,
        encoded INTEGER NOT NULL,
        is_leaving INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX collections_in_use ON collections (revision) WHERE is_leaving = 0;
    CREATE TABLE documents (
        collection INTEGER NOT NULL REFERENCES collections (id),
        document TEXT NOT NULL,
        point_group INTEGER NOT NULL,
        chunks INTEGER NOT NULL,
        PRIMARY KEY (collection, document)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX documents_by_group ON documents (collection, point_group);
    CREATE TABLE leaving (
        collection INTEGER NOT NULL REFERENCES collections (id),
        point_group INTEGER NOT NULL,
        chunks INTEGER NOT NULL,
        PRIMARY KEY (collection, point_group)
    ) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 1;
";

table! {
    owner (tenant, dataset) {
        tenant -> Text,
        dataset -> Text,
    }
}

table! {
    collections (id) {
        id -> BigInt,
        revision -> Text,
        name -> Text,
        remote_id -> Nullable<Text>,
        kind -> Text,
        url -> Text,
        dimension -> BigInt,
        encoded -> BigInt,
        is_leaving -> Bool,
    }
}

table! {
    documents (collection, document) {
        collection -> BigInt,
        document -> Text,
        point_group -> BigInt,
        chunks -> BigInt,
    }
}

table! {
    leaving (collection, point_group) {
        collection -> BigInt,
        point_group -> BigInt,
        chunks -> BigInt,
    }
}
