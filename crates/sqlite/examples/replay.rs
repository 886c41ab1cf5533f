//! A measurement: deciding again on the queries of a log of a million, as the replay of a policy does. `just prove replay`.
//!
//! It fills a home through the store's own port, with queries of members and of a hub's users to one endpoint, a few of them
//! refused. Then it reads them part by part, and decides on each by two sets of policies, as they are and as one would be.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring tool: it stops at whatever is wrong, prints, and reads the clock"
)]

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use syft_space_conformance::sample::{
    account_id, endpoint_id, event, hub_id, numbered_email, policy_id, scope,
};
use syft_space_domain::access::Role;
use syft_space_domain::audit::ports::Seq;
use syft_space_domain::audit::{
    Action, Actor, Event, HubUser, ObjectKind, Person, QueryFilter, ReasonCode, RecordedQuery,
};
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{ActorId, PolicyId};
use syft_space_domain::marketplace::HubRole;
use syft_space_domain::policy::{
    Caller, CompiledPolicy, DecisionContext, Effect, PolicySet, PolicyTypes, Purpose, QueryFacts, Resource,
    Subject,
};
use syft_space_domain::store::{NoopHook, Store, StoreError};
use syft_space_domain::time::Timestamp;
use syft_space_domain::unit::Receipt;
use syft_space_sqlite::{SqliteOptions, SqliteStore};

const IN_FLIGHT: usize = 64;
const EVENTS_PER_READ: usize = 4_096;
const MEMBERS: u64 = 500;

fn main() {
    let count: u64 = std::env::args().nth(1).map_or(1_000_000, |text| text.parse().unwrap());
    let home = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(home.path(), SqliteOptions::default(), Arc::new(NoopHook)).unwrap();
    let begun = Instant::now();
    fill(&store, count);
    println!("{count} queries recorded after {:.0} s", begun.elapsed().as_secs_f64());
    let before = policies(&["*@example.org", "member-7@example.com"]);
    let unchanged = policies(&["*@example.org", "member-7@example.com"]);
    let after = policies(&["member-1@example.com", "*@*.example.org"]);
    let emails: Arc<[Email]> = (0..MEMBERS).map(numbered_email).collect();
    for (name, after, flips) in [("unchanged", &unchanged, false), ("changed", &after, true)] {
        let (taken, slowest, queries, flipped) = replay(&store, &emails, &before, after);
        println!(
            "{name}: {queries} queries in {:.2} s, {flipped} flips; the slowest part took {:.0} ms",
            taken.as_secs_f64(),
            slowest.as_secs_f64() * 1_000.0
        );
        assert_eq!(queries, count);
        assert_eq!(flipped > 0, flips, "the policies as they are flip nothing");
    }
}

fn query(n: u64) -> Event {
    let drafted = event(&scope(1), Action::EndpointQuery);
    let (actor, person) = if n.is_multiple_of(3) {
        let actor =
            Actor::HubUser { id: ActorId::from_bytes(*account_id(n % 900).as_bytes()), role: HubRole::User };
        let hub_user = Some(HubUser { hub: hub_id(1), subject: format!("u-{}", n % 900) });
        let email = Some(format!("user-{}@example.org", n % 900));
        (
            actor,
            Person { hub_user, email, purpose: Purpose::parse("teaching").ok(), ..drafted.person.clone() },
        )
    } else {
        let actor = Actor::Account { id: account_id(n % MEMBERS), role: Some(Role::User) };
        (actor, drafted.person.clone())
    };
    let time = drafted.time.plus(Duration::from_secs(n));
    let asked = Event { actor, person, time, ..drafted }.on(ObjectKind::Endpoint, endpoint_id(1));
    if n.is_multiple_of(20) {
        Event { action: Action::PolicyViolation, ..asked.denied(ReasonCode::AccessDenied) }
    } else {
        asked.of_policy(policy_id(1), 1)
    }
}

fn fill(store: &dyn Store, count: u64) {
    let mut on_their_way: VecDeque<Receipt<(), StoreError>> = VecDeque::new();
    for first in (0..count).step_by(100) {
        if on_their_way.len() == IN_FLIGHT {
            on_their_way.pop_front().unwrap().wait().unwrap();
        }
        on_their_way.push_back(store.record_all((first..count.min(first + 100)).map(query).collect()));
    }
    on_their_way.into_iter().for_each(|receipt| receipt.wait().unwrap());
}

fn policies(patterns: &[&str]) -> Arc<PolicySet> {
    let types = PolicyTypes::default();
    let compile = |id: PolicyId, policy_type, configuration| {
        let configuration = types.parse(policy_type, &configuration).unwrap();
        Arc::new(CompiledPolicy::compile(&types, id, 1, &configuration))
    };
    let access = compile(policy_id(1), "access", json!({ "mode": "allow", "patterns": patterns }));
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let open = json!([{ "days": days, "from": "00:00", "until": "24:00" }]);
    let hours = compile(policy_id(2), "schedule", json!({ "zone": "Europe/Berlin", "open": open }));
    Arc::new(PolicySet::new([access, hours]))
}

/// What is decided on a query by a set of policies.
fn decide(policies: &PolicySet, query: &RecordedQuery, emails: &[Email]) -> Effect {
    let known = query.caller.as_ref();
    let caller = match query.actor {
        Actor::Account { id, role } => {
            let [.., number] = *id.as_bytes();
            let email = emails.get(usize::from(number) % emails.len());
            Caller::Member { role: role.unwrap(), email }
        }
        _ => Caller::HubUser {
            hub: known.and_then(|known| known.hub),
            subject: Subject::Identified { email: known.and_then(|known| known.email.as_ref()) },
        },
    };
    let facts = QueryFacts {
        principal: query.actor.id(),
        purpose: known.and_then(|known| known.purpose.as_ref()),
        ..QueryFacts::default()
    };
    let context = DecisionContext::at(query.time).of_query(facts);
    policies.decide(Resource::published(query.endpoint), &caller, &context).effect
}

/// How long it took, and its slowest part; how many queries there were, and how many are decided otherwise.
fn replay(
    store: &dyn Store,
    emails: &Arc<[Email]>,
    before: &Arc<PolicySet>,
    after: &Arc<PolicySet>,
) -> (Duration, Duration, u64, u64) {
    let begun = Instant::now();
    let (mut queries, mut flips, mut slowest, mut rest) = (0, 0, Duration::ZERO, None::<Seq>);
    loop {
        let (emails, before, after) = (Arc::clone(emails), Arc::clone(before), Arc::clone(after));
        let part = Instant::now();
        let read = store.read(&scope(1), move |view| {
            let since = Some(Timestamp::from_unix_micros(0));
            let filter = QueryFilter { endpoints: vec![endpoint_id(1)], since, until: None };
            let found = view.recorded_queries(&scope(1), &filter, rest, EVENTS_PER_READ)?;
            let is_flip =
                |query: &&RecordedQuery| decide(&before, query, &emails) != decide(&after, query, &emails);
            let flips = found.queries.iter().filter(is_flip).count();
            Ok::<_, StoreError>((found.queries.len(), flips, found.rest))
        });
        let (looked_at, flipped, behind) = read.wait().unwrap();
        slowest = slowest.max(part.elapsed());
        queries += u64::try_from(looked_at).unwrap();
        flips += u64::try_from(flipped).unwrap();
        rest = behind;
        if rest.is_none() {
            return (begun.elapsed(), slowest, queries, flips);
        }
    }
}
