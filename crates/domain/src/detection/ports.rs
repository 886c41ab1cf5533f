//! How far the logs were looked at.

use crate::audit::ports::{LogPosition, LogScope, LogWriteScope};
use crate::audit::{Action, Log, RecordedEvent};
use crate::store::StoreError;
use crate::tenant::OperatorScope;

/// Reads how far the logs were looked at.
pub trait DetectionView {
    /// The next logs, a hundred at most, that have events behind the last one that was looked at: the installation's first, then
    /// tenants' by their ids, those behind `after`.
    fn unwatched_logs(
        &mut self,
        operator: &OperatorScope,
        after: Option<Log>,
    ) -> Result<Vec<LogPosition>, StoreError>;

    /// Of the next events of a log behind one, [`BLOCK_LEAVES`](crate::audit::tree::BLOCK_LEAVES) at most, those of these actions, the
    /// oldest first; and the number of the last of the next.
    fn next_watched(
        &mut self,
        log: LogScope<'_>,
        behind: u64,
        actions: &[Action],
    ) -> Result<(u64, Vec<RecordedEvent>), StoreError>;

    /// The number of the last event of a log that was looked at; 0 before the first.
    fn watched(&mut self, log: LogScope<'_>) -> Result<u64, StoreError>;
}

/// Writes it.
pub trait DetectionRows: DetectionView {
    /// Moves it on from one event to another. `false`, and nothing is written, where it is not at the first one.
    fn advance_watched(&mut self, log: &LogWriteScope, from: u64, to: u64) -> Result<bool, StoreError>;
}
