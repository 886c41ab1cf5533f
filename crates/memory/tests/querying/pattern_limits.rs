//! Limits that hang on whom a list means: each of its entries by itself, those alone, or all but those.

use serde_json::{Value, json};
use syft_space_domain::access::Role;
use syft_space_domain::endpoint::{Answer, EndpointName, QueryError};
use syft_space_domain::identity::Principal;
use syft_space_domain::marketplace::HubRole;
use syft_space_domain::policy::{HypotheticalCaller, Reason, explain};

use crate::hub_users::Hub;
use crate::world::{World, block_on, join, policy};

fn limited(configuration: Value) -> World {
    let world = World::new();
    world.attach_all(&[("rate_limit", configuration)]);
    world
}

/// How many are left of the one limit; `None` where there is none.
fn left(answered: Result<Answer, QueryError>) -> Option<u64> {
    answered.ok().unwrap().limits.first().map(|limit| limit.remaining)
}

fn is_limited(answered: Result<Answer, QueryError>) -> bool {
    match answered {
        Err(QueryError::Refused(refusal)) => refusal.retry_after.is_some(),
        Err(error) => panic!("{error}"),
        Ok(_) => false,
    }
}

fn joined(world: &World, address: &str) -> Principal {
    join(&world.space, &world.owner, address, Role::User)
}

#[test]
fn z4_those_whom_the_same_entry_means_are_counted_together_and_the_first_that_means_somebody_counts() {
    let listed = json!(["ann@quay.example", "*@quay.example", "*@pier.example"]);
    let world = limited(json!({ "rate": "3/d", "scope": "pattern", "applies_to": listed }));
    let [ann, ben, cid, dot] =
        ["ann@quay.example", "ben@quay.example", "cid@quay.example", "dot@pier.example"]
            .map(|address| joined(&world, address));
    assert_eq!(left(world.query(&ann)), Some(2));
    assert_eq!(
        [left(world.query(&ben)), left(world.query(&cid)), left(world.query(&ben))],
        [Some(2), Some(1), Some(0)]
    );
    assert!(is_limited(world.query(&cid)), "what the others of the entry took counts for them");
    assert_eq!([left(world.query(&dot)), left(world.query(&ann))], [Some(2), Some(1)]);
    assert_eq!(left(world.query(&world.owner)), None, "nobody else is limited");
    // An owner is told which entry it is that has none left.
    let caller = HypotheticalCaller::Address(cid.email().unwrap().clone());
    let name = EndpointName::Id(world.endpoint.id);
    let owner = world.renewed(&world.owner);
    let explained =
        block_on(explain(&world.space, &owner, &name, &caller, &Default::default())).unwrap().decision;
    assert_eq!(explained.diagnostics.reason, Reason::LimitReached);
    assert_eq!(&*explained.diagnostics.decided_by.unwrap().rule, "3/d per pattern *@quay.example");
}

#[test]
fn z4_a_limit_for_some_is_for_those_alone_and_one_for_all_but_some_for_the_others() {
    let listed = ["*@quay.example"];
    let only = limited(json!({ "rate": "1/d", "applies_to": listed }));
    let ann = joined(&only, "ann@quay.example");
    assert_eq!([left(only.query(&ann)), left(only.query(&only.member))], [Some(0), None]);
    assert!(is_limited(only.query(&ann)) && !is_limited(only.query(&only.member)));
    let but = limited(json!({ "rate": "1/d", "except": listed }));
    let ann = joined(&but, "ann@quay.example");
    assert_eq!([left(but.query(&ann)), left(but.query(&but.member))], [None, Some(0)]);
    assert!(!is_limited(but.query(&ann)) && is_limited(but.query(&but.member)));
}

/// A hub's user whose address nobody has asked for, where each entry has a limit of its own.
fn unknown(listed: &[&str]) -> Result<Option<u64>, QueryError> {
    let hub = Hub::new(&[]);
    hub.world.attach_all(&[
        ("access", policy("allow", &["*"])),
        ("rate_limit", json!({ "rate": "5/d", "scope": "pattern", "applies_to": listed })),
    ]);
    let alice = hub.caller("alice", HubRole::User);
    hub.world.query(&alice).map(|answer| answer.limits.first().map(|limit| limit.remaining))
}

#[test]
fn z4_which_entry_means_a_hubs_user_does_not_hang_on_whether_something_else_asked_for_their_address() {
    // The first entry means them, whatever their address is.
    assert_eq!(unknown(&["*", "*@quay.example"]), Ok(Some(4)));
    assert_eq!(unknown(&["*"]), Ok(Some(4)));
    // A later one does: an address might make an earlier one the first, so it has to be known, and the hub knows nobody.
    assert_eq!(unknown(&["*@quay.example", "*"]), Err(QueryError::NotVouchedFor));
    assert_eq!(unknown(&["*@quay.example"]), Err(QueryError::NotVouchedFor));
    // So it is with entries for the users of their hub.
    assert_eq!(unknown(&["hub:market/*", "hub:market/*@quay.example"]), Ok(Some(4)));
    assert_eq!(unknown(&["hub:market/*@quay.example", "hub:market/*"]), Err(QueryError::NotVouchedFor));
    assert_eq!(unknown(&["*@quay.example", "hub:market/*"]), Err(QueryError::NotVouchedFor));
}

#[test]
fn l1_a_quota_is_never_less_than_what_may_be_left_of_it() {
    let quota = |configuration: Value| {
        let world = limited(configuration);
        let answer = world.query(&world.member).ok().unwrap();
        let limit = answer.limits.first().unwrap();
        (limit.name.to_string(), limit.quota, limit.window.as_secs(), limit.remaining)
    };
    let of = |name: &str, quota, seconds, remaining| (name.to_owned(), quota, seconds, remaining);
    assert_eq!(quota(json!({ "rate": "2/m", "burst": 5 })), of("user-2-60-5", 5, 150, 4));
    assert_eq!(quota(json!({ "rate": "5/m", "burst": 2 })), of("user-5-60-2", 5, 60, 1));
    assert_eq!(quota(json!({ "rate": "5/m" })), of("user-5-60", 5, 60, 4));
}
