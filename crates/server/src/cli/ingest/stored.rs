//! What a dataset holds before an ingestion.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use syft_space_domain::dataset::{ContentHash, DocumentId, FileName};

use crate::cli::api::ApiClient;
use crate::cli::ingest::summary::{self, FileReport};
use crate::cli::ingest::walk::SkippedEntry;
use crate::routes::documents::DocumentSummary;

/// The documents of a dataset, as far as an ingestion asks for them.
#[derive(Default)]
pub(super) struct Stored {
    /// The hash of each document.
    pub(super) known_hashes: HashMap<DocumentId, ContentHash>,
    /// The documents whose files the space would read better now.
    pub(super) outdated: HashSet<DocumentId>,
    /// The documents that were made of files.
    pub(super) of_files: HashMap<DocumentId, FileName>,
}

impl Stored {
    /// Reports what was skipped. What is stored of it, or of what lies in it, is not known to be gone, so it stays, and the report
    /// says so.
    pub(super) fn skip(&mut self, skipped: Vec<SkippedEntry>) -> Vec<FileReport> {
        let names: HashSet<&str> = skipped.iter().map(|entry| &*entry.name).collect();
        let mut stored = HashSet::new();
        self.of_files.retain(|_, file| {
            let mut parts = Path::new(file.as_str()).ancestors().filter_map(Path::to_str);
            let entry = parts.find_map(|part| names.get(part));
            stored.extend(entry.map(|entry| (*entry).to_owned()));
            entry.is_none()
        });
        let report = |SkippedEntry { name, reason }| {
            let is_stored = stored.contains(&name);
            FileReport { file: name, reason: summary::reason(reason, is_stored) }
        };
        skipped.into_iter().map(report).collect()
    }
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
            if let Some(name) = source.filter(|name| name.document_id() == id) {
                stored.of_files.insert(id.clone(), name);
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
