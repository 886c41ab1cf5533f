//! The lines of the certificate of a deletion.

use syft_space_domain::audit::LogName;
use syft_space_domain::privacy::{DeletedContent, DeletionCertificate};

use crate::statement::{Lines, Statement};

impl Statement for DeletionCertificate {
    const NAME: &'static str = "certificate of a deletion";
    const FIRST_LINE: &'static str = "syft-space deletion certificate v1";

    fn log(&self) -> &LogName {
        &self.log
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let Self { log, seq, leaf, dataset, document, asked_at, ended_at, deleted } = self;
        let lines = [
            Some(("log", log.to_string())),
            Some(("number", seq.to_string())),
            Some(("leaf", hex::encode(leaf))),
            Some(("dataset", dataset.to_string())),
            document.as_ref().map(|document| ("document", document.to_string())),
            Some(("asked_at", asked_at.to_string())),
            Some(("ended_at", ended_at.to_string())),
            Some(("gone_from", STORES.to_owned())),
        ];
        let counts = deleted.kinds().filter_map(|(kind, count)| Some((kind, count?.to_string())));
        lines.into_iter().flatten().chain(counts).collect()
    }

    fn read(lines: &mut Lines<'_>) -> Option<Self> {
        let (log, seq, leaf) = (
            LogName::from_checkpoint(lines.value("log")?.to_owned()),
            lines.parsed("number")?,
            lines.hash("leaf")?,
        );
        let (dataset, document) = (lines.parsed("dataset")?, lines.optional("document")?);
        let (asked_at, ended_at) = (lines.parsed("asked_at")?, lines.parsed("ended_at")?);
        if lines.value("gone_from")? != STORES {
            return None;
        }
        let deleted = DeletedContent {
            documents: lines.optional("documents")?,
            chunks: lines.optional("chunks")?,
            bytes: lines.optional("bytes")?,
        };
        Some(Self { log, seq, leaf, dataset, document, asked_at, ended_at, deleted })
    }
}

/// Where it is gone from. A later version that has another store besides has another first line.
const STORES: &str = "documents, words, vectors, brought files";
