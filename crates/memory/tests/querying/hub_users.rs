//! Users of a hub who query with a satellite token.

use std::pin::pin;
use std::time::Duration;

use serde_json::json;
use syft_space_domain::endpoint::QueryError;
use syft_space_domain::identity::{AuthenticateError, Principal};
use syft_space_domain::marketplace::ports::HubIdentity;
use syft_space_domain::marketplace::{
    Audience, HubRole, Marketplace, RegistrationSettings, SatelliteClaims, admit, remove_marketplace,
};

use crate::ports::Search;
use crate::world::{HUB_USERNAME, World, block_on, email, policy, poll, question};

pub(crate) struct Hub {
    pub(crate) world: World,
    marketplace: Marketplace,
}

impl Hub {
    pub(crate) fn new(policies: &[serde_json::Value]) -> Self {
        let world = World::new();
        let marketplace = world.register();
        world.attach(policies);
        world.forget_events();
        Self { world, marketplace }
    }

    pub(crate) fn caller(&self, subject: &str, role: HubRole) -> Principal {
        let now = self.world.space.clock.now();
        let claims = SatelliteClaims {
            hub: self.marketplace.hub,
            subject: subject.to_owned(),
            audience: Audience::parse(HUB_USERNAME).unwrap(),
            role,
            issued_at: now,
            not_before: now,
            expires_at: now.plus(Duration::from_secs(600)),
        };
        self.world.hub.add_token(subject, claims.clone());
        admit(&*self.world.space.snapshots, claims, subject).unwrap()
    }

    fn know(&self, subject: &str, address: Option<&str>) {
        let identity = HubIdentity {
            username: subject.parse().unwrap(),
            email: address.map(email),
            role: HubRole::User,
        };
        self.world.hub.add_identity(self.marketplace.hub, subject, identity);
    }
}

#[test]
fn f3_a_hub_is_asked_only_where_the_decision_hangs_on_the_address() {
    let hub = Hub::new(&[policy("allow", &["*"])]);
    let alice = hub.caller("alice", HubRole::User);
    // The hub knows nobody of that name: it was not asked.
    hub.world.query(&alice).unwrap();
    assert_eq!(hub.world.events(), ["endpoint_query success  on it"]);
    let [event] = hub.world.recorded().try_into().unwrap();
    assert_eq!(event.person.hub_user.unwrap().subject, "alice");
    assert_eq!(event.person.email, None);

    let hub = Hub::new(&[policy("allow", &["alice@example.com"])]);
    let alice = hub.caller("alice", HubRole::User);
    hub.know("alice", Some("alice@example.com"));
    hub.world.query(&alice).unwrap();
    assert_eq!(hub.world.events(), ["endpoint_query success  on it"]);
    let [event] = hub.world.recorded().try_into().unwrap();
    assert_eq!(event.person.email.as_deref(), Some("alice@example.com"));
    let bob = hub.caller("bob", HubRole::User);
    hub.know("bob", Some("bob@example.com"));
    assert!(matches!(hub.world.query(&bob), Err(QueryError::Refused(_))));
    let nobody = hub.caller("nobody", HubRole::User);
    hub.know("nobody", None);
    assert!(matches!(hub.world.query(&nobody), Err(QueryError::Refused(_))));
    assert_eq!(hub.world.events()[1..], ["policy_violation denied access_denied on it"; 2]);
    assert_eq!(hub.world.recorded()[1].person.email.as_deref(), Some("bob@example.com"));
}

#[test]
fn f3_whom_a_hub_does_not_vouch_for_and_whom_it_cannot_be_asked_of_are_told_apart() {
    let hub = Hub::new(&[policy("allow", &["alice@example.com"])]);
    let alice = hub.caller("alice", HubRole::User);
    assert_eq!(hub.world.query(&alice).err(), Some(QueryError::NotVouchedFor));
    hub.world.hub.set_down(true);
    let down = hub.world.query(&alice).err();
    assert_eq!(down, Some(QueryError::IdentityUnavailable(Duration::from_secs(1))));
    let events = [
        "authn_token_fail denied hub_user_not_vouched_for on it",
        "endpoint_query failure identity_unavailable on it",
    ];
    assert_eq!(hub.world.events(), events);
}

#[test]
fn f4_a_guest_is_admitted_by_a_policy_that_says_so_and_by_no_other() {
    let hub = Hub::new(&[policy("allow", &["*"])]);
    let guest = hub.caller("guest", HubRole::Guest);
    assert!(matches!(hub.world.query(&guest), Err(QueryError::Refused(_))));
    hub.world.attach(&[json!({"mode": "allow", "patterns": [], "guests": true})]);
    hub.world.query(&guest).unwrap();
    let recorded = hub.world.recorded();
    assert_eq!(recorded.last().unwrap().person.hub_user, None, "a guest is nobody in particular");
}

#[test]
fn f3_an_endpoint_without_an_access_policy_and_a_draft_are_not_there_for_a_hubs_user() {
    let hub = Hub::new(&[]);
    let alice = hub.caller("alice", HubRole::User);
    assert_eq!(hub.world.query(&alice).err(), Some(QueryError::NotFound));
    hub.world.attach(&[policy("allow", &["*"])]);
    hub.world.query(&alice).unwrap();
    hub.world.publish(false);
    assert_eq!(hub.world.query(&alice).err(), Some(QueryError::NotFound));
}

/// Queries as a user of the hub, with a change while the search runs.
fn held(hub: &Hub, caller: &Principal, change: impl FnOnce()) -> Result<(), QueryError> {
    let world = &hub.world;
    world.engine.set(Search::Wait);
    let mut run = pin!(world.open(caller)?.run(question()));
    assert!(poll(run.as_mut()).is_pending());
    change();
    world.engine.set(Search::Answer);
    block_on(run).map(drop)
}

#[test]
fn z3_what_changes_for_a_hubs_user_while_the_search_runs_counts() {
    let hub = Hub::new(&[policy("allow", &["alice@example.com"])]);
    let alice = hub.caller("alice", HubRole::User);
    hub.know("alice", Some("alice@example.com"));
    // The address that was told once is used again.
    let attach = |patterns: &[&str]| hub.world.attach(&[policy("allow", patterns)]);
    assert_eq!(held(&hub, &alice, || attach(&["*@example.com"])), Ok(()));
    assert!(matches!(held(&hub, &alice, || attach(&["bob@example.com"])), Err(QueryError::Refused(_))));
    attach(&["*"]);
    let unavailable = held(&hub, &alice, || attach(&["alice@example.com"]));
    assert_eq!(
        unavailable,
        Err(QueryError::IdentityUnavailable(Duration::ZERO)),
        "it hangs on the address only now"
    );
    assert_eq!(held(&hub, &alice, || hub.world.attach(&[])), Err(QueryError::NotFound));
    attach(&["alice@example.com"]);
    let removed = held(&hub, &alice, || {
        let (world, id) = (&hub.world, hub.marketplace.id);
        let settings = RegistrationSettings { registration_open: false, public_url: None };
        block_on(remove_marketplace(&world.space, &world.context(), &world.owner, settings, id, None))
            .unwrap()
            .unwrap();
    });
    assert_eq!(removed, Err(QueryError::Authorization(AuthenticateError::NotForUs.into())));
    assert_eq!(
        hub.world.events().last().unwrap(),
        "authn_token_fail denied satellite_token_not_for_us on it"
    );
}
