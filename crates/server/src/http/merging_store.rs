//! The store through which requests write: the events of refusals are merged, and a user agent is kept once a day.

use std::sync::Arc;

use syft_space_domain::Space;
use syft_space_domain::audit::{Action, Actor, Event, ObjectKind, Outcome, ReasonCode, RecordedEvent};
use syft_space_domain::store::{OverwriteDone, ReadUnit, Store, StoreError, Tx};
use syft_space_domain::unit::{Unit, UnitOutcome};

use crate::http::merged_refusals::MergedRefusals;
use crate::http::refusal_table::Admission;
use crate::http::user_agents::{SeenUserAgent, UserAgents};

/// A store that writes the first refusals of each caller in a second, and counts those behind them.
struct MergingStore {
    inner: Arc<dyn Store>,
    merging: Arc<Merging>,
}

/// What is known of the events that were written.
struct Merging {
    refusals: Arc<MergedRefusals>,
    user_agents: UserAgents,
}

/// Puts such a store in front of a space's own. What it counts is written by the refusals that it answers.
#[must_use]
pub fn merge_refusals(space: Space) -> (Space, Arc<MergedRefusals>) {
    let refusals = Arc::new(MergedRefusals::of(space.clone()));
    let merging = Arc::new(Merging { refusals: Arc::clone(&refusals), user_agents: UserAgents::default() });
    let store = Arc::new(MergingStore { inner: Arc::clone(&space.store), merging });
    (Space { store, ..space }, refusals)
}

impl Store for MergingStore {
    fn submit(&self, unit: Box<dyn Unit>) {
        let merging = Arc::clone(&self.merging);
        self.inner.submit(Box::new(MergingUnit { inner: unit, merging, steps: Vec::new() }));
    }

    fn submit_read(&self, read: Box<dyn ReadUnit>) {
        self.inner.submit_read(read);
    }

    fn submit_overwrite(&self, done: OverwriteDone) {
        self.inner.submit_overwrite(done);
    }
}

/// What a run of a unit left behind, to be taken back where nothing of it is kept.
enum Step {
    Admitted(Admission),
    Seen(SeenUserAgent),
}

struct MergingUnit {
    inner: Box<dyn Unit>,
    merging: Arc<Merging>,
    steps: Vec<Step>,
}

impl MergingUnit {
    fn take_back(&mut self) {
        for step in self.steps.drain(..) {
            match step {
                Step::Admitted(admission) => self.merging.refusals.take_back(&admission),
                Step::Seen(seen) => self.merging.user_agents.take_back(seen),
            }
        }
    }

    /// The events that are to be written of these.
    fn admit(&mut self, events: Vec<Event>) -> Vec<Event> {
        let mut kept = Vec::with_capacity(events.len());
        for mut event in events {
            if is_merged(&event) {
                let admission = self.merging.refusals.admit(&event);
                let is_counted = matches!(admission, Admission::Counted(..));
                self.steps.push(Step::Admitted(admission));
                if is_counted {
                    continue;
                }
            }
            self.steps.extend(self.merging.user_agents.keep_once(&mut event).map(Step::Seen));
            kept.push(event);
        }
        kept
    }
}

impl Unit for MergingUnit {
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
        // The run before this one was rolled back.
        self.take_back();
        Ok(match self.inner.run(tx)? {
            UnitOutcome::Commit(events) if !events.is_empty() => {
                let kept = self.admit(events);
                if kept.is_empty() { UnitOutcome::Counted } else { UnitOutcome::Commit(kept) }
            }
            UnitOutcome::Rollback(events) => UnitOutcome::Rollback(self.admit(events)),
            other => other,
        })
    }

    fn appended(&mut self, recorded: &RecordedEvent) {
        self.inner.appended(recorded);
    }

    fn done(mut self: Box<Self>, outcome: Result<(), StoreError>) {
        if outcome.is_err() {
            self.take_back();
        }
        self.inner.done(outcome);
    }
}

/// Whether an event is of a kind that anybody, or a principal without a right, can cause at any rate: a request that was
/// refused.
fn is_merged(event: &Event) -> bool {
    let is_callers = !matches!(event.actor, Actor::Operator | Actor::System);
    let refusals = [ReasonCode::IdentityUnavailable, ReasonCode::CredentialRefused].map(Some);
    let is_refused = match event.outcome {
        Outcome::Denied => true,
        Outcome::Failure => {
            event.action == Action::EndpointQuery
                && refusals.iter().any(|reason| event.reason_code == reason.map(Into::into))
        }
        Outcome::Success => false,
    };
    // A refusal that made something, a request for approval, stands by itself: nothing is made without an event of its own, and
    // only so many may wait.
    let makes_something = event.action == Action::PolicyViolation
        && event.object.as_ref().is_some_and(|object| object.kind == ObjectKind::Approval);
    is_callers && is_refused && !makes_something && event.request.is_some()
}
