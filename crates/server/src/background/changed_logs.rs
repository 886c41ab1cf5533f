//! Telling the operator of audit logs that are not what they were.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use syft_space_domain::audit::{Log, record_changed_log};

use crate::http::state::State;

/// The logs of which the operator was told. Each is recorded once.
pub(super) struct ChangedLogs {
    state: Arc<State>,
    told: BTreeSet<Log>,
}

impl ChangedLogs {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self { state, told: BTreeSet::new() }
    }

    /// Has the operator know that a log is not the one that it was.
    pub(super) async fn tell(&mut self, log: Log) {
        if self.told.contains(&log) {
            return;
        }
        self.state.audit_changed.store(true, Ordering::Relaxed);
        match record_changed_log(&self.state.space, log).await {
            Ok(()) => {
                self.told.insert(log);
            }
            Err(error) => tracing::error!(%error, "that an audit log was changed could not be recorded"),
        }
    }
}
