//! The names of the forms.

use clap::ValueEnum;

/// In which form an event is told to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// The log's own, with all of which its hashes are computed.
    Jsonl,
    /// The Open Cybersecurity Schema Framework, 1.5.0.
    Ocsf,
    /// The Elastic Common Schema, 8.
    Ecs,
    /// `CloudEvents` 1.0, in JSON.
    Cloudevents,
}
