//! Whoever works for several tenants has an account in each, and nothing of one is known to another.

use std::net::IpAddr;

use futures_executor::block_on;
use syft_space_domain::access::Role;
use syft_space_domain::audit::Origin;
use syft_space_domain::identity::{self, AcceptInvitation, Login, LoginError, Password, Principal};
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::{OperatorScope, OwnerMade, RegisterError, TenantName, found_as_operator};

use crate::world::{Loss, PASSWORD, World, context, email};

const OTHER_PASSWORD: &str = "nine herons wade past silver reeds";
const HOME: &str = "192.0.2.1";

fn password(text: &str) -> Password {
    Password::parse(&Secret::new(text.to_owned())).unwrap()
}

fn name(text: &str) -> TenantName {
    TenantName::parse(text).unwrap()
}

/// Whose tenant a login leads to.
fn log_in(
    world: &World,
    who: &str,
    text: &str,
    tenant: Option<&str>,
    from: &str,
) -> Result<String, LoginError> {
    let space = &world.space;
    let address: IpAddr = from.parse().unwrap();
    let context = space.request_context(Origin { address: Some(address), user_agent: None }).unwrap();
    let wanted = Login { email: email(who), password: password(text), tenant: tenant.map(name), code: None };
    let logged_in = block_on(identity::login(space, &context, wanted))?;
    let claims = space.tokens.verify(logged_in.token.expose(), space.clock.now()).unwrap();
    let shown = space.signing_keys.epoch().mark();
    let principal: Principal = identity::authenticate(&*space.snapshots, &claims, shown).unwrap();
    assert_eq!(principal.snapshot().tenant.name, claims.tenant_name);
    Ok(claims.tenant_name.to_string())
}

/// Founds a tenant whose owner has this address, or makes the address's account there an owner's.
fn found(world: &World, tenant: &str, owner: &str) -> Result<OwnerMade, RegisterError> {
    let (context, operator) = (context(&world.space), OperatorScope::at_startup());
    let (owner, password, tenant) = (email(owner), password(OTHER_PASSWORD), name(tenant));
    block_on(found_as_operator(&world.space, &context, &operator, &owner, &password, &tenant))
}

fn is_wrong(outcome: &Result<String, LoginError>) -> bool {
    matches!(outcome, Err(LoginError::Wrong))
}

/// Wrong passwords in a row, each from another address, until none is compared any more.
fn exhaust(world: &World, who: &str, tenant: Option<&str>) {
    for n in 0..=50_u8 {
        let from = format!("198.51.100.{n}");
        if !is_wrong(&log_in(world, who, "no set of words that opens", tenant, &from)) {
            return;
        }
    }
    panic!("guesses have no end");
}

#[test]
fn z3_one_address_has_an_account_of_its_own_in_each_tenant() {
    let world = World::new();
    world.clock.advance(std::time::Duration::from_secs(1));
    found(&world, "globex", "owner").unwrap();
    for (tenant, right, wrong) in [("acme", PASSWORD, OTHER_PASSWORD), ("globex", OTHER_PASSWORD, PASSWORD)] {
        assert_eq!(log_in(&world, "owner", right, Some(tenant), HOME).unwrap(), tenant);
        assert!(is_wrong(&log_in(&world, "owner", wrong, Some(tenant), HOME)), "{tenant}");
    }
    // Without a tenant the oldest is meant, and no other password is compared.
    assert_eq!(log_in(&world, "owner", PASSWORD, None, HOME).unwrap(), "acme");
    assert!(is_wrong(&log_in(&world, "owner", OTHER_PASSWORD, None, HOME)));
    assert!(
        is_wrong(&log_in(&world, "owner", PASSWORD, Some("initech"), HOME)),
        "a tenant that is not there"
    );
}

#[test]
fn z3_what_becomes_of_an_account_is_nothing_to_another_tenant() {
    for loss in [Loss::Removed, Loss::Disabled] {
        let world = World::new();
        let ulf = world.member("ulf", Role::User);
        world.clock.advance(std::time::Duration::from_secs(1));
        found(&world, "globex", "ulf").unwrap();
        world.change(&ulf, loss)();
        assert!(is_wrong(&log_in(&world, "ulf", PASSWORD, Some("acme"), HOME)), "{loss:?}");
        assert_eq!(log_in(&world, "ulf", OTHER_PASSWORD, Some("globex"), HOME).unwrap(), "globex");
        // Removed there, and invited again: it is another account, with another password.
        if matches!(loss, Loss::Removed) {
            let again = world.invite(&world.owner, "ulf", Role::User);
            world
                .accept(AcceptInvitation { password: Secret::new(OTHER_PASSWORD.to_owned()), ..again })
                .unwrap();
            assert!(is_wrong(&log_in(&world, "ulf", PASSWORD, Some("acme"), HOME)));
            assert_eq!(log_in(&world, "ulf", OTHER_PASSWORD, Some("acme"), HOME).unwrap(), "acme");
        }
    }
}

#[test]
fn h5_guesses_at_an_account_shut_nobody_out_of_another_tenants() {
    let world = World::new();
    world.clock.advance(std::time::Duration::from_secs(1));
    found(&world, "globex", "owner").unwrap();
    exhaust(&world, "owner", Some("globex"));
    assert!(matches!(
        log_in(&world, "owner", OTHER_PASSWORD, Some("globex"), HOME),
        Err(LoginError::TooManyGuesses(_))
    ));
    assert_eq!(log_in(&world, "owner", PASSWORD, Some("acme"), HOME).unwrap(), "acme");
    assert_eq!(log_in(&world, "owner", PASSWORD, None, HOME).unwrap(), "acme");
}

#[test]
fn h5_an_account_of_the_same_address_elsewhere_makes_nobody_known() {
    let world = World::new();
    world.clock.advance(std::time::Duration::from_secs(1));
    // Whoever founds a tenant may call themself what they like.
    found(&world, "globex", "owner").unwrap();
    assert_eq!(log_in(&world, "owner", OTHER_PASSWORD, Some("globex"), "203.0.113.9").unwrap(), "globex");
    for tenant in [Some("acme"), None] {
        exhaust(&world, "owner", tenant);
        let guess = log_in(&world, "owner", "no set of words that opens", tenant, "203.0.113.9");
        assert!(matches!(guess, Err(LoginError::TooManyGuesses(_))), "{tenant:?}");
    }
}

#[test]
fn z3_the_operator_gives_an_account_another_password_and_makes_it_an_owners() {
    for loss in [None, Some(Loss::Disabled), Some(Loss::Renewed)] {
        let world = World::new();
        let ulf = world.member("ulf", Role::Viewer);
        if let Some(loss) = loss {
            world.change(&ulf, loss)();
        }
        let OwnerMade::Restored(restored) = found(&world, "acme", "ulf").unwrap() else {
            panic!("there is such a tenant, and such an account")
        };
        assert_eq!(restored.role, Role::Owner);
        assert!(
            ulf.renew(&*world.space.snapshots, world.space.clock.now()).is_err(),
            "{loss:?}: his token is of before"
        );
        assert!(is_wrong(&log_in(&world, "ulf", PASSWORD, Some("acme"), HOME)), "{loss:?}");
        assert_eq!(log_in(&world, "ulf", OTHER_PASSWORD, Some("acme"), HOME).unwrap(), "acme");
        // The tenant and its other members are as they were.
        assert_eq!(log_in(&world, "owner", PASSWORD, None, HOME).unwrap(), "acme");
    }
    // Who has no account there is not made one, and nothing is founded.
    let world = World::new();
    found(&world, "globex", "ulf").unwrap();
    assert_eq!(found(&world, "acme", "ulf"), Err(RegisterError::NameTaken));
    assert!(is_wrong(&log_in(&world, "ulf", OTHER_PASSWORD, Some("acme"), HOME)));
}

#[test]
fn h5_an_address_is_known_to_an_account_and_to_none_that_comes_after_it() {
    let guess =
        |world: &World, tenant, from| log_in(world, "ulf", "no set of words that opens", tenant, from);
    // Removed, and invited again; and elsewhere, where another had the address first.
    let world = World::new();
    let ulf = world.member("ulf", Role::User);
    for tenant in [Some("acme"), None] {
        assert_eq!(log_in(&world, "ulf", PASSWORD, tenant, "203.0.113.9").unwrap(), "acme");
    }
    world.change(&ulf, Loss::Removed)();
    world.member("ulf", Role::User);
    for tenant in [Some("acme"), None] {
        exhaust(&world, "ulf", tenant);
        let refused = guess(&world, tenant, "203.0.113.9");
        assert!(matches!(refused, Err(LoginError::TooManyGuesses(_))), "{tenant:?}");
    }
    // Another password, by the operator here: whoever had the one before is a stranger.
    let world = World::new();
    world.member("ulf", Role::User);
    assert_eq!(log_in(&world, "ulf", PASSWORD, Some("acme"), "203.0.113.9").unwrap(), "acme");
    found(&world, "acme", "ulf").unwrap();
    exhaust(&world, "ulf", Some("acme"));
    let refused = guess(&world, Some("acme"), "203.0.113.9");
    assert!(matches!(refused, Err(LoginError::TooManyGuesses(_))));
}

#[test]
fn h5_whoever_logs_in_without_a_tenant_is_known_with_it_too() {
    let world = World::new();
    assert_eq!(log_in(&world, "owner", PASSWORD, None, HOME).unwrap(), "acme");
    for tenant in [Some("acme"), None] {
        exhaust(&world, "owner", tenant);
        assert_eq!(log_in(&world, "owner", PASSWORD, tenant, HOME).unwrap(), "acme");
    }
}

#[test]
fn a1_the_oldest_account_that_is_active_is_meant_and_none_that_was_begun_before_and_made_later() {
    let world = World::new();
    let ulf = world.member("ulf", Role::User);
    world.clock.advance(std::time::Duration::from_secs(1));
    found(&world, "globex", "ulf").unwrap();
    world.change(&ulf, Loss::Disabled)();
    assert_eq!(log_in(&world, "ulf", OTHER_PASSWORD, None, HOME).unwrap(), "globex");
    // While one password is hashed, another account of the address is made.
    let world = World::new();
    let invitation = world.invite(&world.owner, "ulf", Role::User);
    let (space, clock) = (world.space.clone(), std::sync::Arc::clone(&world.clock));
    world.meanwhile.set(move || {
        clock.advance(std::time::Duration::from_secs(1));
        let (context, operator) = (context(&space), OperatorScope::at_startup());
        let (owner, password) = (email("ulf"), password(OTHER_PASSWORD));
        block_on(found_as_operator(&space, &context, &operator, &owner, &password, &name("globex"))).unwrap();
        clock.advance(std::time::Duration::from_secs(1));
    });
    world.accept(invitation).unwrap();
    assert_eq!(log_in(&world, "ulf", OTHER_PASSWORD, None, HOME).unwrap(), "globex");
}

#[test]
fn a3_a_password_has_no_age() {
    let world = World::new();
    world.member("ulf", Role::User);
    let years = 20 * 365 * 24 * 60 * 60;
    world.clock.advance(std::time::Duration::from_secs(years));
    assert_eq!(log_in(&world, "ulf", PASSWORD, Some("acme"), HOME).unwrap(), "acme");
}
