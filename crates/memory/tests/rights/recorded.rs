//! What the log holds of members and invitations that end: who did it, to what, why, and of whom it tells.

use std::collections::HashSet;
use std::net::IpAddr;

use futures_executor::block_on;
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::audit::{Actor, Event, Log, Origin, RequestContext};
use syft_space_domain::identity::{
    self, AcceptError, AcceptInvitation, AccountStatus, ChangeMember, Invitation, MemberError, Principal,
};
use syft_space_domain::ids::{AccountId, InvitationId};
use syft_space_domain::page::PageRequest;
use syft_space_domain::secret::TokenHash;

use crate::world::{Loss, World, account, email, try_log_in};

const ADDRESS: &str = "203.0.113.9";

/// A call from a known place.
fn context(world: &World) -> RequestContext {
    let address: IpAddr = ADDRESS.parse().unwrap();
    let origin = Origin { address: Some(address), user_agent: Some("a browser".to_owned()) };
    world.space.request_context(origin).unwrap()
}

/// The last events of the tenant's log, the oldest first.
fn last_events(world: &World, number: usize) -> Vec<Event> {
    let scope = world.owner.scope(Permission::ReadAudit).unwrap();
    let page = world.read(move |view| view.events(&scope, &EventFilter::default(), PageRequest::default()));
    let mut events: Vec<Event> =
        page.events.items.into_iter().take(number).map(|recorded| recorded.event).collect();
    events.reverse();
    events
}

/// All that an event says, but for what is drawn for it.
fn told(event: &Event) -> String {
    let Event { log, action, outcome, actor, object, reason_code, count, person, .. } = event;
    assert!(matches!(log, Log::Tenant(_)));
    let object = object.as_ref().map(|object| format!("{} {}", object.kind.as_str(), object.id));
    let reason = reason_code.as_ref().map_or("-", |reason| reason.as_str());
    let by = format!("{} {} {}", actor.kind(), actor.role().unwrap_or("-"), id_of(*actor));
    let (email, address) = (person.email.as_deref().unwrap_or("-"), person.address.unwrap());
    assert_eq!(person.user_agent.as_deref(), Some("a browser"));
    format!("{action} {outcome} {reason} ×{count} by {by} on {} of {email} from {address}", object.unwrap())
}

fn id_of(actor: Actor) -> String {
    actor.id().map_or_else(|| "-".to_owned(), |id| id.to_string())
}

/// That these, of one call, are what was recorded last.
fn assert_recorded(world: &World, request: &RequestContext, expected: &[String]) {
    let events = last_events(world, expected.len());
    assert_eq!(events.iter().map(told).collect::<Vec<_>>(), expected);
    assert!(events.iter().all(|event| (event.request, event.time) == (Some(request.request), request.now)));
    // Each has an id of its own, and a salt: what one commits to tells nothing of another.
    let drawn: HashSet<_> = events.iter().map(|event| event.id).collect();
    let salts: HashSet<_> = events.iter().map(|event| event.salt).collect();
    assert_eq!((drawn.len(), salts.len()), (events.len(), events.len()));
}

fn accept(
    world: &World,
    request: &RequestContext,
    wanted: AcceptInvitation,
) -> Result<AccountId, AcceptError> {
    block_on(identity::accept_invitation(&world.space, request, wanted)).map(|joined| joined.account)
}

fn change(
    world: &World,
    who: &Principal,
    role: Option<Role>,
    status: Option<AccountStatus>,
) -> (RequestContext, Result<(), MemberError>) {
    let request = context(world);
    let change = ChangeMember { role, status, if_revision: None };
    let done = block_on(identity::change_member(&world.space, &request, &world.owner, account(who), change));
    (request, done.map(drop))
}

#[test]
fn u1_further_invitations_that_end_as_one_is_accepted_are_told_of_with_who_accepted() {
    let world = World::new();
    let invitations =
        [Role::User, Role::Viewer, Role::Admin].map(|role| world.invite(&world.owner, "gil", role));
    let [_, viewer, _] = invitations;
    let request = context(&world);
    let joined = accept(&world, &request, viewer).unwrap();
    let by = format!("by account viewer {joined} on member {joined}");
    let expected = [
        format!("user_created success - ×1 {by} of gil@acme.example from {ADDRESS}"),
        format!("config_change success invitations_ended ×2 {by} of - from {ADDRESS}"),
    ];
    assert_recorded(&world, &request, &expected);
    // Where there are no further ones, nothing is said of them.
    let request = context(&world);
    let only = world.invite(&world.owner, "hal", Role::User);
    let joined = accept(&world, &request, only).unwrap();
    let by = format!("by account user {joined} on member {joined}");
    let expected = format!("user_created success - ×1 {by} of hal@acme.example from {ADDRESS}");
    assert_recorded(&world, &request, &[expected]);
}

#[test]
fn u1_an_invitation_whose_maker_lost_the_right_is_told_of_and_nobody_is_said_to_have_accepted() {
    let world = World::new();
    let maker = world.member("mallory", Role::Owner);
    let invitation = world.invite(&maker, "gil", Role::Admin);
    // It did not end with the right to make it.
    let row = world.invitations().pop().unwrap();
    let id = row.id;
    let (disable, plant) = (world.change(&maker, Loss::Disabled), world.plant(row));
    world.meanwhile.set(move || {
        disable();
        plant();
    });
    let request = context(&world);
    assert_eq!(accept(&world, &request, invitation), Err(AcceptError::NotFound));
    let refused = format!(
        "authz_fail denied inviter_may_not_grant ×1 by anonymous - - on invitation {id} of gil@acme.example \
         from {ADDRESS}"
    );
    assert_recorded(&world, &request, &[refused]);
}

#[test]
fn u1_what_a_change_of_a_member_did_is_told_of_in_an_event_each() {
    let world = World::new();
    let (owner, ann) = (account(&world.owner), world.member("ann", Role::Admin));
    let by = format!("by account owner {owner} on member {} of - from {ADDRESS}", account(&ann));
    let privilege = |reason: &str| format!("privilege_permissions_changed success {reason} ×1 {by}");
    let ended = |count: u32| format!("config_change success invitations_ended ×{count} {by}");
    let (active, disabled) = (Some(AccountStatus::Active), Some(AccountStatus::Disabled));

    let (request, done) = change(&world, &ann, Some(Role::Admin), active);
    done.unwrap();
    assert_recorded(&world, &request, &[privilege("-")]);
    world.invite(&ann, "friend", Role::User);
    world.invite(&ann, "other", Role::Viewer);
    let (request, done) = change(&world, &ann, Some(Role::Viewer), disabled);
    done.unwrap();
    let expected = [privilege("role_admin_to_viewer"), privilege("member_disabled"), ended(2)];
    assert_recorded(&world, &request, &expected);
    let (request, done) = change(&world, &ann, Some(Role::Admin), None);
    done.unwrap();
    assert_recorded(&world, &request, &[privilege("role_viewer_to_admin")]);
    let (request, done) = change(&world, &ann, None, active);
    done.unwrap();
    assert_recorded(&world, &request, &[privilege("member_enabled")]);

    // Of the last owner it is told that it was not to be, and of nothing else.
    let (request, done) = change(&world, &world.owner, Some(Role::User), disabled);
    assert_eq!(done, Err(MemberError::LastOwner));
    let by = format!("by account owner {owner} on member {owner} of - from {ADDRESS}");
    let refused = format!("privilege_permissions_changed denied last_owner ×1 {by}");
    assert_recorded(&world, &request, &[refused]);
}

#[test]
fn u1_invitations_that_end_with_an_account_are_told_of_with_who_ended_it_and_whose_they_were() {
    let world = World::new();
    let ann = world.member("ann", Role::Admin);
    let admin = try_log_in(&world.space, "ann").unwrap();
    let ben = world.member("ben", Role::User);
    // One to their own address, made while they joined.
    world.plant(Invitation {
        id: InvitationId::from_bytes([7; 16]),
        tenant: world.owner.snapshot().tenant.id,
        email: email("ben"),
        role: Role::User,
        token: TokenHash([7; 32]),
        invited_by: account(&world.owner),
        created_at: world.space.clock.now(),
        expires_at: world.space.clock.now().plus(Invitation::LIFETIME),
    })();
    let remove = |by: &Principal, who: &Principal| {
        let request = context(&world);
        let done = block_on(identity::remove_member(&world.space, &request, by, account(who), None));
        (request, done)
    };
    let (request, done) = remove(&admin, &ben);
    done.unwrap();
    let by = format!("by account admin {} on member {} of - from {ADDRESS}", account(&ann), account(&ben));
    let expected = [
        format!("user_deleted success - ×1 {by}"),
        format!("config_change success invitations_ended ×1 {by}"),
    ];
    assert_recorded(&world, &request, &expected);
    // Of one by somebody who is refused, why.
    let (request, done) = remove(&admin, &world.owner);
    assert_eq!(done, Err(MemberError::RoleNotYours(Role::Owner)));
    let (owner, ann_id) = (account(&world.owner), account(&ann));
    let by = format!("by account admin {ann_id} on member {owner} of - from {ADDRESS}");
    assert_recorded(&world, &request, &[format!("user_deleted denied role_not_yours ×1 {by}")]);
    world.invite(&ann, "friend", Role::User);
    let (request, done) = remove(&world.owner, &ann);
    done.unwrap();
    let by = format!("by account owner {owner} on member {ann_id} of - from {ADDRESS}");
    let expected = [
        format!("user_deleted success - ×1 {by}"),
        format!("config_change success invitations_ended ×1 {by}"),
    ];
    assert_recorded(&world, &request, &expected);
    assert_eq!(world.invitations(), Vec::new());
}
