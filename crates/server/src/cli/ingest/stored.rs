//! What a dataset holds before an ingestion.

use std::collections::{HashMap, HashSet};

use syft_space_domain::dataset::{ContentHash, DocumentId, FileName};

use crate::cli::api::ApiClient;
use crate::routes::documents::DocumentSummary;

/// The documents of a dataset, as far as an ingestion asks for them.
#[derive(Default)]
pub(super) struct Stored {
    /// The hash of each document.
    pub(super) known_hashes: HashMap<DocumentId, ContentHash>,
    /// The documents whose files the space would read better now.
    pub(super) outdated: HashSet<DocumentId>,
    /// The documents that were made of files.
    pub(super) of_files: HashSet<DocumentId>,
}

/// Reads what the dataset at this path holds.
pub(super) async fn read(api: &ApiClient, path: &str) -> anyhow::Result<Stored> {
    let (mut stored, mut cursor) = (Stored::default(), None::<String>);
    let path = format!("{path}/documents");
    loop {
        let page = api.page::<DocumentSummary>(&path, &[("limit", "100")], cursor.as_deref()).await?;
        for document in page.items {
            let id = document.document_id;
            let source =
                document.metadata.get("source").and_then(|source| FileName::parse(source.as_str()?).ok());
            if source.is_some_and(|name| name.document_id() == id) {
                stored.of_files.insert(id.clone());
            }
            if document.outdated {
                stored.outdated.insert(id.clone());
            }
            stored.known_hashes.insert(id, document.sha256);
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(stored);
        }
    }
}
