//! Counting what became of the queries that were decided on again.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::RecordedQuery;
use crate::ids::{ActorId, EndpointId};
use crate::policy::replay::again::{Endpoints, ReplayedPolicies, Verdicts};
use crate::policy::{
    Effect, Flip, Flips, MAX_FLIP_CALLERS, MAX_FLIP_EXAMPLES, MAX_REPLAY_EXAMPLES, Replay, ReplayedEndpoint,
};
use crate::time::Timestamp;

/// What was found so far.
#[derive(Default)]
pub(super) struct Tally {
    endpoints: BTreeMap<EndpointId, EndpointTally>,
    events: usize,
    steps: usize,
    examples: usize,
    from: Option<Timestamp>,
}

/// What was found at one endpoint.
#[derive(Default)]
struct EndpointTally {
    queries: u64,
    untold: u64,
    unlike_recorded: u64,
    would_refuse: FlipTally,
    would_allow: FlipTally,
}

/// What was found of one direction.
#[derive(Default)]
struct FlipTally {
    queries: u64,
    callers: BTreeSet<Option<ActorId>>,
    examples: Vec<Flip>,
}

impl Tally {
    /// How many events were looked at.
    pub(super) fn events(&self) -> usize {
        self.events
    }

    /// How many steps that took.
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    /// Decides on a query and counts what comes of it.
    pub(super) fn add(&mut self, query: &RecordedQuery, policies: &ReplayedPolicies) {
        self.events = self.events.saturating_add(1);
        self.steps = self.steps.saturating_add(policies.steps_of(query));
        self.from = Some(self.from.map_or(query.time, |from| from.min(query.time)));
        let count = u64::from(query.count);
        let endpoint = self.endpoints.entry(query.endpoint).or_default();
        endpoint.queries = endpoint.queries.saturating_add(count);
        let Some(verdicts) = policies.decide(query) else {
            endpoint.untold = endpoint.untold.saturating_add(count);
            return;
        };
        if verdicts.is_unlike_recorded {
            endpoint.unlike_recorded = endpoint.unlike_recorded.saturating_add(count);
        }
        let flips = match (verdicts.before.effect(), verdicts.after.effect()) {
            (Effect::Allow, Effect::Deny) => &mut endpoint.would_refuse,
            (Effect::Deny, Effect::Allow) => &mut endpoint.would_allow,
            (Effect::Allow, Effect::Allow) | (Effect::Deny, Effect::Deny) => return,
        };
        flips.queries = flips.queries.saturating_add(count);
        if flips.callers.len() < MAX_FLIP_CALLERS {
            flips.callers.insert(query.actor.id());
        }
        if flips.examples.len() < MAX_FLIP_EXAMPLES && self.examples < MAX_REPLAY_EXAMPLES {
            self.examples = self.examples.saturating_add(1);
            flips.examples.push(flip(query, &verdicts, policies));
        }
    }

    /// What was found at these endpoints.
    pub(super) fn into_replay(mut self, endpoints: &Endpoints, truncated: bool) -> Replay {
        let told = endpoints.iter().map(|(id, known)| {
            let EndpointTally { queries, untold, unlike_recorded, would_refuse, would_allow } =
                self.endpoints.remove(id).unwrap_or_default();
            ReplayedEndpoint {
                id: *id,
                slug: known.slug.clone(),
                queries,
                untold,
                unlike_recorded,
                would_refuse: would_refuse.into(),
                would_allow: would_allow.into(),
            }
        });
        let mut endpoints: Vec<_> = told.collect();
        endpoints.sort_unstable_by(|one, other| one.slug.cmp(&other.slug));
        Replay { endpoints, truncated, from: self.from }
    }
}

fn flip(query: &RecordedQuery, verdicts: &Verdicts, policies: &ReplayedPolicies) -> Flip {
    Flip {
        seq: query.seq,
        time: query.time,
        actor: query.actor,
        marketplace: policies.marketplace_of(query).cloned(),
        purpose: query.caller.as_ref().and_then(|caller| caller.purpose.clone()),
        recorded: (query.outcome, query.reason_code.clone()),
        before: verdicts.before,
        after: verdicts.after,
    }
}

impl From<FlipTally> for Flips {
    fn from(tally: FlipTally) -> Self {
        let FlipTally { queries, callers, examples } = tally;
        Self { queries, callers: callers.len(), examples }
    }
}
