//! Signing in by a provider: for how long it may take, and what became of everybody meanwhile.

use std::sync::Arc;
use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::Space;
use syft_space_domain::access::Role;
use syft_space_domain::audit::{Action, Outcome};
use syft_space_domain::expectation::{Expectation, ExpectedVerdict, set_expectations};
use syft_space_domain::identity::oidc::ports::{OidcError, Prompt, VerifiedIdentity, VerifiedLogout};
use syft_space_domain::identity::oidc::{
    self, ClaimName, Group, GroupRoles, LogoutError, NewOidcProvider, ProviderAnswer, SignInError,
    SignInRefusal, Subject,
};
use syft_space_domain::policy::HypotheticalCaller;
use syft_space_domain::secret::Secret;
use syft_space_domain::store::{OverwriteDone, ReadUnit, Store, StoreError};
use syft_space_domain::tenant::{OperatorScope, TenantName};
use syft_space_domain::unit::Unit;

use crate::world::{World, context, email};

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
    let (provider, redirect_uri) = (name("work"), REDIRECT.to_owned());
    let started = oidc::start_sign_in(&world.space, &tenant, &provider, redirect_uri, Prompt::AsNeeded);
    let started = block_on(started).unwrap();
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

#[test]
fn z2_nobody_gets_by_their_provider_what_they_are_expected_not_to_have_and_loses_what_it_takes() {
    let world = world(&[("staff", Role::User), ("guests", Role::Viewer)]);
    // It has no policy: every member may query it whose role permits that.
    let endpoint = world.endpoint();
    let expect = |sentences: &[(&str, ExpectedVerdict)]| {
        let wanted = sentences.iter().map(|(who, verdict)| Expectation {
            caller: HypotheticalCaller::Address(email(who)),
            purpose: None,
            verdict: *verdict,
            note: String::new(),
        });
        let (space, wanted) = (&world.space, wanted.collect());
        let (context, endpoint) = (context(space), endpoint.clone());
        block_on(set_expectations(space, &context, &world.owner, endpoint, wanted, None)).unwrap();
    };
    expect(&[("bob", ExpectedVerdict::Denied)]);
    let refused: Result<(), SignInError> = Err(SignInRefusal::Unexpected.into());
    assert_eq!(finish(&world, begin(&world, "bob", &["staff"])), refused, "they would join");
    let told = (Action::AuthnLoginFail, Outcome::Denied, Some("expectation_broken".to_owned()));
    assert_eq!(world.last_event(), told);
    assert_eq!(finish(&world, begin(&world, "bob", &["guests"])), Ok(()));
    assert_eq!(finish(&world, begin(&world, "bob", &["staff"])), refused, "they would have another role");
    assert_eq!(finish(&world, begin(&world, "bob", &["guests"])), Ok(()), "nothing was changed");
    assert_eq!(finish(&world, begin(&world, "ann", &["staff"])), Ok(()));
    expect(&[("ann", ExpectedVerdict::Allowed), ("bob", ExpectedVerdict::Denied)]);
    assert_eq!(finish(&world, begin(&world, "ann", &["guests"])), Ok(()), "what is taken away is taken away");
}

fn log_out(space: &Space, token: &str) -> Result<(), LogoutError> {
    let (tenant, provider) = (name("acme"), name("work"));
    block_on(oidc::log_out_by_provider(space, &context(space), &tenant, &provider, token))
}

/// A provider's word that somebody logged out there, altogether.
fn says(world: &World, token: &str, who: &str) {
    let subject = Some(Subject::parse(who).unwrap());
    world.providers.log_out(token, VerifiedLogout { id: token.to_owned(), subject, sid: None });
}

#[test]
fn a4_whoever_logs_out_at_the_provider_while_it_is_asked_gets_no_session() {
    let world = world(&[]);
    let (answer, other) = (begin(&world, "ann", &[]), begin(&world, "bob", &[]));
    says(&world, "out", "ann");
    // Behind the look-up of who it is, and before the unit of work that lets them in.
    let (reads, space) = (world.reads.clone(), world.space.clone());
    world.reads.set(move || {
        reads.set(move || {
            assert_eq!(log_out(&space, "out"), Err(LogoutError::NoSession));
        });
    });
    assert_eq!(finish(&world, answer), Err(SignInError::Unknown));
    assert_eq!(finish(&world, other), Ok(()), "nobody said it of them");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(finish(&world, begin(&world, "ann", &[])), Ok(()));
}

/// A store that has no time for writes.
struct BusyStore(Arc<dyn Store>);

impl Store for BusyStore {
    fn submit(&self, unit: Box<dyn Unit>) {
        unit.done(Err(StoreError::Busy));
    }

    fn submit_read(&self, read: Box<dyn ReadUnit>) {
        self.0.submit_read(read);
    }

    fn submit_overwrite(&self, done: OverwriteDone) {
        self.0.submit_overwrite(done);
    }
}

#[test]
fn a4_a_logout_that_was_not_stored_can_be_said_again_and_one_that_was_cannot() {
    let world = world(&[]);
    assert_eq!(finish(&world, begin(&world, "ann", &[])), Ok(()));
    says(&world, "out", "ann");
    let busy = Space { store: Arc::new(BusyStore(Arc::clone(&world.space.store))), ..world.space.clone() };
    assert!(matches!(log_out(&busy, "out"), Err(LogoutError::PortError(_))));
    assert_eq!(log_out(&world.space, "out"), Ok(()));
    assert_eq!(log_out(&world.space, "out"), Err(OidcError::Replayed.into()));
}
