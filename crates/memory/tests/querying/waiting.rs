//! What changes while a call waits: for the body, or for the search.

use std::pin::pin;
use std::time::Duration;

use serde_json::json;
use syft_space_domain::PortError;
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::endpoint::{
    ChangeEndpoint, QueryError, check_visible, create_endpoint, remove_endpoint,
};
use syft_space_domain::identity::{AccountStatus, AuthenticateError, AuthorizationError, remove_member};
use syft_space_domain::snapshot::SnapshotError;
use syft_space_domain::store::StoreError;

use crate::ports::{Search, Submit};
use crate::world::{SLUG, TOKEN_LIFETIME, World, block_on, new_endpoint, policy, poll, question, references};

/// A change, the refusal that follows, and the event of it where it comes behind the body and behind the search.
pub(crate) struct Change {
    pub(crate) name: &'static str,
    pub(crate) make: fn(&World),
    pub(crate) refused: fn(&QueryError) -> bool,
    behind_body: &'static str,
    behind_search: &'static str,
}

const REVOKED: fn(&QueryError) -> bool =
    |error| *error == QueryError::Authorization(AuthenticateError::Revoked.into());
const NOT_FOUND: fn(&QueryError) -> bool = |error| *error == QueryError::NotFound;

pub(crate) const CHANGES: [Change; 13] = [
    Change {
        name: "a policy asks for approval",
        make: |world| world.attach_all(&[("manual_review", json!({}))]),
        refused: |error| matches!(error, QueryError::NotApproved(_)),
        // It is on the request that waits from then on.
        behind_body: "policy_violation denied review_pending",
        behind_search: "policy_violation denied review_pending",
    },
    Change {
        name: "nobody may spend what a query costs",
        make: |world| {
            let price = json!({"price": "1", "currency": "EUR", "budget": "0.5"});
            world.attach_all(&[("accounting", price)]);
        },
        refused: |error| matches!(error, QueryError::Refused(_)),
        behind_body: "policy_violation denied payment_required on it",
        behind_search: "policy_violation denied payment_required on it",
    },
    Change {
        name: "nobody may be shown as much as a chunk",
        make: |world| world.attach_all(&[("disclosure_limit", json!({"unit": "characters", "cap": 1}))]),
        refused: |error| matches!(error, QueryError::Refused(_)),
        behind_body: "policy_violation denied policy_violation on it",
        behind_search: "policy_violation denied policy_violation on it",
    },
    Change {
        name: "a policy denies",
        make: |world| world.attach(&[policy("allow", &["olivia@harbor.example"])]),
        refused: |error| matches!(error, QueryError::Refused(_)),
        behind_body: "policy_violation denied access_denied on it",
        behind_search: "policy_violation denied access_denied on it",
    },
    Change {
        name: "the endpoint becomes a draft",
        make: |world| world.publish(false),
        refused: NOT_FOUND,
        behind_body: "endpoint_query denied endpoint_not_found",
        behind_search: "endpoint_query denied endpoint_not_found on it",
    },
    Change {
        name: "the endpoint is removed",
        make: remove,
        refused: NOT_FOUND,
        behind_body: "endpoint_query denied endpoint_not_found",
        behind_search: "endpoint_query denied endpoint_not_found on it",
    },
    Change {
        name: "the member is removed",
        make: |world| {
            let account = world.member.member(Permission::Query).unwrap().account;
            block_on(remove_member(&world.space, &world.context(), &world.owner, account, None)).unwrap();
        },
        refused: REVOKED,
        behind_body: "authn_token_fail denied token_revoked",
        behind_search: "authn_token_fail denied token_revoked on it",
    },
    Change {
        name: "the member is disabled",
        make: |world| world.change_member(None, Some(AccountStatus::Disabled)),
        refused: REVOKED,
        behind_body: "authn_token_fail denied token_revoked",
        behind_search: "authn_token_fail denied token_revoked on it",
    },
    Change {
        name: "the member is disabled, and enabled again",
        make: |world| {
            world.change_member(None, Some(AccountStatus::Disabled));
            world.change_member(None, Some(AccountStatus::Active));
        },
        refused: REVOKED,
        behind_body: "authn_token_fail denied token_revoked",
        behind_search: "authn_token_fail denied token_revoked on it",
    },
    Change {
        name: "the token expires",
        make: |world| world.clock.advance(TOKEN_LIFETIME),
        refused: |error| *error == QueryError::Authorization(AuthenticateError::Expired.into()),
        behind_body: "authn_token_fail denied token_expired",
        behind_search: "authn_token_fail denied token_expired on it",
    },
    Change {
        name: "the member becomes a viewer",
        make: |world| world.change_member(Some(Role::Viewer), None),
        refused: |error| matches!(error, QueryError::Authorization(AuthorizationError::Forbidden(_))),
        behind_body: "authz_fail denied forbidden",
        behind_search: "authz_fail denied forbidden on it",
    },
    Change {
        name: "the tenant's state is lost",
        make: |world| world.snapshots.fail(SnapshotError::Unavailable),
        refused: |error| {
            let lost = AuthenticateError::Live(SnapshotError::Unavailable);
            *error == QueryError::Authorization(lost.into())
        },
        behind_body: "endpoint_query failure state_unavailable",
        behind_search: "endpoint_query failure state_unavailable on it",
    },
    Change {
        name: "the tenant is gone",
        make: |world| world.snapshots.fail(SnapshotError::NoTenant),
        refused: REVOKED,
        behind_body: "authn_token_fail denied token_revoked",
        behind_search: "authn_token_fail denied token_revoked on it",
    },
];

fn remove(world: &World) {
    block_on(remove_endpoint(&world.space, &world.context(), &world.owner, world.endpoint.id, None)).unwrap();
}

#[test]
fn z3_what_changes_while_the_body_comes_counts() {
    for change in &CHANGES {
        let world = World::new();
        let member = world.member.clone();
        block_on(check_visible(&world.space, &world.context(), &member, SLUG, None)).unwrap();
        (change.make)(&world);
        world.forget_events();
        let refused = world.query(&member).err().unwrap();
        assert!((change.refused)(&refused), "{}: {refused:?}", change.name);
        assert_eq!(world.events(), [change.behind_body], "{}", change.name);
    }
}

#[test]
fn z3_what_changes_while_the_search_runs_counts() {
    for change in &CHANGES {
        let world = World::new();
        world.engine.set(Search::Wait);
        let mut run = pin!(world.open(&world.member).unwrap().run(question()));
        assert!(poll(run.as_mut()).is_pending());
        (change.make)(&world);
        world.forget_events();
        world.engine.set(Search::Answer);
        let refused = block_on(run).err().unwrap();
        assert!((change.refused)(&refused), "{}: {refused:?}", change.name);
        assert_eq!(world.events(), [change.behind_search], "{}", change.name);
    }
}

#[test]
fn z3_what_changes_while_the_answer_waits_to_be_recorded_counts() {
    for change in &CHANGES {
        let world = World::new();
        let call = world.open(&world.member).unwrap();
        world.store.set(Submit::Hold);
        let mut run = pin!(call.run(question()));
        assert!(poll(run.as_mut()).is_pending());
        // What is held runs last: it stood behind the change all the while.
        world.store.ahead(|| (change.make)(&world));
        world.forget_events();
        world.store.set(Submit::Run);
        let refused = block_on(run).err().unwrap();
        assert!((change.refused)(&refused), "{}: {refused:?}", change.name);
        assert_eq!(world.events(), [change.behind_search], "{}", change.name);
    }
}

#[test]
fn z3_a_change_that_forbids_nothing_only_delays_the_record_of_an_answer() {
    let world = World::new();
    let call = world.open(&world.member).unwrap();
    world.store.set(Submit::Hold);
    let mut run = pin!(call.run(question()));
    assert!(poll(run.as_mut()).is_pending());
    world.store.ahead(|| world.attach_all(&[("nothing", json!({}))]));
    world.forget_events();
    world.store.set(Submit::Run);
    let shown: usize = references(block_on(run).unwrap()).iter().map(|part| part.documents.len()).sum();
    assert_eq!(shown, 0, "what is shown is what the policies of now leave");
    assert_eq!(world.events(), ["endpoint_query success  on it"]);
}

#[test]
fn z3_an_answer_whose_tenant_never_stands_still_is_given_up() {
    let world = World::new();
    let call = world.open(&world.member).unwrap();
    world.store.set(Submit::Hold);
    let mut run = pin!(call.run(question()));
    for n in 0..64 {
        assert!(poll(run.as_mut()).is_pending(), "{n}");
        world.store.ahead(|| world.attach_all(&[]));
        world.store.set(Submit::Run);
        world.store.set(Submit::Hold);
    }
    world.forget_events();
    world.store.set(Submit::Run);
    assert_eq!(block_on(run).err(), Some(QueryError::PortError(PortError::Store(StoreError::Busy))));
    assert_eq!(world.events(), ["endpoint_query failure state_unavailable on it"]);
}

#[test]
fn z3_another_endpoint_under_the_same_slug_does_not_give_what_was_found() {
    let world = World::new();
    world.engine.set(Search::Wait);
    let mut run = pin!(world.open(&world.member).unwrap().run(question()));
    assert!(poll(run.as_mut()).is_pending());
    remove(&world);
    let wanted = new_endpoint(world.dataset, SLUG);
    block_on(create_endpoint(&world.space, &world.context(), &world.owner, wanted)).unwrap();
    world.forget_events();
    world.engine.set(Search::Answer);
    assert_eq!(block_on(run).err(), Some(QueryError::NotFound));
    assert_eq!(world.events(), ["endpoint_query denied endpoint_not_found on it"]);
    world.query(&world.member).unwrap();
}

#[test]
fn z3_a_change_that_leaves_the_caller_their_right_leaves_them_their_answer() {
    let world = World::new();
    world.engine.set(Search::Wait);
    let mut run = pin!(world.open(&world.member).unwrap().run(question()));
    assert!(poll(run.as_mut()).is_pending());
    let change =
        ChangeEndpoint { summary: Some("All of them".parse().unwrap()), ..ChangeEndpoint::default() };
    world.change_endpoint(change);
    world.change_member(Some(Role::Admin), None);
    world.attach(&[policy("allow", &["*@harbor.example"])]);
    world.forget_events();
    world.engine.set(Search::Answer);
    block_on(run).unwrap();
    assert_eq!(world.events(), ["endpoint_query success  on it"]);
}

#[test]
fn z3_a_rule_that_hangs_on_the_time_is_asked_again_behind_the_search() {
    let world = World::new();
    world.attach_all(&[
        ("access", policy("allow", &["*"])),
        ("closing", json!({ "at": "2026-11-24T09:31:00Z" })),
    ]);
    world.query(&world.renewed(&world.member)).unwrap();
    world.engine.set(Search::Wait);
    let mut run = pin!(world.open(&world.member).unwrap().run(question()));
    assert!(poll(run.as_mut()).is_pending());
    world.clock.advance(Duration::from_secs(60));
    world.forget_events();
    world.engine.set(Search::Answer);
    assert!(matches!(block_on(run), Err(QueryError::Refused(_))));
    assert_eq!(world.events(), ["policy_violation denied policy_violation on it"]);
}

#[test]
fn z3_what_may_be_shown_is_decided_as_the_policies_are_behind_the_search() {
    let world = World::new();
    let nothing = || ("nothing", json!({}));
    let held = |change: &dyn Fn()| {
        world.engine.set(Search::Wait);
        let mut run = pin!(world.open(&world.member).unwrap().run(question()));
        assert!(poll(run.as_mut()).is_pending());
        change();
        world.engine.set(Search::Answer);
        references(block_on(run).unwrap()).iter().map(|part| part.documents.len()).sum::<usize>()
    };
    assert_eq!(held(&|| {}), 1);
    assert_eq!(held(&|| world.attach_all(&[nothing()])), 0);
    assert_eq!(held(&|| {}), 0);
    assert_eq!(held(&|| world.attach_all(&[])), 1);
}

#[test]
fn z3_a_right_that_comes_while_the_body_comes_is_used() {
    let world = World::new();
    world.attach(&[policy("deny", &["*"])]);
    let member = world.member.clone();
    assert!(matches!(world.query(&member), Err(QueryError::Refused(_))));
    world.attach(&[]);
    world.query(&member).unwrap();
}

#[test]
fn i1_a_failure_of_the_state_is_a_ports_failure_for_whoever_renders_it() {
    let error = PortError::from(SnapshotError::Unavailable);
    let unavailable = QueryError::Authorization(AuthenticateError::Live(SnapshotError::Unavailable).into());
    assert_eq!(unavailable.to_string(), error.to_string());
}
