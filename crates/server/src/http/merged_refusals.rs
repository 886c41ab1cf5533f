//! Refusals that are merged: what anybody can cause at any rate must not fill the audit log.
//!
//! All that are refused for one reason from one address (an IPv6 address: its /64) within one second become one event
//! with their number: of nobody known in the installation's log, of a principal in the log where each would stand. Of
//! those that were drafted as events (`merging_store.rs`), the first few of each principal in a second, or of each address
//! from which nobody known came, are written at once; those behind them are counted. The tables are bounded, and nobody
//! known, users of hubs, and the accounts of each log have one each, so that none of them fills another's. Beyond them,
//! refusals are counted under no object, and those of nobody known under no address. Attempts on a member keep who it was:
//! a tenant has only so many members. A counted event may come up to a second after what it tells of, unlike any other.
//!
//! They are the first that is done without. When the store has no space, addresses are let go of, refusals are only
//! counted, and writing is tried again once in a while. When it is busy, they wait for the next second.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::audit::{Action, Actor, Event, Origin, Person, ReasonCode};
use syft_space_domain::random::RandomError;
use syft_space_domain::store::{MAX_EVENTS_PER_UNIT, StoreError};
use syft_space_domain::unit::Receipt;

use crate::http::refusal_table::{Admission, Count, RefusalKind, Refusals};

/// How often what was counted is written.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);
/// How long to wait before writing again when there was no space.
const FULL_STORE_RETRY_INTERVAL: Duration = Duration::from_secs(10);

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
        let kind = RefusalKind::anonymous(address, action, reason_code);
        self.refusals().table(&kind).add(kind, Count { number: 1, ..Count::default() });
    }

    /// Counts the event of a refusal, unless it is one of the first of its caller since the last flush.
    pub(crate) fn admit(&self, event: &Event) -> Admission {
        let mut refusals = self.refusals();
        let round = refusals.round;
        refusals.table(&RefusalKind::of(event)).admit(event, round)
    }

    /// Takes back what was admitted: it was not kept.
    pub(crate) fn take_back(&self, admission: &Admission) {
        let mut refusals = self.refusals();
        // What was written meanwhile stays: an attempt that failed is told once too often, and no other is left out for it.
        match admission {
            Admission::Written(round, client, kind) if *round == refusals.round => {
                if let Some(written) = refusals.table(kind).written.get_mut(client) {
                    written.all = written.all.saturating_sub(1);
                    written.kinds.entry(kind.clone()).and_modify(|number| *number = number.saturating_sub(1));
                }
            }
            Admission::Counted(round, kind, event) if *round == refusals.round => {
                if let Some(count) = refusals.table(kind).counts.get_mut(kind) {
                    count.number = count.number.saturating_sub(1);
                    if let Some(draft) = count.draft.as_mut().filter(|draft| draft.id == *event) {
                        draft.request = None;
                    }
                }
            }
            Admission::Written(..) | Admission::Counted(..) => {}
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
        let tables = {
            let mut refusals = self.refusals();
            refusals.round = refusals.round.wrapping_add(1);
            std::mem::take(&mut refusals.tables)
        };
        let counts = tables.into_values().flat_map(|table| table.counts);
        let mut counted: Vec<_> = counts.filter(|(_, count)| count.number > 0).collect();
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
                for (kind, count) in part {
                    let kind = if error == StoreError::Full { kind.coarse() } else { kind };
                    refusals.table(&kind).add(kind, count);
                }
                outcome = Err(error);
            }
        }
        outcome
    }

    /// Flushes once a second until `stop` ends, and then once more. A flush that is under way then is waited for: what
    /// it could not write is counted in the last one.
    pub async fn flush_until(self: Arc<Self>, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut pause = FLUSH_INTERVAL;
        loop {
            let is_last = tokio::time::timeout(pause, stop.as_mut()).await.is_ok();
            pause = FLUSH_INTERVAL;
            if let Err(error) = self.flush().await {
                tracing::warn!(%error, is_last, "merged refusals could not be recorded; while the server runs, they are counted on");
                if error == StoreError::Full {
                    pause = FULL_STORE_RETRY_INTERVAL;
                }
            }
            if is_last {
                return;
            }
        }
    }

    /// Submits the events of some kinds, all or none.
    fn record(&self, counted: &[(RefusalKind, Count)]) -> Result<Receipt<(), StoreError>, RandomError> {
        let events: Result<Vec<Event>, RandomError> =
            counted.iter().map(|(kind, count)| self.event(kind, count)).collect();
        Ok(self.space.store.record_all(events?))
    }

    /// The event of some refusals; of a single one, the event that was drafted for it.
    fn event(&self, kind: &RefusalKind, count: &Count) -> Result<Event, RandomError> {
        let draft = count.draft.as_ref().filter(|draft| draft.request.is_some());
        if let (1, Some(draft)) = (count.number, draft) {
            return Ok(draft.clone());
        }
        let RefusalKind { log, actor, action, outcome, reason_code, object, policy, address } = kind.clone();
        // Of a principal one address is known, also where the kind does not tell it.
        let address = if actor == Actor::Anonymous { address } else { count.address.flatten() };
        let context = self.space.request_context(Origin { address, user_agent: None })?;
        // Who somebody is on a hub is the same for each of them; what they gave of themselves is not.
        let hub_user = count.draft.as_ref().and_then(|draft| draft.person.hub_user.clone());
        let event = context.event(log, action, actor)?;
        let person = Person { hub_user, ..event.person };
        let (request, count) = (None, count.number);
        Ok(Event { outcome, reason_code, object, policy, request, count, person, ..event })
    }
}

#[cfg(test)]
mod tests {
    use syft_space_domain::audit::ports::EventFilter;
    use syft_space_domain::audit::{Log, Object, ObjectKind, RecordedEvent};
    use syft_space_domain::page::{PageLimit, PageRequest};
    use syft_space_domain::store::{Flow, OverwriteDone, ReadUnit, Store};
    use syft_space_domain::tenant::OperatorScope;
    use syft_space_domain::unit::Unit;

    use super::*;
    use crate::http::refusal_table::{
        MAX_KINDS, MAX_KINDS_PER_PRINCIPAL, WRITTEN_PER_SECOND, WRITTEN_PER_SIDE,
    };
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

        fn submit_overwrite(&self, done: OverwriteDone) {
            self.inner.submit_overwrite(done);
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

    fn kinds(failures: &MergedRefusals) -> usize {
        failures.refusals().tables.values().map(|table| table.counts.len()).sum()
    }

    fn total(failures: &MergedRefusals) -> u32 {
        failures
            .refusals()
            .tables
            .values()
            .flat_map(|table| table.counts.values())
            .map(|count| count.number)
            .sum()
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
            assert!(matches!(refusals.admit(&refused_query(&space, 1)), Admission::Counted(..)));
        }
        let last = refusals.admit(&refused_query(&space, 1));
        assert!(matches!(last, Admission::Counted(..)));
        refusals.take_back(&last);
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
        assert!(kinds(&failures) <= MAX_KINDS + 1);
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
        assert_eq!(kinds(&failures), 0, "what is written is not written again");
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
        assert_eq!(kinds(&failures), 1, "addresses are let go of");
        *store.error.lock().unwrap() = None;
        failures.flush().await.unwrap();
        let written: Vec<_> = recorded(&space)
            .iter()
            .map(|recorded| (recorded.event.person.address, recorded.event.count))
            .collect();
        assert_eq!(written, [(None, 500)], "and the number is not lost");
    }

    fn member(n: u8) -> Actor {
        let id = syft_space_domain::ids::AccountId::from_bytes([n; 16]);
        Actor::Account { id, role: Some(syft_space_domain::access::Role::Admin) }
    }

    /// The event of an Admin who may not touch a member, from an address.
    fn refused_removal(space: &Space, by: u8, of: &str, address: Option<IpAddr>) -> Event {
        let context = space.request_context(Origin { address, user_agent: None }).unwrap();
        let event = context.event(Log::Installation, Action::UserDeleted, member(by)).unwrap();
        event.on(ObjectKind::Member, of).denied(ReasonCode::RoleNotYours)
    }

    fn of_action(space: &Space, action: Action) -> Vec<Event> {
        let of_action = EventFilter { action: Some(action), ..EventFilter::default() };
        let page = space.store.read(Flow::Installation, move |view| {
            let all = PageRequest { limit: PageLimit::LARGEST, after: None };
            view.installation_events(&OperatorScope::at_startup(), &of_action, all)
        });
        page.wait().unwrap().events.items.into_iter().map(|recorded| recorded.event).collect()
    }

    #[tokio::test]
    async fn u1_what_nobody_known_sends_takes_nothing_off_a_members_refusals() {
        let space = state().space;
        let refusals = MergedRefusals::of(space.clone());
        for n in 0..3_000 {
            refusals.count(address(n), Action::AuthnTokenFail, ReasonCode::TokenMalformed);
        }
        for _ in 0..=WRITTEN_PER_SECOND.0 + 5 {
            refusals.admit(&refused_removal(&space, 1, "boss", address(5)));
        }
        for n in 0..3_000 {
            refusals.admit(&refused_query(&space, n));
        }
        refusals.flush().await.unwrap();
        let [event] = of_action(&space, Action::UserDeleted).try_into().unwrap();
        assert_eq!((event.count, event.person.address), (6, address(5)));
        assert_eq!(event.object, Some(Object::new(ObjectKind::Member, "boss")));
        let queries = of_action(&space, Action::EndpointQuery);
        let all_from_one = queries.iter().all(|event| event.person.address == address(9));
        assert!(all_from_one, "where a principal came from stays, whatever it was about");
    }

    #[tokio::test]
    async fn u1_a_crowd_writes_no_more_events_at_once_than_it_may_and_each_is_counted() {
        let space = state().space;
        let refusals = MergedRefusals::of(space.clone());
        let mut written = 0;
        for n in 0..60_u8 {
            for _ in 0..WRITTEN_PER_SECOND.0 {
                let admission = refusals.admit(&refused_removal(&space, n, "boss", address(7)));
                written += u32::from(matches!(admission, Admission::Written(..)));
            }
        }
        assert_eq!(written, WRITTEN_PER_SIDE);
        refusals.flush().await.unwrap();
        let events = of_action(&space, Action::UserDeleted);
        let counted: u32 = events.iter().map(|event| event.count).sum();
        assert_eq!(counted, 600 - WRITTEN_PER_SIDE, "none is lost");
        assert!(events.len() <= 60, "one of each at most: {}", events.len());
    }

    #[tokio::test]
    async fn u1_an_attempt_on_a_member_is_told_behind_any_number_of_others() {
        let space = state().space;
        let refusals = MergedRefusals::of(space.clone());
        for n in 0..150 {
            refusals.admit(&refused_removal(&space, 1, &format!("member-{n}"), address(n % 2)));
        }
        let last = refusals.admit(&refused_removal(&space, 1, "boss", address(3)));
        assert!(matches!(last, Admission::Counted(..)));
        refusals.flush().await.unwrap();
        let boss = Some(Object::new(ObjectKind::Member, "boss"));
        let events = of_action(&space, Action::UserDeleted);
        assert_eq!(events.iter().filter(|event| event.object == boss).count(), 1);
    }

    #[tokio::test]
    async fn u1_the_event_of_a_refusal_that_was_not_kept_stands_for_no_other() {
        let space = state().space;
        let refusals = MergedRefusals::of(space.clone());
        for _ in 0..WRITTEN_PER_SECOND.0 {
            refusals.admit(&refused_query(&space, 1));
        }
        let lost = refused_query(&space, 1);
        let admission = refusals.admit(&lost);
        refusals.admit(&refused_query(&space, 1));
        refusals.take_back(&admission);
        refusals.flush().await.unwrap();
        let [event] = of_action(&space, Action::EndpointQuery).try_into().unwrap();
        assert_eq!((event.count, event.request), (1, None));
        assert_ne!(event.id, lost.id);
        // What is taken back late takes nothing off the next second's.
        for _ in 0..=WRITTEN_PER_SECOND.0 {
            refusals.admit(&refused_query(&space, 1));
        }
        refusals.take_back(&admission);
        assert_eq!(total(&refusals), 1);
    }

    #[tokio::test]
    async fn u1_what_a_busy_store_did_not_take_is_written_as_the_server_stops() {
        let (space, store) = space_refusing(StoreError::Busy);
        let failures = Arc::new(MergedRefusals::of(space.clone()));
        failures.count(address(1), Action::AuthnTokenFail, ReasonCode::TokenMalformed);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let task = tokio::spawn(Arc::clone(&failures).flush_until(async { drop(stopped.await) }));
        assert_eq!(failures.flush().await, Err(StoreError::Busy));
        *store.error.lock().unwrap() = None;
        drop(stop);
        task.await.unwrap();
        assert_eq!(recorded(&space).len(), 1);
    }
}
