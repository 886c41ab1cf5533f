//! Signing in by a provider: for how long it may take, and what became of everybody meanwhile.

use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::access::Role;
use syft_space_domain::identity::oidc::ports::VerifiedIdentity;
use syft_space_domain::identity::oidc::{
    self, ClaimName, Group, GroupRoles, NewOidcProvider, ProviderAnswer, SignInError, SignInRefusal, Subject,
};
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::{OperatorScope, TenantName};

use crate::world::{World, context};

const REDIRECT: &str = "https://space.example/callback";

fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// A world whose tenant believes a provider `work`, which lets in `acme.example`.
fn world(roles: &[(&str, Role)]) -> World {
    let world = World::new();
    let groups = (!roles.is_empty()).then(|| GroupRoles {
        claim: ClaimName::parse("groups").unwrap(),
        roles: roles.iter().map(|(group, role)| (Group::parse(group).unwrap(), *role)).collect(),
    });
    let wanted = NewOidcProvider {
        name: name("work"),
        issuer: name("https://id.example.org"),
        client_id: name("space"),
        client_secret: Some(Secret::new("a secret".to_owned())),
        allowed_domains: vec![name("acme.example")],
        groups,
    };
    let operator = OperatorScope::at_startup();
    let (space, tenant) = (&world.space, name("acme"));
    block_on(oidc::add_oidc_provider(space, &context(space), &operator, &tenant, wanted)).unwrap();
    world
}

/// What a browser brings back once it has been at the provider.
fn begin(world: &World, who: &str, groups: &[&str]) -> ProviderAnswer {
    let tenant: TenantName = name("acme");
    let started =
        block_on(oidc::start_sign_in(&world.space, &tenant, &name("work"), REDIRECT.to_owned())).unwrap();
    let (_, state) = started.url.split_once("state=").unwrap();
    let identity = VerifiedIdentity {
        subject: Subject::parse(who).unwrap(),
        verified_email: Some(format!("{who}@acme.example")),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        sid: None,
    };
    world.providers.identify(who, identity);
    ProviderAnswer {
        remembered: Some(started.remembered),
        state: Some(Secret::new(state.to_owned())),
        code: Some(Secret::new(who.to_owned())),
        issuer: None,
        is_error: false,
    }
}

fn finish(world: &World, answer: ProviderAnswer) -> Result<(), SignInError> {
    let (tenant, provider) = (name("acme"), name("work"));
    let space = &world.space;
    block_on(oidc::finish_sign_in(space, &context(space), &tenant, &provider, answer)).map(drop)
}

#[test]
fn a1_a_sign_in_is_finished_within_ten_minutes() {
    let world = world(&[]);
    let (in_time, late) = (begin(&world, "ann", &[]), begin(&world, "bob", &[]));
    world.clock.advance(Duration::from_secs(599));
    assert_eq!(finish(&world, in_time), Ok(()));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(finish(&world, late), Err(SignInError::Unknown));
}

#[test]
fn a1_a_provider_that_is_removed_while_it_is_asked_signs_nobody_in() {
    let world = world(&[]);
    let answer = begin(&world, "ann", &[]);
    let (space, operator) = (world.space.clone(), OperatorScope::at_startup());
    // Behind the look-up of who it is, and before the unit of work that lets them in.
    let reads = world.reads.clone();
    world.reads.set(move || {
        reads.set(move || {
            let (context, tenant, provider) = (context(&space), name("acme"), name("work"));
            let removing = oidc::remove_oidc_provider(&space, &context, &operator, &tenant, &provider);
            block_on(removing).unwrap();
        });
    });
    assert_eq!(finish(&world, answer), Err(SignInError::NotFound));
}

#[test]
fn a1_the_last_owner_is_not_made_something_else_by_their_groups() {
    let world = world(&[("bosses", Role::Owner), ("staff", Role::User)]);
    assert_eq!(finish(&world, begin(&world, "ann", &["bosses"])), Ok(()));
    assert_eq!(finish(&world, begin(&world, "ann", &["staff"])), Ok(()), "there is another owner");
    assert_eq!(finish(&world, begin(&world, "ann", &["bosses"])), Ok(()));
    world.change(&world.owner, crate::world::Loss::Removed)();
    let refused = finish(&world, begin(&world, "ann", &["staff"]));
    assert_eq!(refused, Err(SignInRefusal::LastOwner.into()));
    assert_eq!(finish(&world, begin(&world, "ann", &["bosses", "staff"])), Ok(()), "nothing was changed");
}
