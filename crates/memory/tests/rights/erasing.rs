//! Somebody is erased as a whole, whatever the host's clock told meanwhile, and nobody while the tenant is held.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::RecordedEvent;
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::identity::{
    AccountStatus, ChangeMember, MemberError, Password, Principal, change_member, leave,
};
use syft_space_domain::ids::AccountId;
use syft_space_domain::page::PageRequest;
use syft_space_domain::privacy::ports::ErasureLedger;
use syft_space_domain::privacy::{
    ErasedAccount, Erasure, ErasureBy, LedgerEntry, Reapplied, erase_address, erase_member, erase_own,
    erasures, finish_erasures, reapply_erasures,
};
use syft_space_domain::retention;
use syft_space_domain::tenant::{OperatorScope, TenantName, found_as_operator};
use syft_space_memory::MemoryLedger;

use crate::world::{World, account, context, email, secret, try_log_in};

/// A world with an erasure ledger.
pub(crate) fn with_ledger() -> (World, MemoryLedger) {
    let ledger = MemoryLedger::new([3; 32]);
    let mut world = World::new();
    world.space.erasure_ledger = Some(Arc::new(ledger.clone()));
    (world, ledger)
}

impl World {
    /// What the ledger has of somebody, by their account and what stands for their address.
    pub(crate) fn kept_of(&self, ledger: &MemoryLedger, account: AccountId, name: &str) -> LedgerEntry {
        LedgerEntry::Account(self.erased_account(ledger, account, name))
    }

    fn erased_account(&self, ledger: &MemoryLedger, account: AccountId, name: &str) -> ErasedAccount {
        let tenant = self.owner.snapshot().tenant.id;
        let address = Some(ledger.mark(tenant, &email(name)));
        let (asked_by, asked_at) = (ErasureBy::Person, self.space.clock.now());
        ErasedAccount { tenant, account, asked_by, asked_at, token: None, address }
    }

    /// Has the ledger applied as a start does. Answers whose account went.
    pub(crate) fn start(&self) -> Vec<AccountId> {
        let reapplied = reapply_erasures(&self.space, &OperatorScope::at_startup()).unwrap();
        let account = |reapplied| match reapplied {
            Reapplied::Account { account, .. } => Some(account),
            Reapplied::Tenant(_) => None,
        };
        reapplied.into_iter().filter_map(account).collect()
    }

    /// Goes on with erasures, and tells whether none is left.
    pub(crate) fn erase(&self) -> bool {
        block_on(finish_erasures(&self.space, &OperatorScope::at_startup())).unwrap();
        let all = block_on(erasures(&self.space, &self.owner, PageRequest::default())).unwrap();
        all.items.iter().all(|erasure| erasure.ended_at.is_some())
    }

    /// The events of the tenant's log that still know of a person and were caused by this member, or name them.
    pub(crate) fn knowing(&self, name: &str) -> Vec<RecordedEvent> {
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
fn g2_what_was_asked_for_while_the_clock_was_ahead_goes_on_when_it_is_set_right_and_is_due_from_then() {
    for ahead in [Duration::from_secs(300 * 86_400), Duration::from_secs(90), Duration::from_secs(3)] {
        let mut world = World::new();
        let set_right = world.space.clock.now().plus(Duration::from_secs(1));
        world.clock.advance(ahead);
        world.owner = try_log_in(&world.space, "owner").unwrap();
        let bob = world.member("bob", Role::Viewer);
        block_on(erase_own(&world.space, &context(&world.space), &bob)).unwrap();
        // What they did at the very last comes late.
        assert!(try_log_in(&world.space, "bob").is_err());
        world.clock.set(set_right);
        world.owner = try_log_in(&world.space, "owner").unwrap();
        assert!(!world.erase(), "what they did at the very last is waited for");
        // Whoever has the address by then is somebody new.
        world.member("bob", Role::Viewer);
        world.clock.advance(Duration::from_secs(6));
        let later = try_log_in(&world.space, "bob").unwrap();
        assert!(world.erase(), "{ahead:?}");
        let all = block_on(erasures(&world.space, &world.owner, PageRequest::default())).unwrap().items;
        let (erasure, now) = (&all[0], world.space.clock.now());
        assert!(erasure.asked_at <= now && erasure.due_at > now && !erasure.is_overdue(now), "{erasure:?}");
        assert_eq!(erasure.due_at, erasure.asked_at.plus(Erasure::DUE_WITHIN));
        assert!(!world.knowing("bob").is_empty() && later.may(Permission::OwnAccount));
    }
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
fn z1_what_the_installation_knows_of_an_address_stays_while_another_tenant_has_an_account_of_it_be_it_disabled()
 {
    for status in [AccountStatus::Active, AccountStatus::Disabled] {
        let world = World::new();
        // Before there is any account of the address.
        assert!(try_log_in(&world.space, "bob").is_err());
        let bob = world.member("bob", Role::Viewer);
        let (password, name) = (Password::parse(&secret()).unwrap(), TenantName::parse("other").unwrap());
        let (space, operator) = (&world.space, OperatorScope::at_startup());
        block_on(found_as_operator(space, &context(space), &operator, &email("olga"), &password, &name))
            .unwrap();
        let olga = try_log_in(space, "olga").unwrap();
        let invited = world.invite(&olga, "bob", Role::Viewer);
        world.accept(invited).unwrap();
        let scope = olga.scope(Permission::ManageMembers).unwrap();
        let there = world.read(move |view| view.account_by_email(&scope, &email("bob"))).unwrap();
        let change = ChangeMember { role: None, status: Some(status), if_revision: None };
        block_on(change_member(space, &context(space), &olga, there.member.account, change)).unwrap();
        block_on(erase_own(space, &context(space), &bob)).unwrap();
        world.clock.advance(Duration::from_secs(6));
        assert!(world.erase());
        let page = PageRequest::default();
        let log = world.read(move |view| view.installation_events(&operator, &EventFilter::default(), page));
        let bob = email("bob").to_string();
        let named = log.events.items.iter().filter(|event| event.event.person.email.as_ref() == Some(&bob));
        assert_eq!(named.count(), 1, "{status:?}");
    }
}

#[test]
fn g4_nobody_is_erased_while_a_legal_hold_stands_and_whoever_wants_to_leave_may() {
    let world = World::new();
    let (bob, eve) = (world.member("bob", Role::Viewer), world.member("eve", Role::Viewer));
    let reason = "a trial".parse().unwrap();
    let hold = block_on(retention::add_hold(&world.space, &context(&world.space), &world.owner, reason));
    let own = block_on(erase_own(&world.space, &context(&world.space), &bob));
    assert_eq!(own.err(), Some(MemberError::Held));
    let of_owner = block_on(erase_member(&world.space, &context(&world.space), &world.owner, account(&bob)));
    assert_eq!(of_owner.err(), Some(MemberError::Held));
    assert_eq!(world.last_event().2.as_deref(), Some("legal_hold"));
    block_on(syft_space_domain::identity::leave(&world.space, &context(&world.space), &eve)).unwrap();
    let released = hold.unwrap().id;
    block_on(retention::release_hold(&world.space, &context(&world.space), &world.owner, released)).unwrap();
    block_on(erase_own(&world.space, &context(&world.space), &bob)).unwrap();
}

#[test]
fn g2_who_is_erased_is_in_the_ledger_before_that_is_answered_and_what_it_lacks_is_kept_at_the_start() {
    let (world, ledger) = with_ledger();
    let (bob, eve) = (world.member("bob", Role::Viewer), world.member("eve", Role::Viewer));
    let begun = block_on(erase_own(&world.space, &context(&world.space), &bob)).unwrap();
    let mut expected = world.erased_account(&ledger, account(&bob), "bob");
    (expected.asked_at, expected.token) = (begun.erasure.asked_at, begun.erasure.token);
    assert_eq!(ledger.all().unwrap(), [LedgerEntry::Account(expected)]);
    block_on(leave(&world.space, &context(&world.space), &eve)).unwrap();
    let (space, address) = (&world.space, email("eve"));
    block_on(erase_address(space, &context(space), &world.owner, address)).unwrap();
    assert_eq!(ledger.all().unwrap().len(), 2);
    let empty = MemoryLedger::new([4; 32]);
    let mut world = world;
    world.space.erasure_ledger = Some(Arc::new(empty.clone()));
    assert_eq!(world.start(), []);
    let kept: BTreeSet<AccountId> = empty.all().unwrap().iter().filter_map(|entry| entry.key().1).collect();
    assert_eq!(kept, BTreeSet::from([account(&bob), account(&eve)]));
    assert_eq!(empty.all().unwrap().len(), 2);
}

#[test]
fn g2_who_is_in_the_ledger_goes_at_the_start_and_whoever_has_the_address_later_stays() {
    let (world, ledger) = with_ledger();
    let bob = world.member("bob", Role::Viewer);
    let eve = world.member("eve", Role::Viewer);
    let known = |principal: &Principal| world.kept_of(&ledger, account(principal), "nobody");
    // One by their account; one by the address alone, as in a copy from before there was that account; one by nothing.
    let before = world.kept_of(&ledger, AccountId::from_bytes([9; 16]), "eve");
    let nowhere = world.kept_of(&ledger, AccountId::from_bytes([8; 16]), "ulf");
    block_on(ledger.keep(vec![known(&bob), before, nowhere])).unwrap();
    assert_eq!(world.start(), [account(&bob), account(&eve)]);
    assert!(try_log_in(&world.space, "bob").is_err() && try_log_in(&world.space, "eve").is_err());
    world.member("ulf", Role::Viewer);
    assert_eq!(world.start(), [], "nobody twice, and nobody who came later");
    assert!(try_log_in(&world.space, "ulf").is_ok());
    world.clock.advance(Duration::from_secs(6));
    assert!(world.erase());
    assert!(world.knowing("bob").is_empty() && world.knowing("eve").is_empty());
}
