//! What is known of the sinks while the server runs.

use std::sync::atomic::{AtomicBool, Ordering};

use syft_space_domain::sink::{SinkLogs, SinkName};

/// A sink of the audit logs, as those are told of it who may not know where it leads.
#[derive(Debug)]
pub struct SinkStatus {
    /// Its name.
    pub name: SinkName,
    /// What it is: a file, syslog or a webhook.
    pub kind: &'static str,
    /// Which logs it gets.
    pub logs: SinkLogs,
    /// How events are told there.
    pub format: &'static str,
    /// Whether what was sent last has not arrived.
    pub is_late: AtomicBool,
}

impl SinkStatus {
    /// Takes note of how the last delivery ended, and answers whether the one before ended otherwise.
    pub fn note(&self, is_late: bool) -> bool {
        self.is_late.swap(is_late, Ordering::Relaxed) != is_late
    }
}

/// Whether any of them lacks what it was sent last.
#[must_use]
pub fn is_any_late(sinks: &[std::sync::Arc<SinkStatus>]) -> bool {
    sinks.iter().any(|sink| sink.is_late.load(Ordering::Relaxed))
}
