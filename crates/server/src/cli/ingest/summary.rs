//! How it went: counts, and each file that was not taken in, with the reason.

use serde::Serialize;

use crate::cli::out::Out;
use crate::cli::printable::one_line;

/// A file that was not taken in, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct NotIn {
    pub(super) file: String,
    pub(super) reason: String,
}

/// How it went.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    pub(super) dataset_id: String,
    pub(super) dataset: String,
    /// Files that were looked at.
    pub(super) files: u64,
    pub(super) new: u64,
    pub(super) changed: u64,
    pub(super) unchanged: u64,
    pub(super) duplicate: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
    pub(super) chunks: u64,
    /// Bytes that were sent.
    pub(super) bytes: u64,
    pub(super) seconds: f64,
    pub(super) canceled: bool,
    pub(super) failures: Vec<NotIn>,
    pub(super) skips: Vec<NotIn>,
}

impl Summary {
    pub(super) fn fail(&mut self, file: impl Into<String>, reason: impl Into<String>) {
        self.failures.push(NotIn { file: file.into(), reason: reason.into() });
        self.failed = self.failed.saturating_add(1);
    }

    pub(super) fn write(&self, out: &mut Out) -> anyhow::Result<()> {
        if out.json {
            return out.document(self);
        }
        for (what, files) in [("skipped", &self.skips), ("failed", &self.failures)] {
            for NotIn { file, reason } in files {
                out.line(&format!("{what}: {}: {}", one_line(file), one_line(reason)))?;
            }
        }
        let Self { new, changed, unchanged, duplicate, failed, skipped, chunks, seconds, .. } = self;
        let dataset = one_line(&self.dataset);
        out.line(&format!(
            "{dataset}: {new} new, {changed} changed, {unchanged} unchanged, {duplicate} duplicate, {failed} failed, \
             {skipped} skipped; {chunks} chunks in {seconds:.1} s"
        ))
    }
}
