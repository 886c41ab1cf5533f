//! The progress of an ingestion: a bar on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use crate::cli::printable::one_line;
use crate::routes::jobs::Job;

/// The display of progress on standard error.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    last_reported: u64,
}

/// The counts that are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ProgressCounts {
    pub(super) files: u64,
    pub(super) files_total: u64,
    pub(super) bytes: u64,
    pub(super) chunks: u64,
}

impl ProgressCounts {
    pub(super) fn add(&mut self, job: &Job) {
        self.files += job.documents_done + job.documents_failed;
        self.bytes += job.bytes_done;
        self.chunks += job.chunks;
    }
}

impl Progress {
    pub(super) fn begin(bytes_total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(
                "{wide_bar} {percent:>3}%  {msg}  {binary_bytes}  {binary_bytes_per_sec}  {eta} left",
            );
            let bar = ProgressBar::new(bytes_total);
            // The template is a constant that a test shows.
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        Self { bar, last_reported: 0 }
    }

    pub(super) fn show(&mut self, counts: ProgressCounts) {
        let ProgressCounts { files, files_total, bytes, chunks } = counts;
        let (files_shown, chunks) = (HumanCount(files), HumanCount(chunks));
        match &self.bar {
            Some(bar) => {
                bar.set_message(format!("{files_shown}/{} files  {chunks} chunks", HumanCount(files_total)));
                bar.set_position(bytes);
            }
            // A line for every tenth part is enough where it is kept.
            None if files > self.last_reported && (files - self.last_reported) * 10 >= files_total => {
                self.last_reported = files;
                self.line(&format!("{files_shown} of {} files, {chunks} chunks", HumanCount(files_total)));
            }
            None => {}
        }
    }

    /// Writes a line above the bar.
    pub(super) fn line(&self, text: &str) {
        let text = one_line(text);
        match &self.bar {
            Some(bar) => bar.println(text),
            None => {
                // With standard error closed there is nobody to tell.
                let _nobody = writeln!(std::io::stderr(), "{text}");
            }
        }
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }
}
