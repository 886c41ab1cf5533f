//! The audit logs that are not what they were, as far as anybody has found out.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use syft_space_domain::Space;
use syft_space_domain::audit::{Log, record_changed_log};

/// The logs that were found changed since the start, and whether that is recorded. Each is recorded once, whoever finds it.
#[derive(Debug, Default)]
pub(crate) struct ChangedLogs(Mutex<BTreeMap<Log, bool>>);

impl ChangedLogs {
    /// Whether there is any.
    pub(crate) fn any(&self) -> bool {
        !self.logs().is_empty()
    }

    /// Has the operator know that a log is not the one that it was.
    pub(crate) async fn tell(&self, space: &Space, log: Log) {
        if self.logs().insert(log, true) == Some(true) {
            return;
        }
        if let Err(error) = record_changed_log(space, log).await {
            tracing::error!(%error, "that an audit log was changed could not be recorded");
            // The next who finds it tries again.
            self.logs().insert(log, false);
        }
    }

    fn logs(&self) -> MutexGuard<'_, BTreeMap<Log, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
