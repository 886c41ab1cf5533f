//! The conformance suite of the port, over a server of ours for each of both APIs.
#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

mod support;

use std::sync::Arc;

use syft_space_conformance::{Fixture, vectors};
use syft_space_domain::dataset::VectorDatabaseKind;
use syft_space_domain::dataset::ports::VectorIndex;
use syft_space_vectordb::ExternalOptions;
use tempfile::TempDir;

use support::server::Server;
use support::{OnePlace, database, index_in};

fn vectors_at(folder: TempDir, kind: VectorDatabaseKind, server: Arc<Server>) -> Fixture<dyn VectorIndex> {
    let place = OnePlace::at(database(kind, &server.url(), Some("a-credential")));
    let index: Box<dyn VectorIndex> = Box::new(index_in(folder.path(), &place, ExternalOptions::default()));
    Fixture::new(index).with_reopen(move || vectors_at(folder, kind, server))
}

#[test]
fn q2_vectors_in_chroma_keep_every_promise() {
    vectors::suite(&|| {
        vectors_at(TempDir::new().unwrap(), VectorDatabaseKind::Chroma, Arc::new(Server::start()))
    });
}

#[test]
fn q2_vectors_in_qdrant_keep_every_promise() {
    vectors::suite(&|| {
        vectors_at(TempDir::new().unwrap(), VectorDatabaseKind::Qdrant, Arc::new(Server::start()))
    });
}
