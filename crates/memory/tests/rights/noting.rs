//! What is erased or removed is noted apart from the store before it ends, however often that fails; and what is noted goes again from an older
//! copy, and nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::access::Role;
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::audit::{Action, Digest};
use syft_space_domain::identity::{Email, MemberError, leave};
use syft_space_domain::ids::{AccountId, TenantId};
use syft_space_domain::page::PageRequest;
use syft_space_domain::privacy::ports::{ErasureLedger, ErasureLedgerError};
use syft_space_domain::privacy::{
    CertificateError, LedgerEntry, Reapplied, certificate, erase_address, erase_own, erasures,
    finish_erasures, reapply_erasures,
};
use syft_space_domain::store::{OverwriteDone, ReadUnit, Store, StoreError};
use syft_space_domain::tenant::OperatorScope;
use syft_space_domain::unit::Unit;
use syft_space_domain::{Pending, PortError, retention};
use syft_space_memory::MemoryLedger;

use crate::erasing::with_ledger;
use crate::world::{World, account, context, email, try_log_in};

/// A ledger on a disk that fails when it is told to.
struct FailingLedger {
    ledger: MemoryLedger,
    says_so: AtomicBool,
    fails: AtomicBool,
}

impl FailingLedger {
    fn answer(fails: &AtomicBool) -> Result<(), ErasureLedgerError> {
        match fails.load(Ordering::Relaxed) {
            true => Err(ErasureLedgerError("the disk is gone".to_owned())),
            false => Ok(()),
        }
    }
}

impl ErasureLedger for FailingLedger {
    fn mark(&self, tenant: TenantId, email: &Email) -> Digest {
        self.ledger.mark(tenant, email)
    }

    fn check(&self, _: TenantId) -> Pending<'_, Result<(), ErasureLedgerError>> {
        Box::pin(async { Self::answer(&self.says_so) })
    }

    fn keep(&self, entries: Vec<LedgerEntry>) -> Pending<'_, Result<(), ErasureLedgerError>> {
        match Self::answer(&self.fails) {
            Ok(()) => self.ledger.keep(entries),
            failed => Box::pin(async { failed }),
        }
    }

    fn all(&self) -> Result<Vec<LedgerEntry>, ErasureLedgerError> {
        self.ledger.all()
    }
}

/// A world whose ledger cannot be written.
fn with_failing_ledger() -> (World, Arc<FailingLedger>) {
    let (mut world, ledger) = with_ledger();
    let (says_so, fails) = (AtomicBool::new(false), AtomicBool::new(true));
    let ledger = Arc::new(FailingLedger { ledger, says_so, fails });
    world.space.erasure_ledger = Some(ledger.clone());
    (world, ledger)
}

#[test]
fn g2_nobody_is_erased_while_that_cannot_be_noted_and_nothing_of_it_is_begun() {
    let (world, ledger) = with_failing_ledger();
    let (bob, eve) = (world.member("bob", Role::Viewer), world.member("eve", Role::Viewer));
    block_on(leave(&world.space, &context(&world.space), &eve)).unwrap();
    ledger.says_so.store(true, Ordering::Relaxed);
    let refused = |begun: Result<_, MemberError>| {
        matches!(begun, Err(MemberError::PortError(PortError::ErasureLedger(_))))
    };
    assert!(refused(block_on(erase_own(&world.space, &context(&world.space), &bob)).map(drop)));
    for name in ["bob", "eve"] {
        let (space, address) = (&world.space, email(name));
        assert!(refused(block_on(erase_address(space, &context(space), &world.owner, address)).map(drop)));
    }
    let all = block_on(erasures(&world.space, &world.owner, PageRequest::default())).unwrap();
    assert_eq!(all.items, []);
    assert!(try_log_in(&world.space, "bob").is_ok());
}

#[test]
fn g2_an_erasure_that_could_not_be_noted_does_not_end_before_it_is_and_is_found_in_older_copies_by_its_address()
 {
    let (world, ledger) = with_failing_ledger();
    let bob = world.member("bob", Role::Viewer);
    block_on(erase_own(&world.space, &context(&world.space), &bob)).unwrap();
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(60));
        assert!(!world.erase(), "it is not noted");
    }
    ledger.fails.store(false, Ordering::Relaxed);
    assert!(world.erase(), "once it is noted it ends");
    let kept = ledger.all().unwrap();
    let [LedgerEntry::Account(kept)] = kept.as_slice() else { panic!("{kept:?}") };
    let address = ledger.mark(kept.tenant, &email("bob"));
    assert_eq!((kept.account, kept.address), (account(&bob), Some(address)));
}

/// A store that cannot overwrite what removed rows have left, for as long as that is set.
struct FullStore {
    inner: Arc<dyn Store>,
    is_full: AtomicBool,
}

impl Store for FullStore {
    fn submit(&self, unit: Box<dyn Unit>) {
        self.inner.submit(unit);
    }

    fn submit_read(&self, read: Box<dyn ReadUnit>) {
        self.inner.submit_read(read);
    }

    fn submit_overwrite(&self, done: OverwriteDone) {
        match self.is_full.load(Ordering::Relaxed) {
            true => done(Err(StoreError::Full)),
            false => self.inner.submit_overwrite(done),
        }
    }
}

fn with_full_store() -> (World, Arc<FullStore>) {
    let mut world = World::new();
    let store = Arc::new(FullStore { inner: Arc::clone(&world.space.store), is_full: AtomicBool::new(true) });
    world.space.store = store.clone();
    (world, store)
}

#[test]
fn g2_an_erasure_does_not_end_before_what_it_removed_is_overwritten_and_names_nobody_from_then_on() {
    let (world, store) = with_full_store();
    let people = ["bob", "eve"].map(|name| world.member(name, Role::Viewer));
    for person in &people {
        block_on(erase_own(&world.space, &context(&world.space), person)).unwrap();
    }
    let all = || block_on(erasures(&world.space, &world.owner, PageRequest::default())).unwrap().items;
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(60));
        let finished = block_on(finish_erasures(&world.space, &OperatorScope::at_startup()));
        assert_eq!(finished, Err(StoreError::Full.into()));
        let all = all();
        assert_eq!(all.len(), 2);
        assert!(all.iter().all(|erasure| erasure.ended_at.is_none() && erasure.person.is_none()), "{all:?}");
        let certified = block_on(certificate(&world.space, &world.owner, account(&people[0])));
        assert!(matches!(certified, Err(CertificateError::NotEnded { .. })), "{certified:?}");
    }
    store.is_full.store(false, Ordering::Relaxed);
    world.clock.advance(Duration::from_secs(60));
    assert!(world.erase(), "it is tried again");
    for erasure in all() {
        assert_eq!(erasure.ended_at, Some(world.space.clock.now()), "no moment before");
    }
    block_on(certificate(&world.space, &world.owner, account(&people[0]))).unwrap();
}

#[test]
fn g2_a_tenant_is_not_gone_before_what_was_removed_of_it_is_overwritten() {
    let (world, store) = with_full_store();
    let end = world.end().unwrap().end.unwrap();
    world.clock.set(end.ends_at);
    assert_eq!(world.remove(false), Err(StoreError::Full.into()));
    assert_eq!(world.tenants().len(), 1);
    store.is_full.store(false, Ordering::Relaxed);
    world.remove(false).unwrap();
    assert_eq!(world.tenants(), []);
}

#[test]
fn g2_whoever_joined_or_was_invited_behind_an_erasure_is_somebody_new_also_in_a_copy_from_before_it() {
    let (world, ledger) = with_ledger();
    let before = |n, name| world.kept_of(&ledger, AccountId::from_bytes([n; 16]), name);
    block_on(ledger.keep(vec![before(7, "bob"), before(8, "eve"), before(9, "owner")])).unwrap();
    world.clock.advance(Duration::from_secs(1));
    let bob = world.member("bob", Role::Owner);
    let invited = world.invite(&bob, "eve", Role::Viewer);
    // The owner was there before, and goes; bob and eve have their addresses by now.
    assert_eq!(world.start(), [account(&world.owner)]);
    assert!(try_log_in(&world.space, "bob").is_ok());
    world.accept(invited).unwrap();
    assert!(try_log_in(&world.space, "eve").is_ok());
}

#[test]
fn g2_that_a_tenant_was_removed_is_noted_before_the_last_of_it_goes() {
    let (world, ledger) = with_failing_ledger();
    let tenant = world.owner.snapshot().tenant.id;
    let end = world.end().unwrap().end.unwrap();
    world.clock.set(end.ends_at);
    world.remove(false).unwrap();
    assert!(try_log_in(&world.space, "owner").is_err(), "nobody is let in");
    assert_eq!(world.tenants().len(), 1, "that it goes is not noted");
    ledger.fails.store(false, Ordering::Relaxed);
    world.remove(false).unwrap();
    assert_eq!(world.tenants(), []);
    assert_eq!(ledger.all().unwrap(), [LedgerEntry::Tenant(tenant)]);
    // A ledger that is begun anew is given it.
    let (mut world, empty) = (world, MemoryLedger::new([4; 32]));
    world.space.erasure_ledger = Some(Arc::new(empty.clone()));
    assert_eq!(reapply_erasures(&world.space, &OperatorScope::at_startup()), Ok(Vec::new()));
    assert_eq!(empty.all().unwrap(), [LedgerEntry::Tenant(tenant)]);
}

#[test]
fn g2_a_tenant_that_was_removed_goes_again_from_an_older_copy_before_anybody_is_let_in() {
    let (world, ledger) = with_ledger();
    let bob = world.member("bob", Role::Viewer);
    let tenant = world.owner.snapshot().tenant.id;
    // In the copy it does not end, it is held, and somebody is there who was erased.
    let reason = "a trial".parse().unwrap();
    block_on(retention::add_hold(&world.space, &context(&world.space), &world.owner, reason)).unwrap();
    let erased = world.kept_of(&ledger, account(&bob), "bob");
    block_on(ledger.keep(vec![
        erased,
        LedgerEntry::Tenant(tenant),
        LedgerEntry::Tenant(TenantId::from_bytes([9; 16])),
    ]))
    .unwrap();
    let operator = OperatorScope::at_startup();
    assert_eq!(reapply_erasures(&world.space, &operator), Ok(vec![Reapplied::Tenant(tenant)]));
    for name in ["owner", "bob"] {
        assert!(try_log_in(&world.space, name).is_err(), "{name}");
    }
    assert_eq!(reapply_erasures(&world.space, &operator), Ok(Vec::new()), "that is begun once");
    world.remove(false).unwrap();
    assert_eq!(world.tenants(), []);
    let log = world.read(move |view| {
        view.installation_events(&operator, &EventFilter::default(), PageRequest::default())
    });
    let told = |action, reason: &str| {
        let events = log.events.items.iter().map(|recorded| &recorded.event);
        events
            .filter(|event| event.action == action)
            .filter(|event| {
                let object = event.object.as_ref().map(|object| object.id.as_str());
                object == Some(&tenant.to_string())
                    && event.reason_code.as_ref().is_some_and(|code| code.to_string().starts_with(reason))
            })
            .count()
    };
    assert_eq!((told(Action::ConfigChange, "removed_before"), told(Action::TenantDeleted, "")), (1, 1));
}
