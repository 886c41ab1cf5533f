//! What the certificate of a deletion says, to be signed as one statement.

use crate::audit::tree::NodeHash;
use crate::audit::{Changes, LogName, RecordedReason};
use crate::dataset::DocumentId;
use crate::ids::DatasetId;
use crate::time::Timestamp;

/// That a document, or a dataset with all of its documents, is gone from wherever the space had it: from the documents, from the index of
/// their words, from their vectors, here or in a vector database, and from the files that were brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletionCertificate {
    /// The tenant's log, in which the end of the deletion stands.
    pub log: LogName,
    /// The number of that event in it.
    pub seq: u64,
    /// Its leaf in the tree over the log.
    pub leaf: NodeHash,
    /// The dataset.
    pub dataset: DatasetId,
    /// The document in it; `None` where the dataset went as a whole.
    pub document: Option<DocumentId>,
    /// When it was removed from sight.
    pub asked_at: Timestamp,
    /// By when each store had confirmed that nothing is left, as the event has it.
    pub ended_at: Timestamp,
    /// How much went.
    pub deleted: DeletedContent,
}

/// How much went with a deletion, as far as the log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeletedContent {
    /// Documents.
    pub documents: Option<u64>,
    /// Chunks of them, each of which has stood among the words, and among the vectors where there are any.
    pub chunks: Option<u64>,
    /// Bytes of text.
    pub bytes: Option<u64>,
}

impl DeletedContent {
    /// Each kind by its name, and how much of it went where that is known.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, Option<u64>)> + use<> {
        [("documents", self.documents), ("chunks", self.chunks), ("bytes", self.bytes)].into_iter()
    }

    /// As an event of the log has it.
    pub(crate) fn changes(&self) -> Changes {
        let mut changes = Changes::default();
        for (kind, count) in self.kinds() {
            if let Some(count) = count {
                changes.note_setting(kind, Some(&count.to_string()));
            }
        }
        changes
    }

    /// What an event of the log has of it.
    pub(crate) fn told(reason: Option<&RecordedReason>) -> Self {
        let told = reason.map(RecordedReason::as_str).unwrap_or_default();
        let count = |kind: &str| {
            told.split(',').find_map(|change| change.strip_prefix(kind)?.strip_prefix('_')?.parse().ok())
        };
        Self { documents: count("documents"), chunks: count("chunks"), bytes: count("bytes") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g2_what_is_told_of_a_deletion_is_read_again() {
        let all = DeletedContent { documents: Some(1), chunks: Some(0), bytes: Some(u64::MAX) };
        let some = DeletedContent { documents: None, ..all };
        for deleted in [all, some, DeletedContent::default()] {
            let told = deleted.changes();
            let told = format!("{told:?}");
            for (kind, count) in deleted.kinds() {
                assert_eq!(told.contains(kind), count.is_some(), "{told}");
            }
        }
        let told = RecordedReason::from_stored("documents_1,chunks_0,bytes_18446744073709551615".to_owned());
        assert_eq!(DeletedContent::told(Some(&told)), all);
        for nothing in ["removed", "documents,chunks_x,bytes_-1", ""] {
            let told = RecordedReason::from_stored(nothing.to_owned());
            assert_eq!(DeletedContent::told(Some(&told)), DeletedContent::default(), "{nothing}");
        }
        assert_eq!(DeletedContent::told(None), DeletedContent::default());
    }
}
