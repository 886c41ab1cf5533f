//! The routes of the tenant's audit log, and of the installation's.

use std::net::IpAddr;
use std::str::FromStr;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::audit::ports::{EventFilter, LogPage, Projection};
use syft_space_domain::audit::{
    Action, Actor, Object, Outcome, RecordedEvent, RecordedReason, UsedKey, installation_events,
};
use syft_space_domain::dataset::DocumentId;
use syft_space_domain::ids::{ApiKeyId, EventId, RequestId};
use syft_space_domain::inquiry::{NamedFilter, named_events};
use syft_space_domain::marketplace::MarketplaceHubs;
use syft_space_domain::policy::{Purpose, Redactions};
use syft_space_domain::text::Name;
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::http::route_docs::{CURSOR, LIMIT, Parameter};
use crate::routes::access_review::PolicyRevision;
use crate::routes::reply;
use crate::routes::shapes;

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Event {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: EventId,
    pub(crate) seq: u64,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) time: Timestamp,
    #[schemars(with = "shapes::ActionShape")]
    pub(crate) action: Action,
    #[schemars(with = "shapes::OutcomeShape")]
    pub(crate) outcome: Outcome,
    #[schemars(with = "shapes::ActorShape")]
    pub(crate) actor: Actor,
    #[schemars(with = "Option<shapes::ObjectShape>")]
    pub(crate) object: Option<Object>,
    pub(crate) reason_code: Option<String>,
    #[schemars(with = "Option<String>")]
    pub(crate) request_id: Option<RequestId>,
    #[schemars(with = "Option<shapes::AddressShape>")]
    pub(crate) address: Option<IpAddr>,
    pub(crate) count: u32,
    /// The API key with which it was done; of what was done to a key, that key. Its name is the one it had then.
    pub(crate) api_key: Option<NamedKey>,
    /// The policy that decided on a query, or of whose change it tells, as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<PolicyRevision>,
    /// The marketplace that the actor is a user of, as it is called now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<shapes::SlugShape>")]
    pub(crate) marketplace: Option<String>,
    /// What the caller said that the query is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<shapes::PurposeShape>")]
    pub(crate) purpose: Option<Purpose>,
    /// How often something was taken from what the caller was shown, by its kind or the name of the pattern.
    #[serde(skip_serializing_if = "Redactions::is_empty", default)]
    #[schemars(with = "shapes::RedactionsShape")]
    pub(crate) redactions: Redactions,
    /// The documents that the caller was shown, where a policy has that recorded, the closest first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Vec<shapes::DocumentIdShape>")]
    pub(crate) shown: Option<Vec<DocumentId>>,
}

/// An API key as it was called then.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct NamedKey {
    #[schemars(with = "shapes::IdShape")]
    id: ApiKeyId,
    #[schemars(with = "shapes::NameShape")]
    name: Name,
}

/// A part of the log, with how far the index reached by which it was searched.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct EventList {
    #[serde(flatten)]
    list: reply::List<Event>,
    #[schemars(with = "shapes::ProjectionShape")]
    projection: Projection,
}

impl Event {
    /// An event of a tenant whose marketplaces are these.
    pub(super) fn of(
        RecordedEvent { seq, event, .. }: RecordedEvent,
        marketplaces: &MarketplaceHubs,
    ) -> Self {
        let hub = event.person.hub_user.as_ref().map(|user| user.hub);
        Self {
            marketplace: hub.and_then(|hub| marketplaces.name_of(hub)).map(ToString::to_string),
            id: event.id,
            seq,
            time: event.time,
            action: event.action,
            outcome: event.outcome,
            actor: event.actor,
            object: event.object,
            reason_code: event.reason_code.map(|reason| reason.to_string()),
            request_id: event.request,
            address: event.person.address,
            count: event.count,
            api_key: event.person.api_key.map(|UsedKey { id, name }| NamedKey { id, name }),
            policy: event.policy.map(PolicyRevision::from),
            purpose: event.person.purpose,
            redactions: event.person.redactions,
            shown: event.person.shown,
        }
    }
}

pub(crate) const ACTION: Parameter =
    Parameter::new::<shapes::ActionShape>("action", "Only events of this action.");
pub(crate) const OUTCOME: Parameter =
    Parameter::new::<shapes::OutcomeShape>("outcome", "Only events with this outcome.");
pub(crate) const REASON: Parameter =
    Parameter::new::<shapes::ReasonNameShape>("reason", "Only events for just this reason.");
pub(crate) const ACTOR: Parameter =
    Parameter::new::<shapes::IdShape>("actor", "Only what this account, or this user of a hub, did.");
pub(crate) const SINCE: Parameter =
    Parameter::new::<shapes::TimeShape>("since", "Only events of this time or later.");
pub(crate) const UNTIL: Parameter =
    Parameter::new::<shapes::TimeShape>("until", "Only events before this time.");
pub(crate) const PRINCIPAL: Parameter =
    Parameter::new::<shapes::PrincipalNameShape>("principal", "Only what whoever is called so did, or was.");
pub(crate) const ENDPOINT: Parameter =
    Parameter::new::<shapes::EndpointNameShape>("endpoint", "Only what was done at this endpoint, or to it.");
pub(crate) const KEY_NAME: Parameter = Parameter::new::<shapes::NameShape>(
    "key_name",
    "Only what was done with the API key of this id or name, or to it.",
);

/// What a list of events may be narrowed by.
pub(crate) const FILTERS: &[Parameter] =
    &[LIMIT, CURSOR, ACTION, OUTCOME, REASON, ACTOR, PRINCIPAL, ENDPOINT, KEY_NAME, SINCE, UNTIL];
/// What the installation's events may be narrowed by: they are of no tenant, whose names these would be.
pub(crate) const INSTALLATION_FILTERS: &[Parameter] =
    &[LIMIT, CURSOR, ACTION, OUTCOME, REASON, ACTOR, SINCE, UNTIL];

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let (wanted, page) = (named_filter(&request)?, request.query().page()?);
    let principal = request.principal()?;
    let found = named_events(request.space(), principal, wanted, page).await?;
    respond(found, principal.snapshot().marketplace_hubs())
}

/// The installation's own log, which the host's operator reads.
pub(crate) async fn installation(request: Request) -> Result<HttpResponse, Problem> {
    let (filter, page) = (filter(&request)?, request.query().page()?);
    let found = installation_events(request.space(), request.operator()?, filter, page).await?;
    respond(found, &MarketplaceHubs::default())
}

fn respond(
    LogPage { events, projection }: LogPage,
    marketplaces: &MarketplaceHubs,
) -> Result<HttpResponse, Problem> {
    let list = reply::List::of(events, |event| Event::of(event, marketplaces));
    let body = EventList { list, projection };
    reply::json(StatusCode::OK, &body)
}

/// A reason that is searched for.
struct ReasonName(RecordedReason);

#[derive(Debug, thiserror::Error)]
#[error("it is no reason: those have up to 255 of a-z, 0-9, _ and a comma")]
struct ReasonNameError;

impl FromStr for ReasonName {
    type Err = ReasonNameError;
    fn from_str(text: &str) -> Result<Self, ReasonNameError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b',');
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(allowed);
        if fits { Ok(Self(RecordedReason::from_stored(text.to_owned()))) } else { Err(ReasonNameError) }
    }
}

/// Which events are asked for, without names.
pub(super) fn filter(request: &Request) -> Result<EventFilter, Problem> {
    let query = request.query();
    Ok(EventFilter {
        action: query.parse("action")?,
        outcome: query.parse("outcome")?,
        reason: query.parse("reason")?.map(|ReasonName(reason)| reason),
        actor: query.parse("actor")?,
        since: query.parse("since")?,
        until: query.parse("until")?,
        ..EventFilter::default()
    })
}

/// Which events of a tenant's log are asked for.
pub(super) fn named_filter(request: &Request) -> Result<NamedFilter, Problem> {
    let query = request.query();
    Ok(NamedFilter {
        filter: filter(request)?,
        principal: query.parse("principal")?,
        endpoint: query.parse("endpoint")?,
        api_key: query.parse("key_name")?,
    })
}
