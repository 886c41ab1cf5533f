//! An ingestion job: documents on their way into a dataset.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::{DatasetId, JobId};
use crate::time::Timestamp;

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobStatus {
    /// Its documents are being stored.
    Queued,
    /// Its documents are stored, and being indexed.
    Running,
    /// Its documents are found by a search.
    Succeeded,
    /// None of its documents were stored.
    Failed,
    /// It was stopped on request.
    Canceled,
}

/// A text that is no job status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a job's status is one of: queued, running, succeeded, failed, canceled")]
pub struct JobStatusError;

impl JobStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Canceled];

    /// The status's name in JSON and in storage.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// Whether it will not change any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Canceled)
    }
}

impl FromStr for JobStatus {
    type Err = JobStatusError;
    fn from_str(text: &str) -> Result<Self, JobStatusError> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(JobStatusError)
    }
}

/// Something about a job that did not go well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFailure {
    /// Which document; `None` when it is all of them.
    pub document_id: Option<String>,
    /// What went wrong, and what to do.
    pub message: String,
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
    /// How many of them are found by a search.
    pub documents_done: u64,
    /// How many chunks they were cut into.
    pub chunks: u64,
    /// How many bytes of text they have.
    pub bytes: u64,
    /// What did not go well.
    pub errors: Vec<JobFailure>,
    /// When it began.
    pub created_at: Timestamp,
    /// When its status became final.
    pub finished_at: Option<Timestamp>,
}
