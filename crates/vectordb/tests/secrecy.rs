//! What goes over the wire: vectors and numbers, and nothing that anybody wrote.
#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use syft_space_conformance::sample::{dataset_id, scope};
use syft_space_domain::dataset::VectorDatabaseKind::{Chroma, Qdrant};
use syft_space_domain::dataset::ports::VectorIndex;
use syft_space_domain::dataset::{ChunkRef, VectorQuery};
use syft_space_domain::tenant::OperatorScope;
use tempfile::TempDir;

use support::server::Server;
use support::{
    OnePlace, apply, database, document, encoded, hasty, index_in, key, leaning, outdate, removed,
};

/// Every text in a value, names of members too.
fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            found.insert(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        Value::Object(members) => {
            for (name, value) in members {
                found.insert(name.clone());
                texts(value, found);
            }
        }
        _ => {}
    }
}

#[test]
fn n3_no_text_title_or_id_of_a_document_leaves_the_space() {
    let words =
        ["configuration", "distance", "Cosine", "distances", "ef_construction", "ef_search", "embeddings"];
    let more =
        ["exact", "get_or_create", "hnsw", "id", "ids", "include", "limit", "max_neighbors", "n_results"];
    let still =
        ["name", "params", "points", "query", "query_embeddings", "size", "space", "cosine", "vector"];
    let rest = ["vectors", "with_payload", "with_vector"];
    let known: BTreeSet<&str> = words.into_iter().chain(more).chain(still).chain(rest).collect();
    for kind in [Chroma, Qdrant] {
        let (server, folder) = (Server::start(), TempDir::new().unwrap());
        let place = OnePlace::at(database(kind, &server.url(), Some("the-credential")));
        let index = index_in(folder.path(), &place, hasty());
        let planted = "merger-with-acme.pdf";
        apply(&index, &[encoded(1, planted, &[0.9, 0.5]), encoded(2, "plans-of-jane-doe", &[0.7])]).unwrap();
        let question = leaning(1.0);
        let named = [ChunkRef { document: document(planted), chunk: 1 }];
        let query = VectorQuery::new(&question, 1, 0.0).unwrap().also(&named).unwrap();
        let found = futures_executor::block_on(index.nearest(&scope(1), key(), query)).unwrap();
        assert_eq!(found.len(), 2);
        outdate(&index, 3, "plans-of-jane-doe").unwrap();
        apply(&index, &[removed(3, "plans-of-jane-doe"), encoded(4, planted, &[0.1])]).unwrap();
        index.sweep(&OperatorScope::at_startup()).unwrap();
        index.destroy_all(&scope(1), dataset_id(1)).unwrap();
        let came = server.state.came.lock().unwrap().clone();
        assert!(came.len() > 8, "it was spoken to");
        for came in came {
            assert!(came.head.contains("the-credential"), "the credential goes where it should: {came:?}");
            let whole = format!("{} {}", came.head, String::from_utf8_lossy(&came.body)).to_lowercase();
            for word in ["merger", "acme", "plans", "jane", "doe", "pdf"] {
                assert!(!whole.contains(word), "{word} in {whole}");
            }
            let mut found = BTreeSet::new();
            texts(&serde_json::from_slice(&came.body).unwrap_or_default(), &mut found);
            for text in found {
                // Of ids and names nothing but digits and hyphens is left.
                let is_id = text.strip_prefix("syft-").unwrap_or(&text);
                let is_id = is_id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
                assert!(is_id || known.contains(text.as_str()), "{text} leaves in {whole}");
            }
        }
    }
}

#[test]
fn a1_a_refused_credential_is_told_and_never_shown() {
    let (server, folder) = (Server::start(), TempDir::new().unwrap());
    let place = OnePlace::at(database(Qdrant, &server.url(), Some("the-credential")));
    let index = index_in(folder.path(), &place, hasty());
    server.with_faults(|_, _| {
        Some(support::server::Fault::Instead(
            401,
            r#"{"status": {"error": "the-credential is wrong"}}"#.to_owned(),
        ))
    });
    let refused = apply(&index, &[encoded(1, "boats", &[0.9])]).unwrap_err().to_string();
    assert!(refused.contains("refuses the credential"), "{refused}");
    assert!(!refused.contains("the-credential"), "{refused}");
}
