//! How far each sink has the logs.

use crate::audit::Log;
use crate::audit::ports::{LogPosition, LogScope, LogWriteScope};
use crate::sink::{SinkChange, SinkLogs, SinkName, SinkTerms};
use crate::store::StoreError;
use crate::tenant::OperatorScope;

/// Reads how far sinks have the logs.
pub trait SinkView {
    /// The next logs, a hundred at most, of which a sink lacks events, with the last event that it has: the installation's first, then
    /// tenants' by their ids, those behind `after`. Those of tenants are left out where it gets the installation's alone.
    fn undelivered_logs(
        &mut self,
        operator: &OperatorScope,
        sink: &SinkName,
        logs: SinkLogs,
        after: Option<Log>,
    ) -> Result<Vec<LogPosition>, StoreError>;

    /// The number of the last event of a log that a sink has; 0 before the first.
    fn delivered(&mut self, sink: &SinkName, log: LogScope<'_>) -> Result<u64, StoreError>;
    /// How far the sink has a log that of all that get it has the least of it; `None` where no sink gets it.
    fn least_delivered(&mut self, log: LogScope<'_>) -> Result<Option<u64>, StoreError>;
}

/// Writes it.
pub trait SinkRows: SinkView {
    /// From now on there are these sinks and no others. A log that one of them gets for the first time, or again after it got it no
    /// more, begins for it as its terms say; a log that there was not yet begins with its first event. How far others of its logs are
    /// stays, whatever its terms say. What was kept of sinks that are gone goes.
    ///
    /// Answers what that changed since the last time, in the order of the names. Of a sink that was settled before targets were kept, that
    /// it leads elsewhere is not told.
    fn settle_sinks(
        &mut self,
        operator: &OperatorScope,
        sinks: &[SinkTerms],
    ) -> Result<Vec<(SinkName, SinkChange)>, StoreError>;

    /// Moves a sink on in a log from one event to another. `false`, and nothing is written, where it is not at the first one.
    fn advance_delivered(
        &mut self,
        log: &LogWriteScope,
        sink: &SinkName,
        from: u64,
        to: u64,
    ) -> Result<bool, StoreError>;
}
