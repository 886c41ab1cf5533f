//! What a breach touched: what somebody, or who has a key, could reach, and what of it the log tells was done.

use std::sync::Arc;

use crate::access::Permission;
use crate::audit::ports::{EventFilter, LogScope, Seq};
use crate::audit::{
    Action, AuditError, Event, Object, ObjectKind, Outcome, RequestContext, newest, pruned_events,
};
use crate::endpoint::Slug;
use crate::identity::Principal;
use crate::ids::{AccountId, ActorId, ApiKeyId, DatasetId, EndpointId, MarketplaceId};
use crate::inquiry::names::{DocumentName, KeyName, PrincipalName};
use crate::inquiry::tally::Tally;
use crate::page::Cursor;
use crate::policy::{Reason, SubjectKey, access_now};
use crate::snapshot::TenantSnapshot;
use crate::space::Space;
use crate::store::{StoreError, View};
use crate::tenant::TenantScope;
use crate::time::Timestamp;

/// How many events one read takes in, and how many reads one answer has: the rest is behind its cursor.
const PAGES_PER_READ: usize = 10;
const READS_PER_ANSWER: usize = 5;
/// How many pages of the newest changes are looked at, of a hundred each.
const CHANGE_PAGES: usize = 10;

/// Of what the impact is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImpactOf {
    /// Of all that happened in the tenant.
    Tenant,
    /// Of an API key that others may have.
    ApiKey(KeyName),
    /// Of somebody whose account or token others may have.
    Principal(PrincipalName),
    /// Of a document that others may have seen.
    Document(DocumentName),
}

/// An endpoint that can be reached now, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachedEndpoint {
    /// Which.
    pub endpoint: EndpointId,
    /// Its name in its URL.
    pub slug: Slug,
    /// Why it lets them in. `None` of a document: that the endpoint shows it to whom it lets in.
    pub reason: Option<Reason>,
}

/// What can be reached by present roles, scopes and policies, and how far that may differ from what could be then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// As of when.
    pub as_of: Timestamp,
    /// The endpoints, in the order of their slugs. Of what is gone there are none.
    pub endpoints: Vec<ReachedEndpoint>,
    /// Whether datasets can be read without any endpoint, by an account's role or a key's scopes.
    pub reads_content: bool,
    /// How many changes of policies, endpoints, groups, members, API keys and the tenant's settings the log tells of since the time that is asked for, among its
    /// newest changes: after each, something else may have been reachable than before.
    pub changes: u64,
}

/// What could be, and what was touched, as far as a part of the log tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impact {
    /// Whom the log knows it by: keys, or accounts and users of hubs.
    pub keys: Vec<ApiKeyId>,
    /// The accounts and users of hubs.
    pub actors: Vec<ActorId>,
    /// What can be reached, with the first part alone, and not of all of a tenant.
    pub reach: Option<Reach>,
    /// How many events of the log, the oldest, are pruned: of them nothing is told.
    pub pruned: u64,
    /// What was touched.
    pub touched: Tally,
    /// Where the next part begins: behind the oldest event of this one.
    pub next: Option<Cursor<Seq>>,
}

/// What a question comes to in the log.
#[derive(Default)]
struct Asked {
    filter: EventFilter,
    keys: Vec<ApiKeyId>,
    actors: Vec<ActorId>,
    dataset: Option<DatasetId>,
    marketplace: Option<MarketplaceId>,
}

/// What could be and was touched, the newest events first, from `since` on and before `until`. That it was asked is recorded.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn impact(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    of: ImpactOf,
    (since, until): (Option<Timestamp>, Option<Timestamp>),
    after: Option<Cursor<Seq>>,
) -> Result<Impact, AuditError> {
    let tried = principal.event(context, Action::SensitiveRead)?.on(ObjectKind::Audit, "impact");
    let (live, now) = (Arc::clone(principal.snapshot()), space.clock.now());
    // Of all that is in the tenant there is nothing to tell that could be reached.
    let tells_reach = after.is_none() && of != ImpactOf::Tenant;
    let document = match &of {
        ImpactOf::Document(name) => Some(name.document().clone()),
        _ => None,
    };
    let begun = space.read_ahead(principal, Permission::ReadAudit, &tried, move |view, scope| {
        let mut asked = ask(view, scope, &live, &of)?;
        (asked.filter.since, asked.filter.until) = (since, until);
        let reach = if tells_reach { Some(reach(view, scope, &live, &asked, now)?) } else { None };
        let pruned = pruned_events(view, LogScope::Tenant(scope))?;
        Ok::<_, AuditError>((asked, reach, pruned))
    });
    let (Asked { filter, keys, actors, .. }, reach, pruned) = begun.await?;
    let (mut touched, mut next) = (Tally::of_document(document), after);
    for _ in 0..READS_PER_ANSWER {
        let (filter, tally) = (filter.clone(), touched);
        let read = space.read_ahead(principal, Permission::ReadAudit, &tried, move |view, scope| {
            Ok::<_, AuditError>(read_part(view, scope, &filter, tally, next)?)
        });
        (touched, next) = read.await?;
        if next.is_none() {
            break;
        }
    }
    let event = Event { object: Some(asked_about(&keys, &actors, &filter)), ..tried };
    space.record::<AuditError>(principal, Permission::ReadAudit, event)?.await?;
    Ok(Impact { keys, actors, reach, pruned, touched, next })
}

/// What the event tells that was asked about: nothing that a caller made up.
fn asked_about(keys: &[ApiKeyId], actors: &[ActorId], filter: &EventFilter) -> Object {
    let of = match (keys, actors) {
        ([key, ..], _) => format!("impact of api_key {key}"),
        (_, [actor, ..]) => format!("impact of actor {actor}"),
        _ if filter.any_object.is_some() => "impact of document".to_owned(),
        _ if filter.any_key.is_some() || filter.any_actor.is_some() => "impact of nobody".to_owned(),
        _ => "impact of tenant".to_owned(),
    };
    Object::new(ObjectKind::Audit, of)
}

fn ask(
    view: &mut dyn View,
    scope: &TenantScope,
    live: &TenantSnapshot,
    of: &ImpactOf,
) -> Result<Asked, StoreError> {
    let mut asked = Asked::default();
    match of {
        ImpactOf::Tenant => {}
        ImpactOf::ApiKey(name) => {
            asked.keys = name.keys(view, scope, live)?;
            asked.filter.any_key = Some(asked.keys.clone());
        }
        ImpactOf::Principal(name) => {
            asked.actors = name.actors(view, scope, live)?;
            asked.filter.any_actor = Some(asked.actors.clone());
            asked.marketplace = name.marketplace(live);
        }
        ImpactOf::Document(name) => {
            asked.dataset = name.dataset(view, scope)?;
            let mut objects = Vec::new();
            if let Some(dataset) = asked.dataset {
                objects.extend([name.object(dataset), Object::new(ObjectKind::Dataset, dataset)]);
                let endpoints = view.endpoints_of_dataset(scope, dataset)?;
                objects
                    .extend(endpoints.iter().map(|endpoint| Object::new(ObjectKind::Endpoint, endpoint.id)));
            }
            asked.filter.any_object = Some(objects);
        }
    }
    Ok(asked)
}

fn read_part(
    view: &mut dyn View,
    scope: &TenantScope,
    filter: &EventFilter,
    mut touched: Tally,
    after: Option<Cursor<Seq>>,
) -> Result<(Tally, Option<Cursor<Seq>>), StoreError> {
    let log = LogScope::Tenant(scope);
    let next = newest(view, log, filter, after, PAGES_PER_READ, |event| touched.count(event))?;
    Ok((touched, next))
}

/// What can be reached now.
fn reach(
    view: &mut dyn View,
    scope: &TenantScope,
    live: &TenantSnapshot,
    asked: &Asked,
    now: Timestamp,
) -> Result<Reach, StoreError> {
    let keys = asked.keys.iter().map(|id| SubjectKey::ApiKey(*id));
    let members = asked.actors.iter().map(|id| SubjectKey::Member(AccountId::from_bytes(*id.as_bytes())));
    let (mut endpoints, mut reads_content): (Vec<ReachedEndpoint>, bool) = (Vec::new(), false);
    let hub_users = asked.marketplace.into_iter().map(SubjectKey::HubUsers);
    for subject in keys.chain(members).chain(hub_users).filter_map(|key| access_now(live, key, now)) {
        reads_content |= subject.reads_content;
        for access in subject.access {
            if !endpoints.iter().any(|known| known.endpoint == access.endpoint) {
                let reason = Some(access.reason);
                endpoints.push(ReachedEndpoint { endpoint: access.endpoint, slug: access.slug, reason });
            }
        }
    }
    if let Some(dataset) = asked.dataset {
        for endpoint in view.endpoints_of_dataset(scope, dataset)? {
            endpoints.push(ReachedEndpoint { endpoint: endpoint.id, slug: endpoint.slug, reason: None });
        }
    }
    endpoints.sort_unstable_by(|one, other| one.slug.cmp(&other.slug));
    let changes = count_changes(view, scope, asked.filter.since)?;
    Ok(Reach { as_of: now, endpoints, reads_content, changes })
}

/// The actions of what decides who reaches what.
const CHANGES: [Action; 6] = [
    Action::ConfigChange,
    Action::PrivilegePermissionsChanged,
    Action::UserCreated,
    Action::UserDeleted,
    Action::AuthnTokenCreated,
    Action::AuthnTokenRevoked,
];

/// How many changes there were since then of what decides who reaches what.
fn count_changes(
    view: &mut dyn View,
    scope: &TenantScope,
    since: Option<Timestamp>,
) -> Result<u64, StoreError> {
    let mut changes = 0_u64;
    for action in CHANGES {
        let filter = EventFilter { action: Some(action), since, ..EventFilter::default() };
        newest(view, LogScope::Tenant(scope), &filter, None, CHANGE_PAGES, |event| {
            changes = changes.saturating_add(is_of_rules(event).into());
        })?;
    }
    Ok(changes)
}

fn is_of_rules(event: &Event) -> bool {
    let kind = event.object.as_ref().map(|object| object.kind);
    event.outcome == Outcome::Success
        && matches!(
            kind,
            Some(
                ObjectKind::Policy
                    | ObjectKind::Endpoint
                    | ObjectKind::Group
                    | ObjectKind::Member
                    | ObjectKind::ApiKey
                    | ObjectKind::Tenant
            )
        )
}
