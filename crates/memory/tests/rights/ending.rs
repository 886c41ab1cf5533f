//! A tenant ends by the host's clock: not a moment too early, never while it is kept or held, and whole behind whatever went wrong.

use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::PortError;
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::dataset::finish_removal;
use syft_space_domain::identity::{
    AuthenticateError, AuthorizationError, Login, LoginKey, Password, leave, login,
};
use syft_space_domain::page::PageRequest;
use syft_space_domain::retention;
use syft_space_domain::secret::Secret;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{
    OperatorScope, Tenant, TenantEndError, TenantPart, end_tenant, keep_tenant, remove_ended_tenants,
};

use crate::world::{World, account, context, email, try_log_in};

const GRACE: Duration = Duration::from_secs(30 * 86_400);

impl World {
    /// Has the tenant end.
    pub(crate) fn end(&self) -> Result<Tenant, TenantEndError> {
        let name = self.owner.snapshot().tenant.name.clone();
        block_on(end_tenant(&self.space, &context(&self.space), &self.owner, name, GRACE))
    }

    /// Removes what has ended, with so many datasets that cannot be removed yet.
    pub(crate) fn remove(&self, failing: bool) -> Result<(), PortError> {
        self.remove_or_begin(failing, true)
    }

    /// The same, where none may begin.
    fn remove_or_begin(&self, failing: bool, begins: bool) -> Result<(), PortError> {
        let space = self.space.clone();
        let remove = move |scope, dataset| -> syft_space_domain::Pending<'static, Result<(), PortError>> {
            let space = space.clone();
            Box::pin(async move {
                if failing {
                    return Err(StoreError::failed("the disk is gone").into());
                }
                finish_removal(&space, &context(&space), &scope, dataset)
            })
        };
        block_on(remove_ended_tenants(&self.space, &OperatorScope::at_startup(), &remove, begins))
    }

    pub(crate) fn tenants(&self) -> Vec<Tenant> {
        let operator = OperatorScope::at_startup();
        self.read(move |view| view.tenants(&operator))
    }
}

#[test]
fn g2_a_tenant_goes_when_its_time_is_over_and_no_moment_before() {
    let world = World::new();
    let bob = world.member("bob", Role::Admin);
    let id = world.owner.snapshot().tenant.id;
    let scope = world.owner.scope(Permission::ReadAudit).unwrap();
    let ended = world.end().unwrap();
    let end = ended.end.unwrap();
    assert_eq!(end.ends_at, end.asked_at.plus(GRACE));
    world.clock.set(end.ends_at.minus(Duration::from_micros(1)));
    world.remove(false).unwrap();
    assert_eq!(world.tenants().iter().filter_map(|tenant| tenant.end).collect::<Vec<_>>(), [end]);
    let owner = try_log_in(&world.space, "owner").unwrap();
    assert!(owner.may(Permission::ReadMembers) && !owner.may(Permission::Query));
    assert!(try_log_in(&world.space, "bob").is_err());

    world.clock.set(end.ends_at);
    world.remove(false).unwrap();
    assert!(world.tenants().iter().all(|tenant| tenant.id != id));
    for who in [&owner, &bob] {
        let renewed = who.renew(&*world.space.snapshots, world.space.clock.now());
        assert!(
            renewed.is_err_and(
                |error| error == AuthenticateError::Revoked || error == AuthenticateError::Expired
            )
        );
    }
    let removal = world.read(move |view| view.tenant_removal(&scope)).unwrap();
    assert!(removal.is_forgotten && removal.log_size > 3, "{removal:?}");
    assert!(removal.removed[&TenantPart::Accounts] >= 2, "{removal:?}");
    world.remove(false).unwrap();
}

#[test]
fn g2_a_tenant_that_was_to_end_while_the_clock_was_ahead_ends_from_when_it_is_set_right() {
    let mut world = World::new();
    let set_right = world.space.clock.now().plus(Duration::from_secs(1));
    world.clock.advance(GRACE * 10);
    world.owner = try_log_in(&world.space, "owner").unwrap();
    world.end().unwrap();
    world.clock.set(set_right);
    world.remove(false).unwrap();
    let end = world.tenants()[0].end.unwrap();
    assert_eq!((end.asked_at, end.ends_at), (set_right, set_right.plus(GRACE)), "as if it was asked for now");
    world.remove(false).unwrap();
    assert_eq!(world.tenants()[0].end, Some(end), "that is said once");
    world.clock.set(end.ends_at);
    world.remove(false).unwrap();
    assert_eq!(world.tenants(), []);
}

#[test]
fn g2_no_removal_begins_while_the_clock_is_doubted_and_one_that_has_begun_goes_on() {
    let world = World::new();
    world.dataset(&world.owner, "notes").unwrap();
    let end = world.end().unwrap().end.unwrap();
    world.clock.set(end.ends_at);
    world.remove_or_begin(false, false).unwrap();
    assert_eq!(world.tenants()[0].end, Some(end));
    assert!(world.remove(true).is_err(), "it has begun, and a dataset stays");
    assert!(world.tenants()[0].is_going());
    assert!(world.remove_or_begin(true, false).is_err(), "it goes on, and the dataset stays");
}

#[test]
fn g2_what_the_installation_knows_of_who_was_a_member_goes_with_the_tenant_too() {
    let world = World::new();
    // Before they joined, and after they left.
    assert!(try_log_in(&world.space, "bob").is_err());
    let bob = world.member("bob", Role::Viewer);
    world.member("eve", Role::Viewer);
    let guess = |name: &str| {
        let password = Password::parse(&Secret::new("seven wrong owls dance".to_owned())).unwrap();
        let wanted = Login { email: email(name), password, tenant: None, code: None };
        assert!(block_on(login(&world.space, &context(&world.space), wanted)).is_err());
    };
    block_on(leave(&world.space, &context(&world.space), &bob)).unwrap();
    for name in ["bob", "eve", "nobody"] {
        guess(name);
    }
    let named = || {
        let operator = OperatorScope::at_startup();
        let page = PageRequest::default();
        let events =
            world.read(move |view| view.installation_events(&operator, &EventFilter::default(), page));
        let mut named: Vec<String> =
            events.events.items.iter().filter_map(|event| event.event.person.email.clone()).collect();
        named.dedup();
        named
    };
    let generations = (0..=255).map(|generation| LoginKey::of_account(account(&bob), generation));
    let keys: Vec<LoginKey> = generations.chain([LoginKey::of(None, &email("bob"))]).collect();
    let known = || {
        let keys = keys.clone();
        world.read(move |view| {
            let records: Result<Vec<_>, _> = keys.iter().map(|key| view.login_records(key)).collect();
            Ok(records?.concat().len())
        })
    };
    assert!(named().contains(&email("bob").to_string()) && known() > 0, "{:?}", named());
    let end = world.end().unwrap().end.unwrap();
    world.clock.set(end.ends_at);
    world.remove(false).unwrap();
    assert_eq!((named(), known()), (vec![email("nobody").to_string()], 0));
}

#[test]
fn g2_whoever_keeps_the_tenant_at_the_last_moment_keeps_all_of_it_and_later_nobody_does() {
    let world = World::new();
    let end = world.end().unwrap().end.unwrap();
    world.clock.set(end.ends_at);
    // Nobody has come by yet to remove it.
    let owner = try_log_in(&world.space, "owner").unwrap();
    block_on(keep_tenant(&world.space, &context(&world.space), &owner)).unwrap();
    world.remove(false).unwrap();
    assert!(try_log_in(&world.space, "owner").unwrap().may(Permission::Query));
    let again = block_on(keep_tenant(&world.space, &context(&world.space), &owner));
    assert_eq!(again.unwrap_err(), TenantEndError::NotEnding);

    let name = owner.snapshot().tenant.name.clone();
    let none = Duration::ZERO;
    block_on(end_tenant(&world.space, &context(&world.space), &owner, name, none)).unwrap();
    // It has begun, and cannot go on: a dataset stays.
    drop(world.remove(true));
    assert!(try_log_in(&world.space, "owner").is_err());
    let late = block_on(keep_tenant(&world.space, &context(&world.space), &owner));
    let refused =
        TenantEndError::Authorization(AuthorizationError::Unauthenticated(AuthenticateError::Revoked));
    assert_eq!(late.unwrap_err(), refused);
    world.remove(false).unwrap();
    assert!(world.tenants().iter().all(|tenant| tenant.end.is_none()));
}

#[test]
fn g4_a_hold_that_is_made_while_a_tenant_ends_keeps_it_until_it_is_released() {
    let world = World::new();
    let end = world.end().unwrap().end.unwrap();
    let reason = "a trial".parse().unwrap();
    let hold =
        block_on(retention::add_hold(&world.space, &context(&world.space), &world.owner, reason)).unwrap();
    world.clock.set(end.ends_at.plus(GRACE));
    world.remove(false).unwrap();
    assert_eq!(world.tenants().iter().filter_map(|tenant| tenant.end).collect::<Vec<_>>(), [end]);
    let owner = try_log_in(&world.space, "owner").unwrap();
    block_on(retention::release_hold(&world.space, &context(&world.space), &owner, hold.id)).unwrap();
    world.remove(false).unwrap();
    assert!(world.tenants().iter().all(|tenant| tenant.end.is_none()));
}
