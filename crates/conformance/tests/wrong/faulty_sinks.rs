//! Stores that do not keep how far a sink has the logs.

use std::ops::DerefMut;

use syft_space_conformance::audit::sinks;
use syft_space_domain::audit::Log;
use syft_space_domain::audit::ports::{LogPosition, LogScope, LogWriteScope};
use syft_space_domain::sink::ports::{SinkRows, SinkView};
use syft_space_domain::sink::{SinkChange, SinkLogs, SinkName, SinkTerms};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::OperatorScope;

use crate::faulty_view::FaultyView;
use crate::store::Fault;
use crate::{assert_caught, faulty_store};

impl<P: DerefMut> SinkView for FaultyView<P>
where
    P::Target: SinkView,
{
    fn undelivered_logs(
        &mut self,
        operator: &OperatorScope,
        sink: &SinkName,
        logs: SinkLogs,
        after: Option<Log>,
    ) -> Result<Vec<LogPosition>, StoreError> {
        let logs = if self.fault == Fault::SendsTenantsLogs { SinkLogs::All } else { logs };
        self.inner.undelivered_logs(operator, sink, logs, after)
    }

    fn delivered(&mut self, sink: &SinkName, log: LogScope<'_>) -> Result<u64, StoreError> {
        self.inner.delivered(sink, log)
    }

    fn least_delivered(&mut self, log: LogScope<'_>) -> Result<Option<u64>, StoreError> {
        let least = self.inner.least_delivered(log)?;
        // A sink that has nothing of the log yet is passed over.
        Ok(least.filter(|least| self.fault != Fault::PassesOverNewSinks || *least > 0))
    }
}

impl<P: DerefMut> SinkRows for FaultyView<P>
where
    P::Target: SinkRows,
{
    fn settle_sinks(
        &mut self,
        operator: &OperatorScope,
        sinks: &[SinkTerms],
    ) -> Result<Vec<(SinkName, SinkChange)>, StoreError> {
        match self.fault {
            Fault::BeginsSinksAnew => {
                self.inner.settle_sinks(operator, &[])?;
                self.inner.settle_sinks(operator, sinks)
            }
            Fault::KeepsGoneSinks if sinks.is_empty() => Ok(Vec::new()),
            Fault::TellsNoOtherTarget => {
                let mut changes = self.inner.settle_sinks(operator, sinks)?;
                changes.retain(|(_, change)| !matches!(change, SinkChange::Changed { logs: false, .. }));
                Ok(changes)
            }
            _ => self.inner.settle_sinks(operator, sinks),
        }
    }

    fn advance_delivered(
        &mut self,
        log: &LogWriteScope,
        sink: &SinkName,
        from: u64,
        to: u64,
    ) -> Result<bool, StoreError> {
        let moved = self.inner.advance_delivered(log, sink, from, to)?;
        Ok(moved || self.fault == Fault::DeliversTwice)
    }
}

#[test]
fn u1_a_store_that_does_not_keep_how_far_sinks_are_is_caught() {
    for (fault, promise) in [
        (Fault::PassesOverNewSinks, "u1_the_least_that_any_sink_has_of_a_log_is_told"),
        (Fault::SendsTenantsLogs, "u1_the_logs_that_a_sink_lacks_events_of_are_told"),
        (Fault::DeliversTwice, "u1_a_sink_moves_on_in_a_log_from_where_it_is_alone"),
        (Fault::BeginsSinksAnew, "u1_a_sink_begins_where_its_terms_say_and_goes_on_where_it_was"),
        (Fault::KeepsGoneSinks, "u1_what_a_sink_gets_no_more_is_forgotten"),
        (Fault::TellsNoOtherTarget, "u1_what_was_changed_of_the_sinks_is_told"),
    ] {
        assert_caught(sinks::CHECKS, &*faulty_store(fault), promise);
    }
}
