//! The promise that a unit of work is told where its events stand.

use std::sync::mpsc::{Sender, channel};

use syft_space_domain::audit::{Action, Event, Log, ReasonCode, RecordedEvent};
use syft_space_domain::store::{StoreError, Tx};
use syft_space_domain::unit::{Unit, UnitOutcome};

use crate::fixture::StoreFactory;
use crate::run::{installation_log, log, seeded_store};
use crate::sample::{dataset, event, scope, write_scope};
use crate::store::shared::UNIT_TIMEOUT;

/// A unit that tells what it was told when it is done.
struct ToldUnit {
    outcome: fn(Vec<Event>) -> UnitOutcome,
    events: Vec<Event>,
    told: Vec<RecordedEvent>,
    done: Sender<Vec<RecordedEvent>>,
}

impl Unit for ToldUnit {
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
        // Only the last run counts.
        self.told.clear();
        tx.add_dataset(&write_scope(1), &dataset(1))?;
        Ok((self.outcome)(self.events.clone()))
    }

    fn appended(&mut self, recorded: &RecordedEvent) {
        self.told.push(recorded.clone());
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        assert_eq!(outcome, Ok(()), "the unit is valid");
        // The receiver may have timed out.
        drop(self.done.send(self.told));
    }
}

/// By a unit that keeps its rows, and by one that is refused; each event in the log that it belongs to.
pub fn u1_a_unit_is_told_where_its_events_stand_before_it_is_done(make: &StoreFactory) {
    let outcomes: [fn(Vec<Event>) -> UnitOutcome; 2] = [UnitOutcome::Commit, UnitOutcome::Rollback];
    for outcome in outcomes {
        let fixture = seeded_store(make);
        let store = &*fixture.adapter;
        let before = installation_log(store).len();
        let events = vec![
            event(&scope(1), Action::EndpointQuery),
            event(Log::Installation, Action::UserCreated),
            event(&scope(1), Action::AuthzFail).denied(ReasonCode::Forbidden),
        ];
        let (done, answered) = channel();
        store.submit(Box::new(ToldUnit { outcome, events, told: Vec::new(), done }));
        let told = answered.recv_timeout(UNIT_TIMEOUT).expect("every unit is told how it ended");
        let mut own = log(store, &scope(1));
        let installation = installation_log(store).split_off(before);
        own.splice(1..1, installation);
        assert_eq!(told, own, "a unit is told of each of its events as it is read back, in their order");
        let leaves: Vec<_> = told.iter().map(RecordedEvent::leaf).collect();
        assert_eq!(leaves, own.iter().map(RecordedEvent::leaf).collect::<Vec<_>>(), "and so of its leaf");
    }
}
