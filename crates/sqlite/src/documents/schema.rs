//! What tables and columns does a `documents.db` have? The same as `migrations/sqlite-documents` makes, for Diesel.

use diesel::table;

table! {
    documents (id) {
        id -> Text,
        change -> BigInt,
        bytes -> BigInt,
        chunks -> BigInt,
        created_at -> BigInt,
        metadata -> Text,
        content -> Text,
    }
}

table! {
    chunks (document_id, position) {
        document_id -> Text,
        position -> BigInt,
        text -> Text,
    }
}

table! {
    removals (document_id) {
        document_id -> Text,
        change -> BigInt,
    }
}

table! {
    ingestions (job_id) {
        job_id -> Binary,
        change -> BigInt,
    }
}

table! {
    totals (id) {
        id -> BigInt,
        last_change -> BigInt,
        documents -> BigInt,
        chunks -> BigInt,
        bytes -> BigInt,
    }
}
