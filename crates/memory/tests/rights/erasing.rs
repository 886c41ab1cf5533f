//! Somebody is erased as a whole, whatever the host's clock told meanwhile, and nobody while the tenant is held.

use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::RecordedEvent;
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::identity::MemberError;
use syft_space_domain::page::PageRequest;
use syft_space_domain::privacy::{erase_member, erase_own, erasures, finish_erasures};
use syft_space_domain::retention;
use syft_space_domain::tenant::OperatorScope;

use crate::world::{World, account, context, email, try_log_in};

impl World {
    /// Goes on with erasures, and tells whether none is left.
    fn erase(&self) -> bool {
        block_on(finish_erasures(&self.space, &OperatorScope::at_startup())).unwrap();
        let all = block_on(erasures(&self.space, &self.owner, PageRequest::default())).unwrap();
        all.items.iter().all(|erasure| erasure.ended_at.is_some())
    }

    /// The events of the tenant's log that still know of a person and were caused by this member, or name them.
    fn knowing(&self, name: &str) -> Vec<RecordedEvent> {
        let scope = self.owner.scope(Permission::ReadAudit).unwrap();
        let page = PageRequest::default();
        let log = self.read(move |view| view.events(&scope, &EventFilter::default(), page)).events.items;
        let named = email(name).to_string();
        log.into_iter().filter(|event| event.event.person.email.as_deref() == Some(&named)).collect()
    }
}

#[test]
fn g2_what_was_recorded_while_the_clock_was_ahead_is_erased_too() {
    let mut world = World::new();
    let set_right = world.space.clock.now();
    world.clock.advance(Duration::from_secs(7_200));
    world.owner = try_log_in(&world.space, "owner").unwrap();
    let bob = world.member("bob", Role::Viewer);
    assert!(try_log_in(&world.space, "bob").is_ok() && !world.knowing("bob").is_empty());
    world.clock.set(set_right.plus(Duration::from_secs(1)));
    world.owner = try_log_in(&world.space, "owner").unwrap();
    block_on(erase_member(&world.space, &context(&world.space), &world.owner, account(&bob))).unwrap();
    world.clock.advance(Duration::from_secs(6));
    assert!(world.erase());
    assert!(world.knowing("bob").is_empty(), "{:#?}", world.knowing("bob"));
}

#[test]
fn g2_who_has_the_address_of_somebody_erased_keeps_their_own_events() {
    let world = World::new();
    let bob = world.member("bob", Role::Viewer);
    block_on(erase_own(&world.space, &context(&world.space), &bob)).unwrap();
    world.clock.advance(Duration::from_secs(10));
    world.member("bob", Role::Viewer);
    let theirs = world.knowing("bob").len();
    assert!(world.erase());
    let left = world.knowing("bob");
    assert!(!left.is_empty() && left.len() < theirs, "{left:#?}");
}

#[test]
fn g4_nobody_is_erased_while_a_legal_hold_stands_and_whoever_wants_to_leave_may() {
    let world = World::new();
    let (bob, eve) = (world.member("bob", Role::Viewer), world.member("eve", Role::Viewer));
    let reason = "a trial".parse().unwrap();
    let hold = block_on(retention::add_hold(&world.space, &context(&world.space), &world.owner, reason));
    let own = block_on(erase_own(&world.space, &context(&world.space), &bob));
    assert_eq!(own.unwrap_err(), MemberError::Held);
    let of_owner = block_on(erase_member(&world.space, &context(&world.space), &world.owner, account(&bob)));
    assert_eq!(of_owner.unwrap_err(), MemberError::Held);
    assert_eq!(world.last_event().2.as_deref(), Some("legal_hold"));
    block_on(syft_space_domain::identity::leave(&world.space, &context(&world.space), &eve)).unwrap();
    let released = hold.unwrap().id;
    block_on(retention::release_hold(&world.space, &context(&world.space), &world.owner, released)).unwrap();
    block_on(erase_own(&world.space, &context(&world.space), &bob)).unwrap();
}
