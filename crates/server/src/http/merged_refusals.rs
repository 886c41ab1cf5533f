//! Refusals that are merged: what anybody can cause at any rate must not fill the audit log.
//!
//! All that are refused for one reason from one address (an IPv6 address: its /64) within one second become one event
//! with their number: of nobody known in the installation's log, of a principal in the log where each would stand. Of
//! those that were drafted as events (`merging_store.rs`), the first few of each principal in a second, or of each address
//! from which nobody known came, are written at once; those behind them are counted. The table is bounded; beyond it,
//! refusals are counted under no address and no object. A counted event may come up to a second after what it tells of,
//! unlike any other.
//!
//! They are the first that is done without. When the store has no space, addresses are let go of, refusals are only
//! counted, and writing is tried again once in a while. When it is busy, they wait for the next second.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::audit::{
    Action, Actor, Event, Log, Object, Origin, Outcome, Person, ReasonCode, RecordedReason,
};
use syft_space_domain::random::RandomError;
use syft_space_domain::store::StoreError;
use syft_space_domain::unit::{Receipt, Recorded};

use crate::http::client_address::prefix;

/// The most kinds of refusal that are told apart within a second, besides those under no address.
const MAX_KINDS: usize = 1_000;
/// The most kinds of one principal's that are told apart within a second, besides those under no address and object.
const MAX_KINDS_PER_PRINCIPAL: usize = 16;
/// How many refusals of one caller are written as they are within a second: of one kind, and of all.
const WRITTEN_PER_SECOND: (u32, u32) = (10, 100);
/// The most events of one unit of work: more would delay the units behind it.
const MAX_EVENTS_PER_UNIT: usize = 100;
/// How long to wait before writing again when there was no space.
const FULL_STORE_RETRY_INTERVAL: Duration = Duration::from_secs(10);

/// Refusals of one kind become one event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RefusalKind {
    log: Log,
    actor: Actor,
    action: Action,
    outcome: Outcome,
    reason_code: Option<RecordedReason>,
    object: Option<Object>,
    address: Option<IpAddr>,
}

impl RefusalKind {
    /// The kind of a refusal by nobody known, which has no event of its own.
    fn anonymous(address: Option<IpAddr>, action: Action, reason_code: ReasonCode) -> Self {
        Self {
            log: Log::Installation,
            actor: Actor::Anonymous,
            action,
            outcome: Outcome::Denied,
            reason_code: Some(reason_code.into()),
            object: None,
            address: address.map(prefix),
        }
    }

    fn of(event: &Event) -> Self {
        let Event { log, actor, action, outcome, reason_code, object, person, .. } = event;
        Self {
            log: *log,
            actor: *actor,
            action: *action,
            outcome: *outcome,
            reason_code: reason_code.clone(),
            object: object.clone(),
            address: person.address.map(prefix),
        }
    }

    /// Without what there may be any number of.
    fn coarse(self) -> Self {
        Self { address: None, object: None, ..self }
    }
}

/// How often something was refused since the last flush.
#[derive(Default)]
struct Count {
    number: u32,
    /// The event of one of them, where it was drafted.
    draft: Option<Event>,
}

/// Who was refused. Of nobody known it is the address alone: whether a login failed for somebody who has an account must
/// not show in how long it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    Principal(Log, Actor),
    Address(Option<IpAddr>),
}

impl Client {
    fn of(kind: &RefusalKind) -> Self {
        match kind.actor {
            Actor::Anonymous => Self::Address(kind.address),
            actor => Self::Principal(kind.log, actor),
        }
    }
}

/// How many refusals of one caller were written at once: of each kind, whose number is bounded by that of all.
#[derive(Default)]
struct Written {
    all: u32,
    kinds: HashMap<RefusalKind, u32>,
}

/// Refusals since the last flush.
#[derive(Default)]
struct Refusals {
    counts: HashMap<RefusalKind, Count>,
    /// How many were written at once, of whom.
    written: HashMap<Client, Written>,
    /// How many kinds are counted, of which principal.
    kinds: HashMap<Client, usize>,
}

impl Refusals {
    fn add(&mut self, kind: RefusalKind, more: u32, draft: Option<Event>) {
        let has_room = self.counts.len() < MAX_KINDS || self.counts.contains_key(&kind);
        let kind = if has_room { kind } else { kind.coarse() };
        let count = self.counts.entry(kind).or_default();
        count.number = count.number.saturating_add(more);
        count.draft = count.draft.take().or(draft);
    }

    fn admit(&mut self, event: &Event) -> Admission {
        let mut kind = RefusalKind::of(event);
        let mut client = Client::of(&kind);
        if self.written.len() >= MAX_KINDS && !self.written.contains_key(&client) {
            client = Client::Address(None);
        }
        // Of nobody known all are of one kind: see [`Client`].
        let told = if kind.actor == Actor::Anonymous { kind.clone().coarse() } else { kind.clone() };
        let told = RefusalKind {
            log: if told.actor == Actor::Anonymous { Log::Installation } else { told.log },
            ..told
        };
        let written = self.written.entry(client).or_default();
        let of_kind = written.kinds.get(&told).copied().unwrap_or_default();
        let (most_of_kind, most) = WRITTEN_PER_SECOND;
        if of_kind < most_of_kind && written.all < most {
            written.all = written.all.saturating_add(1);
            written.kinds.insert(told.clone(), of_kind.saturating_add(1));
            return Admission::Written(client, told);
        }
        if matches!(client, Client::Principal(..)) && !self.counts.contains_key(&kind) {
            let kinds = self.kinds.entry(client).or_default();
            if *kinds >= MAX_KINDS_PER_PRINCIPAL {
                kind = kind.coarse();
            }
            *kinds = kinds.saturating_add(1);
        }
        self.add(kind.clone(), 1, Some(event.clone()));
        Admission::Counted(kind)
    }
}

/// What became of an event that would tell of a refusal.
pub(crate) enum Admission {
    /// It is one of the first of this caller's: it is to be written.
    Written(Client, RefusalKind),
    /// It was counted.
    Counted(RefusalKind),
}

/// Counts refusals, and writes how many there were.
pub struct MergedRefusals {
    /// With the store behind the one that counts.
    space: Space,
    refusals: Mutex<Refusals>,
}

impl MergedRefusals {
    /// Nothing refused yet in this space, whose store writes what was counted.
    #[must_use]
    pub fn of(space: Space) -> Self {
        Self { space, refusals: Mutex::default() }
    }

    /// Counts a failure by nobody known.
    pub fn count(&self, address: Option<IpAddr>, action: Action, reason_code: ReasonCode) {
        self.refusals().add(RefusalKind::anonymous(address, action, reason_code), 1, None);
    }

    /// Counts the event of a refusal, unless it is one of the first of its caller since the last flush.
    pub(crate) fn admit(&self, event: &Event) -> Admission {
        self.refusals().admit(event)
    }

    /// Takes back what was admitted: it was not kept.
    pub(crate) fn take_back(&self, admission: &Admission) {
        let mut refusals = self.refusals();
        match admission {
            Admission::Written(client, kind) => {
                if let Some(written) = refusals.written.get_mut(client) {
                    written.all = written.all.saturating_sub(1);
                    written.kinds.entry(kind.clone()).and_modify(|number| *number = number.saturating_sub(1));
                }
            }
            // Where it was written meanwhile it stays: an attempt that failed is told once too often.
            Admission::Counted(kind) => {
                if let Some(count) = refusals.counts.get_mut(kind) {
                    count.number = count.number.saturating_sub(1);
                }
            }
        }
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what was counted, one event each. What could not be written is counted again, with what comes next;
    /// when there was no space, under no address.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let Refusals { counts, .. } = std::mem::take(&mut *self.refusals());
        let mut counted: Vec<_> = counts.into_iter().filter(|(_, count)| count.number > 0).collect();
        let mut submitted = Vec::new();
        while !counted.is_empty() {
            let rest = counted.split_off(counted.len().min(MAX_EVENTS_PER_UNIT));
            let part = std::mem::replace(&mut counted, rest);
            let receipt = self.record(&part).map_err(StoreError::failed);
            submitted.push((part, receipt));
        }
        let mut outcome = Ok(());
        for (part, receipt) in submitted {
            let written = match receipt {
                Ok(receipt) => receipt.await,
                Err(error) => Err(error),
            };
            if let Err(error) = written {
                let mut refusals = self.refusals();
                for (kind, Count { number, draft }) in part {
                    let kind = if error == StoreError::Full { kind.coarse() } else { kind };
                    refusals.add(kind, number, draft);
                }
                outcome = Err(error);
            }
        }
        outcome
    }

    /// Flushes once a second, for as long as the task lives.
    pub async fn flush_forever(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.flush().await {
                tracing::warn!(%error, "merged refusals could not be recorded; they are counted on");
                if error == StoreError::Full {
                    tokio::time::sleep(FULL_STORE_RETRY_INTERVAL).await;
                }
            }
        }
    }

    /// Submits the events of some kinds, all or none.
    fn record(&self, counted: &[(RefusalKind, Count)]) -> Result<Receipt<(), StoreError>, RandomError> {
        let events: Result<Vec<Event>, RandomError> =
            counted.iter().map(|(kind, count)| self.event(kind, count)).collect();
        let events = events?;
        Ok(self.space.store.write(move |_| {
            let (first, others) = events.split_first().ok_or(StoreError::Closed)?;
            Ok(others.iter().cloned().fold(Recorded::new((), first.clone()), Recorded::and))
        }))
    }

    /// The event of some refusals; of a single one, the event that was drafted for it.
    fn event(&self, kind: &RefusalKind, count: &Count) -> Result<Event, RandomError> {
        if let (1, Some(draft)) = (count.number, &count.draft) {
            return Ok(draft.clone());
        }
        let RefusalKind { log, actor, action, outcome, reason_code, object, address } = kind.clone();
        let context = self.space.request_context(Origin { address, user_agent: None })?;
        // Who somebody is on a hub is the same for each of them; what they gave of themselves is not.
        let hub_user = count.draft.as_ref().and_then(|draft| draft.person.hub_user.clone());
        let event = context.event(log, action, actor)?;
        let person = Person { hub_user, ..event.person };
        Ok(Event { outcome, reason_code, object, request: None, count: count.number, person, ..event })
    }
}

#[cfg(test)]
mod tests {
    use syft_space_domain::audit::ports::EventFilter;
    use syft_space_domain::audit::{ObjectKind, RecordedEvent};
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

    fn total(failures: &MergedRefusals) -> u32 {
        failures.refusals().counts.values().map(|count| count.number).sum()
    }

    /// The event of a query that a guest of a hub was refused, about an endpoint.
    fn refused_query(space: &Space, endpoint: u32) -> Event {
        let id = syft_space_domain::ids::ActorId::from_bytes([7; 16]);
        let guest = Actor::HubUser { id, role: syft_space_domain::marketplace::HubRole::Guest };
        let context = space.request_context(Origin { address: address(9), user_agent: None }).unwrap();
        let event = context.event(Log::Installation, Action::EndpointQuery, guest).unwrap();
        event.on(ObjectKind::Endpoint, endpoint).denied(ReasonCode::EndpointNotFound)
    }

    #[tokio::test]
    async fn u1_of_a_principals_refusals_the_first_are_written_and_the_others_are_counted() {
        let space = state().space;
        let refusals = MergedRefusals::of(space.clone());
        for _ in 0..WRITTEN_PER_SECOND.0 {
            assert!(matches!(refusals.admit(&refused_query(&space, 1)), Admission::Written(..)));
        }
        for _ in 0..200 {
            assert!(matches!(refusals.admit(&refused_query(&space, 1)), Admission::Counted(_)));
        }
        let Admission::Counted(kind) = refusals.admit(&refused_query(&space, 1)) else { panic!() };
        refusals.take_back(&Admission::Counted(kind));
        refusals.flush().await.unwrap();
        let written = recorded(&space);
        assert_eq!(written.len(), 1);
        let event = &written[0].event;
        assert_eq!((event.count, event.request, event.person.address), (200, None, address(9)));
        assert_eq!(event.object, Some(Object::new(ObjectKind::Endpoint, 1)));
        assert!(matches!(refusals.admit(&refused_query(&space, 1)), Admission::Written(..)), "a new second");
    }

    #[tokio::test]
    async fn u1_a_principal_has_a_bounded_number_of_events_a_second_whatever_they_are_about() {
        let space = state().space;
        let refusals = MergedRefusals::of(space.clone());
        let mut written = 0;
        for n in 0..5_000 {
            written += u32::from(matches!(refusals.admit(&refused_query(&space, n)), Admission::Written(..)));
        }
        assert_eq!(written, WRITTEN_PER_SECOND.1);
        refusals.flush().await.unwrap();
        let counted: u32 = recorded(&space).iter().map(|recorded| recorded.event.count).sum();
        assert_eq!(counted + written, 5_000);
        assert_eq!(recorded(&space).len(), MAX_KINDS_PER_PRINCIPAL + 1);
    }

    #[test]
    fn u1_the_table_of_failures_is_bounded_and_loses_no_count() {
        let failures = MergedRefusals::of(state().space);
        for n in 0..5_000 {
            failures.count(address(n), Action::AuthnTokenFail, ReasonCode::TokenMalformed);
        }
        assert!(failures.refusals().counts.len() <= MAX_KINDS + 1);
        assert_eq!(total(&failures), 5_000);
    }

    #[tokio::test]
    async fn u1_failures_that_a_busy_store_did_not_take_are_counted_on() {
        let (space, store) = space_refusing(StoreError::Busy);
        let failures = MergedRefusals::of(space.clone());
        for round in 1..=3 {
            failures.count(address(1), Action::AuthnTokenFail, ReasonCode::TokenMalformed);
            failures.count(address(2), Action::AuthzFail, ReasonCode::RegistrationClosed);
            assert_eq!(failures.flush().await, Err(StoreError::Busy));
            assert_eq!(total(&failures), 2 * round);
        }
        *store.error.lock().unwrap() = None;
        failures.flush().await.unwrap();
        assert!(failures.refusals().counts.is_empty(), "what is written is not written again");
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
        let failures = MergedRefusals::of(space.clone());
        for n in 0..500 {
            failures.count(address(n), Action::AuthnTokenFail, ReasonCode::TokenMalformed);
        }
        assert_eq!(failures.flush().await, Err(StoreError::Full));
        assert_eq!(failures.refusals().counts.len(), 1, "addresses are let go of");
        *store.error.lock().unwrap() = None;
        failures.flush().await.unwrap();
        let written: Vec<_> = recorded(&space)
            .iter()
            .map(|recorded| (recorded.event.person.address, recorded.event.count))
            .collect();
        assert_eq!(written, [(None, 500)], "and the number is not lost");
    }
}
