//! The tables and columns of a `documents.db` for Diesel, as `migrations/sqlite-documents` makes them.

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
        page -> Nullable<BigInt>,
        heading -> Nullable<Text>,
        anchor -> Nullable<Text>,
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
        has_remains -> Bool,
        overwritten -> BigInt,
        run -> BigInt,
    }
}

table! {
    gaps (next_change) {
        next_change -> BigInt,
        last_change -> BigInt,
    }
}

table! {
    hashes (document_id) {
        document_id -> Text,
        sha256 -> Binary,
        reader -> Nullable<BigInt>,
    }
}

table! {
    progress (job_id) {
        job_id -> Binary,
        documents_done -> BigInt,
        documents_unchanged -> BigInt,
        documents_duplicate -> BigInt,
        documents_failed -> BigInt,
        chunks -> BigInt,
        bytes -> BigInt,
        bytes_done -> BigInt,
        errors -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(documents, hashes);
