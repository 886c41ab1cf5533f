//! An ingestion job: documents on their way into a dataset.

use serde::{Deserialize, Serialize};

use crate::as_text::text_enum;
use crate::ids::{DatasetId, JobId};
use crate::page::PageItem;
use crate::time::Timestamp;

text_enum! {
    /// How far a job is.
    pub enum JobStatus {
        /// Its documents are durable, and wait for their turn.
        Queued = "queued",
        /// Its documents are being stored and indexed.
        Running = "running",
        /// Its documents are found by a search, but for those that are listed as errors.
        Succeeded = "succeeded",
        /// None of its documents were stored.
        Failed = "failed",
        /// It was stopped on request.
        Canceled = "canceled",
    }

    /// A text that is no job status.
    #[error("a job's status is one of: queued, running, succeeded, failed, canceled")]
    pub struct JobStatusError;
}

impl JobStatus {
    /// Whether it will not change any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Canceled)
    }
}

/// Something about a job that did not go well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFailure {
    /// Which document; `None` when it is all of them, or a file that no document could be made of.
    pub document_id: Option<String>,
    /// The name of the file it came from, with what cannot be shown written out.
    #[serde(default)]
    pub file: Option<String>,
    /// What went wrong, and what to do.
    pub message: String,
}

impl JobFailure {
    /// What went wrong with all of a job.
    #[must_use]
    pub fn of_all(message: &dyn std::fmt::Display) -> Self {
        Self { document_id: None, file: None, message: message.to_string() }
    }
}

/// How far a job has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobProgress {
    /// How many of its documents are done: stored, or there already. Once the job has ended a search finds them all.
    pub documents_done: u64,
    /// How many of those were stored as they are, under the same id.
    pub documents_unchanged: u64,
    /// How many of those are files whose content was stored under another id.
    pub documents_duplicate: u64,
    /// How many could not be taken in.
    pub documents_failed: u64,
    /// How many chunks those that it stored were cut into.
    pub chunks: u64,
    /// How many bytes of text those that it stored have.
    pub bytes: u64,
    /// How many bytes of what was sent are worked off.
    pub bytes_done: u64,
    /// What did not go well: the first few.
    pub errors: Vec<JobFailure>,
}

impl JobProgress {
    /// The most errors that are kept; the others are counted.
    pub const MAX_ERRORS: usize = 100;

    /// How many documents need no more looking at.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.documents_done.saturating_add(self.documents_failed)
    }

    /// Counts a document that could not be taken in.
    pub fn fail(&mut self, failure: JobFailure) {
        self.documents_failed = self.documents_failed.saturating_add(1);
        if self.errors.len() < Self::MAX_ERRORS {
            self.errors.push(failure);
        }
    }
}

/// Documents on their way into a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Into which dataset.
    pub dataset: DatasetId,
    /// How far it is.
    pub status: JobStatus,
    /// How many documents it has.
    pub documents_total: u64,
    /// How many bytes were sent: of files as they are, of other documents their text.
    pub bytes_total: u64,
    /// How far it has come.
    pub progress: JobProgress,
    /// When it began.
    pub created_at: Timestamp,
    /// When its status became final.
    pub finished_at: Option<Timestamp>,
}

impl PageItem for Job {
    fn bytes(&self) -> usize {
        let length = |text: &Option<String>| text.as_deref().map_or(0, str::len);
        let errors = self.progress.errors.iter();
        errors
            .map(|failure| length(&failure.document_id) + length(&failure.file) + failure.message.len())
            .sum()
    }
}

/// How fast a job goes at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobRate {
    /// Bytes of what was sent, in a second.
    pub bytes_per_second: u64,
    /// How long it will take at that pace; `None` while it stands still.
    pub seconds_left: Option<u64>,
}

/// A job as it is at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSnapshot {
    /// The job.
    pub job: Job,
    /// How fast it goes; `None` unless it is running.
    pub rate: Option<JobRate>,
}

impl PageItem for JobSnapshot {
    fn bytes(&self) -> usize {
        self.job.bytes()
    }
}
