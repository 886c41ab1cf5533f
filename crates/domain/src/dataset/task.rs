//! Work on one job, as it waits in the queue.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::dataset::ports::SpooledFile;
use crate::dataset::{ContentHash, DocumentId, FileName, Job};
use crate::time::Timestamp;

/// Work for the background.
pub(super) enum Task {
    /// The documents are stored; the index is to follow.
    Stored(Job),
    /// The files are spooled.
    FileTask(Box<FileTask>),
}

/// A job of files, and what is known of them.
pub(super) struct FileTask {
    pub(super) job: Job,
    pub(super) list: Arc<[SpooledFile]>,
    /// Which documents the files are going to be, and of what content.
    pub(super) becoming: HashMap<DocumentId, ContentHash>,
    /// The documents whose removal is recorded: where a group is tried again, it is not recorded once more.
    pub(super) recorded_removals: HashSet<DocumentId>,
    /// When the index follows next.
    pub(super) index_at: Option<Timestamp>,
}

impl Task {
    pub(super) fn files(job: Job, list: Vec<SpooledFile>) -> Self {
        let id = |file: &SpooledFile| Some((FileName::parse(&file.name).ok()?.document_id(), file.sha256));
        let becoming = list.iter().filter_map(id).collect();
        let (list, recorded_removals) = (list.into(), HashSet::new());
        Self::FileTask(Box::new(FileTask { job, list, becoming, recorded_removals, index_at: None }))
    }

    pub(super) fn job(&self) -> &Job {
        match self {
            Self::Stored(job) => job,
            Self::FileTask(files) => &files.job,
        }
    }

    pub(super) fn file_count(&self) -> usize {
        match self {
            Self::Stored(_) => 0,
            Self::FileTask(files) => files.list.len(),
        }
    }

    pub(super) fn is_stored(&self) -> bool {
        matches!(self, Self::Stored(_))
    }
}
