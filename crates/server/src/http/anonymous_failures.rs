//! Counters of failures by unauthenticated callers: what anybody can cause at any rate must not fill the audit log.
//!
//! All that fail for one reason from one address (an IPv6 address: its /64) within one second become one event of
//! the installation's log, with their number. The table is bounded; beyond it, failures are counted under no
//! address. An event of this kind may come up to a second after its failures, unlike any other.
//!
//! They are the first that is done without. When the store has no space, addresses are let go of, failures are only
//! counted, and writing is tried again once in a while. When it is busy, they wait for the next second.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::audit::{Action, Actor, Event, Log, Origin, ReasonCode};
use syft_space_domain::random::RandomError;
use syft_space_domain::store::StoreError;
use syft_space_domain::unit::{Receipt, Recorded};

use crate::http::client_address::prefix;

/// The most kinds of failure that are told apart within a second, besides those under no address.
const MAX_KINDS: usize = 1_000;
/// The most events of one unit of work: more would delay the units behind it.
const MAX_EVENTS_PER_UNIT: usize = 100;
/// How long to wait before writing again when there was no space.
const FULL_STORE_RETRY_INTERVAL: Duration = Duration::from_secs(10);

/// Failures of one kind become one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct FailureKind {
    address: Option<IpAddr>,
    action: Action,
    reason_code: ReasonCode,
}

/// Failures since the last flush.
#[derive(Default)]
pub struct AnonymousFailures {
    counts: Mutex<HashMap<FailureKind, u32>>,
}

impl AnonymousFailures {
    /// Counts a failure by nobody known.
    pub fn count(&self, address: Option<IpAddr>, action: Action, reason_code: ReasonCode) {
        add(&mut self.counts(), FailureKind { address: address.map(prefix), action, reason_code }, 1);
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<FailureKind, u32>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what was counted, one event each. What could not be written is counted again, with what comes next;
    /// when there was no space, under no address.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn flush(&self, space: &Space) -> Result<(), StoreError> {
        let counted: Vec<(FailureKind, u32)> = std::mem::take(&mut *self.counts()).into_iter().collect();
        let submit = |part: &[(FailureKind, u32)]| record(space, part).map_err(StoreError::failed);
        let submitted: Vec<_> =
            counted.chunks(MAX_EVENTS_PER_UNIT).map(|part| (part, submit(part))).collect();
        let mut outcome = Ok(());
        for (part, receipt) in submitted {
            let written = match receipt {
                Ok(receipt) => receipt.await,
                Err(error) => Err(error),
            };
            if let Err(error) = written {
                let mut counts = self.counts();
                for (kind, count) in part {
                    let address = kind.address.filter(|_| error != StoreError::Full);
                    add(&mut counts, FailureKind { address, ..*kind }, *count);
                }
                outcome = Err(error);
            }
        }
        outcome
    }

    /// Flushes once a second, for as long as the task lives.
    pub async fn flush_forever(self: Arc<Self>, space: Space) {
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.flush(&space).await {
                tracing::warn!(%error, "failures by nobody known could not be recorded; they are counted on");
                if error == StoreError::Full {
                    tokio::time::sleep(FULL_STORE_RETRY_INTERVAL).await;
                }
            }
        }
    }
}

fn add(counts: &mut HashMap<FailureKind, u32>, kind: FailureKind, more: u32) {
    let is_told_apart = counts.len() < MAX_KINDS || counts.contains_key(&kind);
    let kind = if is_told_apart { kind } else { FailureKind { address: None, ..kind } };
    let count = counts.entry(kind).or_default();
    *count = count.saturating_add(more);
}

/// Submits the events of some kinds, all or none.
fn record(space: &Space, counted: &[(FailureKind, u32)]) -> Result<Receipt<(), StoreError>, RandomError> {
    let mut events = Vec::with_capacity(counted.len());
    for (FailureKind { address, action, reason_code }, count) in counted {
        let context = space.request_context(Origin { address: *address, user_agent: None })?;
        let event = context.event(Log::Installation, *action, Actor::Anonymous)?.denied(*reason_code);
        events.push(Event { request: None, count: *count, ..event });
    }
    Ok(space.store.write(move |_| {
        let (first, others) = events.split_first().ok_or(StoreError::Closed)?;
        Ok(others.iter().cloned().fold(Recorded::new((), first.clone()), Recorded::and))
    }))
}

#[cfg(test)]
mod tests {
    use syft_space_domain::audit::RecordedEvent;
    use syft_space_domain::audit::ports::EventFilter;
    use syft_space_domain::store::{Flow, ReadUnit, Store};
    use syft_space_domain::tenant::OperatorScope;
    use syft_space_domain::unit::Unit;

    use super::*;
    use crate::http::testing::state;

    /// A store that refuses to write while there is an error.
    struct Refusing {
        inner: Arc<dyn Store>,
        error: Mutex<Option<StoreError>>,
    }

    impl Store for Refusing {
        fn submit(&self, unit: Box<dyn Unit>) {
            match self.error.lock().unwrap().clone() {
                Some(error) => unit.done(Err(error)),
                None => self.inner.submit(unit),
            }
        }

        fn submit_read(&self, read: Box<dyn ReadUnit>) {
            self.inner.submit_read(read);
        }
    }

    fn address(n: u32) -> Option<IpAddr> {
        Some(IpAddr::from(n.to_be_bytes()))
    }

    fn space_refusing(error: StoreError) -> (Space, Arc<Refusing>) {
        let mut space = state().space;
        let store = Arc::new(Refusing { inner: space.store, error: Mutex::new(Some(error)) });
        space.store = store.clone();
        (space, store)
    }

    fn recorded(space: &Space) -> Vec<RecordedEvent> {
        let page = space.store.read(Flow::Installation, |view| {
            let (operator, any) = (OperatorScope::at_startup(), EventFilter::default());
            view.installation_events(&operator, &any, Default::default())
        });
        page.wait().unwrap().events.items
    }

    #[test]
    fn u1_the_table_of_failures_is_bounded_and_loses_no_count() {
        let failures = AnonymousFailures::default();
        for n in 0..5_000 {
            failures.count(address(n), Action::AuthnTokenFail, ReasonCode::TokenMalformed);
        }
        let counts = failures.counts();
        assert!(counts.len() <= MAX_KINDS + 1);
        assert_eq!(counts.values().sum::<u32>(), 5_000);
    }

    #[tokio::test]
    async fn u1_failures_that_a_busy_store_did_not_take_are_counted_on() {
        let (space, store) = space_refusing(StoreError::Busy);
        let failures = AnonymousFailures::default();
        for round in 1..=3 {
            failures.count(address(1), Action::AuthnTokenFail, ReasonCode::TokenMalformed);
            failures.count(address(2), Action::AuthzFail, ReasonCode::RegistrationClosed);
            assert_eq!(failures.flush(&space).await, Err(StoreError::Busy));
            assert_eq!(failures.counts().values().sum::<u32>(), 2 * round);
        }
        *store.error.lock().unwrap() = None;
        failures.flush(&space).await.unwrap();
        assert!(failures.counts().is_empty(), "what is written is not written again");
        let mut written: Vec<_> = recorded(&space)
            .iter()
            .map(|recorded| (recorded.event.person.address, recorded.event.count))
            .collect();
        written.sort();
        assert_eq!(written, [(address(1), 3), (address(2), 3)]);
    }

    #[tokio::test]
    async fn u1_without_space_failures_are_only_counted_and_recorded_when_there_is_some() {
        let (space, store) = space_refusing(StoreError::Full);
        let failures = AnonymousFailures::default();
        for n in 0..500 {
            failures.count(address(n), Action::AuthnTokenFail, ReasonCode::TokenMalformed);
        }
        assert_eq!(failures.flush(&space).await, Err(StoreError::Full));
        assert_eq!(failures.counts().len(), 1, "addresses are let go of");
        *store.error.lock().unwrap() = None;
        failures.flush(&space).await.unwrap();
        let written: Vec<_> = recorded(&space)
            .iter()
            .map(|recorded| (recorded.event.person.address, recorded.event.count))
            .collect();
        assert_eq!(written, [(None, 500)], "and the number is not lost");
    }
}
