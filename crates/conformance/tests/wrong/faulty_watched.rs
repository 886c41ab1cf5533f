//! Stores that do not keep how far a log was looked at.

use std::ops::DerefMut;

use syft_space_conformance::audit::watched;
use syft_space_domain::audit::ports::{LogPosition, LogScope, LogWriteScope};
use syft_space_domain::audit::{Action, Log, RecordedEvent};
use syft_space_domain::detection::ports::{DetectionRows, DetectionView};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::OperatorScope;

use crate::faulty_view::FaultyView;
use crate::store::Fault;
use crate::{assert_caught, faulty_store};

impl<P: DerefMut> DetectionView for FaultyView<P>
where
    P::Target: DetectionView,
{
    fn unwatched_logs(
        &mut self,
        operator: &OperatorScope,
        after: Option<Log>,
    ) -> Result<Vec<LogPosition>, StoreError> {
        let mut logs = self.inner.unwatched_logs(operator, after)?;
        if self.fault == Fault::ForgetsWatchedLogs {
            logs.iter_mut().for_each(|position| position.seq = 0);
        }
        Ok(logs)
    }

    fn next_watched(
        &mut self,
        log: LogScope<'_>,
        behind: u64,
        actions: &[Action],
    ) -> Result<(u64, Vec<RecordedEvent>), StoreError> {
        let (to, events) = self.inner.next_watched(log, behind, actions)?;
        Ok(if self.fault == Fault::WatchesAPart {
            (to, events.into_iter().skip(1).collect())
        } else {
            (to, events)
        })
    }

    fn watched(&mut self, log: LogScope<'_>) -> Result<u64, StoreError> {
        self.inner.watched(log)
    }
}

impl<P: DerefMut> DetectionRows for FaultyView<P>
where
    P::Target: DetectionRows,
{
    fn advance_watched(&mut self, log: &LogWriteScope, from: u64, to: u64) -> Result<bool, StoreError> {
        let moved = self.inner.advance_watched(log, from, to)?;
        Ok(moved || self.fault == Fault::WatchesTwice)
    }
}

#[test]
fn u1_a_store_that_does_not_keep_how_far_logs_were_looked_at_is_caught() {
    for (fault, promise) in [
        (Fault::ForgetsWatchedLogs, "u1_the_logs_that_were_not_looked_at_are_told"),
        (Fault::WatchesAPart, "u1_what_is_looked_at_next_are_all_events_of_the_actions"),
        (Fault::WatchesTwice, "u1_how_far_a_log_was_looked_at_moves_on_from_where_it_is_alone"),
    ] {
        assert_caught(watched::CHECKS, &*faulty_store(fault), promise);
    }
}
