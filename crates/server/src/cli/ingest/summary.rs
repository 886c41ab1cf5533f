//! The summary of an ingestion: counts, and the files that were not taken in, with the reason.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::output::Output;
use crate::cli::printable::one_line;

/// A file that was not taken in, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FileReport {
    pub(super) file: String,
    pub(super) reason: String,
}

/// Why a file was not taken in, and that its old text still answers, where the dataset holds one.
pub(super) fn reason(reason: String, is_stored: bool) -> String {
    if is_stored { format!("{reason}; what the dataset holds of it still answers") } else { reason }
}

/// How many files a person is told of by name, of those with the same reason.
const MAX_NAMED_FILES: usize = 3;

/// A line for each reason, with the files that have it.
fn by_reason(files: &[FileReport]) -> Vec<String> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for FileReport { file, reason } in files {
        reasons.entry(reason).or_default().push(file);
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by(|(_, a), (_, b)| a.first().cmp(&b.first()));
    let line = |(reason, files): (&str, Vec<&str>)| {
        let named: Vec<String> = files.iter().take(MAX_NAMED_FILES).map(|file| one_line(file)).collect();
        let more = match files.len().saturating_sub(MAX_NAMED_FILES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{}{more}: {}", named.join(", "), one_line(reason))
    };
    reasons.into_iter().map(line).collect()
}

/// The summary of an ingestion; with `--json` it is the output.
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
    /// Documents that were removed, for their files are gone.
    pub(super) removed: u64,
    pub(super) chunks: u64,
    /// How many of the dataset's chunks are found by meaning, where it is searched so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) encoded_chunks: Option<u64>,
    /// Bytes that were sent.
    pub(super) bytes: u64,
    pub(super) seconds: f64,
    pub(super) canceled: bool,
    pub(super) failures: Vec<FileReport>,
    pub(super) skips: Vec<FileReport>,
}

impl Summary {
    pub(super) fn fail(&mut self, file: impl Into<String>, reason: impl Into<String>) {
        self.failures.push(FileReport { file: file.into(), reason: reason.into() });
        self.failed = self.failed.saturating_add(1);
    }

    pub(super) fn write(&self, out: &mut Output) -> anyhow::Result<()> {
        if out.json {
            return out.document(self);
        }
        for (what, files) in [("skipped", &self.skips), ("failed", &self.failures)] {
            for line in by_reason(files) {
                out.line(&format!("{what}: {line}"))?;
            }
        }
        let Self { new, changed, unchanged, duplicate, failed, skipped, removed, chunks, seconds, .. } = self;
        let dataset = one_line(&self.dataset);
        let removed = if *removed == 0 { String::new() } else { format!(", {removed} removed") };
        out.line(&format!(
            "{dataset}: {new} new, {changed} changed, {unchanged} unchanged, {duplicate} duplicate, {failed} failed, \
             {skipped} skipped{removed}; {chunks} chunks in {seconds:.1} s"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_were_not_taken_in_stand_together_under_their_reason() {
        let report =
            |file: &str, reason: &str| FileReport { file: file.to_owned(), reason: reason.to_owned() };
        let pictures = ["a.png", "b.png", "d.png", "e.png", "f.png"];
        let mut files: Vec<_> = pictures.map(|file| report(file, "no text")).to_vec();
        files.insert(2, report("c\u{1b}\n", "hidden"));
        files.push(report("g", "a link"));
        files.push(report("h", "a link"));
        let lines = ["a.png, b.png, d.png and 2 more: no text", "c\\u{1b}\\n: hidden", "g, h: a link"];
        assert_eq!(by_reason(&files), lines);
        assert!(by_reason(&[]).is_empty());
    }
}
