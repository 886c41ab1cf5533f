//! What an API key is for, what the log says of one that asks for more, and when its holder's writes are refused.

use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::access::{Permission, PrincipalKind, Role};
use syft_space_domain::audit::{Action, Actor, Log, Outcome, RecordedReason};
use syft_space_domain::endpoint::EndpointName;
use syft_space_domain::identity::{
    self, ApiKeyError, AuthenticateError, AuthorizationError, Forbidden, IssuedApiKey, NewApiKey, OutOfScope,
    PresentedKey, Principal, RotateApiKey, authenticate_key,
};
use syft_space_domain::ids::EndpointId;
use syft_space_domain::tenant::{ChangeSettings, change_settings};
use syft_space_domain::text::Name;

use crate::world::{World, account, context, try_log_in};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn create(
    world: &World,
    holder: &Principal,
    scope: Permission,
    endpoints: Option<Vec<EndpointName>>,
) -> Result<IssuedApiKey, ApiKeyError> {
    let wanted = NewApiKey {
        name: Name::parse("nightly import").unwrap(),
        scopes: std::iter::once(scope).chain(scope.includes()).collect(),
        endpoints,
        addresses: None,
        expires_at: None,
        idempotency: None,
    };
    block_on(identity::create_api_key(&world.space, &context(&world.space), holder, wanted))
}

fn enter(world: &World, issued: &IssuedApiKey) -> Principal {
    let key = PresentedKey::parse(issued.text.as_ref().unwrap().expose()).unwrap();
    authenticate_key(&*world.space.snapshots, &key, None).unwrap()
}

#[test]
fn k3_a_key_for_an_endpoint_reaches_that_one_and_no_other() {
    let world = World::new();
    let name = world.endpoint();
    let EndpointName::Id(id) = name else { unreachable!("it is named by its id") };
    let other = EndpointId::from_bytes([9; 16]);
    let ulf = world.member("ulf", Role::User);
    let owner = try_log_in(&world.space, "owner").unwrap();
    for holder in [&owner, &ulf] {
        let issued = create(&world, holder, Permission::Query, Some(vec![EndpointName::Id(id)])).unwrap();
        assert_eq!(issued.state.key.terms.endpoints(), Some(&[id][..]));
        let caller = enter(&world, &issued);
        assert!(caller.reaches(id) && !caller.reaches(other));
        let unknown = create(&world, holder, Permission::Query, Some(vec![EndpointName::Id(other)]));
        assert_eq!(unknown.err(), Some(ApiKeyError::NoEndpoint));
    }
    let all = enter(&world, &create(&world, &ulf, Permission::Query, None).unwrap());
    assert!(all.reaches(id) && all.reaches(other));
}

#[test]
fn k2_a_write_that_waits_is_refused_once_the_secret_it_came_with_works_no_more() {
    let world = World::new();
    let issued = create(&world, &world.owner, Permission::WriteDatasets, None).unwrap();
    let caller = enter(&world, &issued);
    world.dataset(&caller, "first").unwrap();
    // It came before the maximum was lowered, and writes after.
    let change = ChangeSettings { max_key_days: Some(1), ..ChangeSettings::default() };
    block_on(change_settings(&world.space, &context(&world.space), &world.owner, change)).unwrap();
    world.clock.advance(DAY - Duration::from_micros(1));
    world.dataset(&caller, "second").unwrap();
    world.clock.advance(Duration::from_micros(1));
    let told = (Action::AuthnTokenFail, Outcome::Denied, Some("token_revoked".to_owned()));
    let refused = world.dataset(&caller, "third").err().unwrap().to_string();
    assert_eq!(refused, AuthenticateError::KeyRevoked.to_string(), "it is told that it is the key");
    assert_eq!(world.last_event(), told);
}

#[test]
fn k2_a_secret_that_was_replaced_at_once_writes_nothing_more() {
    let world = World::new();
    let issued = create(&world, &world.owner, Permission::WriteDatasets, None).unwrap();
    let caller = enter(&world, &issued);
    let wanted = RotateApiKey { overlap: Duration::ZERO, idempotency: None };
    let (space, id) = (&world.space, issued.state.key.id);
    let rotated =
        block_on(identity::rotate_api_key(space, &context(space), &world.owner, id, wanted)).unwrap();
    assert!(world.dataset(&caller, "first").is_err());
    world.dataset(&enter(&world, &rotated), "first").unwrap();
}

#[test]
fn a3_a_refusal_is_recorded_as_one_with_its_reason_and_the_role_that_did_not_suffice() {
    let world = World::new();
    let id = account(&world.owner);
    let actor = |role| Actor::Account { id, role: Some(role) };
    let forbidden =
        |kind| AuthorizationError::from(Forbidden { kind, permission: Permission::WriteDatasets });
    let (owner, viewer) = (actor(Role::Owner), actor(Role::Viewer));
    let expected = [
        (OutOfScope(Permission::WriteDatasets).into(), Action::AuthzFail, "key_scope_missing", owner),
        (forbidden(PrincipalKind::Member(Role::Viewer)), Action::AuthzFail, "forbidden", viewer),
        (forbidden(PrincipalKind::Ending(Some(Role::Viewer))), Action::AuthzFail, "tenant_ending", viewer),
        (AuthenticateError::KeyRevoked.into(), Action::AuthnTokenFail, "token_revoked", owner),
    ];
    for (error, action, reason, by) in expected {
        let tried = context(&world.space).event(Log::Installation, Action::ConfigChange, owner).unwrap();
        let event = error.denied(tried);
        let told = event.reason_code.as_ref().map(RecordedReason::as_str);
        assert_eq!((event.action, event.outcome, told), (action, Outcome::Denied, Some(reason)));
        assert_eq!(event.actor, by, "{reason}");
    }
}

#[test]
fn u1_an_invitation_that_is_withdrawn_is_gone_and_lets_nobody_in() {
    let world = World::new();
    let ada = world.member("ada", Role::Admin);
    let wanted = world.invite(&world.owner, "bob", Role::Admin);
    let id = world.invitations()[0].id;
    let withdraw = |who: &Principal| {
        block_on(identity::withdraw_invitation(&world.space, &context(&world.space), who, id))
    };
    assert!(withdraw(&ada).is_err(), "only an Owner takes back what makes an Admin");
    assert_eq!(world.invitations().len(), 1);
    withdraw(&world.owner).unwrap();
    assert_eq!(world.invitations(), []);
    assert!(world.accept(wanted).is_err());
}
