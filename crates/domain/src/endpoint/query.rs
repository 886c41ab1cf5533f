//! Querying an endpoint: seen → admitted → searched → recorded → answered.

use std::sync::Arc;

use crate::access::Permission;
use crate::audit::{Action, Event, ObjectKind, RequestContext};
use crate::dataset::{SearchQuery, SearchQueryError};
use crate::endpoint::{Answer, PolicyMetadata};
use crate::identity::{AuthorizationError, Email, Principal};
use crate::marketplace::ports::{HubIdentity, IdentifyError};
use crate::marketplace::{HubCaller, identify};
use crate::policy::{Reason, Subject};
use crate::port_error::{PortError, port_errors};
use crate::snapshot::EndpointSnapshot;
use crate::space::Space;
use crate::tenant::TenantScope;

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Whether it is a question of the user's.
    pub from_user: bool,
    /// Its text.
    pub content: String,
}

/// What is asked: a text, or a conversation whose last question counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Messages {
    /// A text.
    Text(String),
    /// A conversation.
    Conversation(Vec<Message>),
}

impl Messages {
    fn into_question(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Conversation(messages) => messages
                .into_iter()
                .rev()
                .find(|one| one.from_user)
                .map_or_else(String::new, |one| one.content),
        }
    }
}

/// A query to an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What its dataset is asked.
    pub ask: SearchQuery,
}

impl Query {
    /// Checks a query.
    ///
    /// # Errors
    /// When there is no question, or a part is out of bounds.
    pub fn new(messages: Messages, limit: u64, threshold: f32) -> Result<Self, SearchQueryError> {
        Ok(Self { ask: SearchQuery::new(messages.into_question(), limit, threshold)? })
    }
}

/// Why a policy refused a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRefusal {
    /// What the caller learns.
    pub policy: PolicyMetadata,
}

/// A query was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such endpoint, for this caller.
    #[error("there is no such endpoint")]
    NotFound,
    /// A policy refused.
    #[error("the endpoint's access policy does not admit you; ask its owner")]
    Refused(QueryRefusal),
    /// The hub does not vouch for the bearer of the satellite token any more.
    #[error("the hub does not vouch for you any more")]
    NotVouchedFor,
    /// A policy hangs on who the caller is, and the hub cannot be asked.
    #[error("who you are cannot be learned from the hub at the moment; try again in a moment")]
    IdentityUnavailable,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(QueryError);

/// An endpoint that a caller may know of, on its way to being queried by them.
pub struct Visible {
    live: Arc<EndpointSnapshot>,
    scope: TenantScope,
    event: Event,
}

/// Looks up the endpoint that a caller wants to query. A client may hint at the tenant it means; the caller's own
/// tenant decides, and a hint at another finds nothing. That nothing was found is recorded.
///
/// # Errors
/// When there is none, for this caller.
pub async fn look_up(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    slug: &str,
    tenant_hint: Option<&str>,
) -> Result<Visible, QueryError> {
    let scope = principal.scope(Permission::Query)?;
    let event = context.event(&scope, Action::EndpointQuery, principal.actor())?;
    let event = match principal.as_hub_user().and_then(HubCaller::hub_user) {
        Some(hub_user) => event.by_hub_user(hub_user),
        None => event,
    };
    let hint_agrees = tenant_hint.is_none_or(|name| name == principal.snapshot().tenant.name.as_str());
    match visible(principal, slug).filter(|_| hint_agrees) {
        Some(live) => {
            let event = event.on(ObjectKind::Endpoint, live.endpoint.id);
            Ok(Visible { live: Arc::clone(live), scope, event })
        }
        None => {
            // A slug that names nothing is the caller's text: it stays out of the log.
            space.store.record(event.denied("endpoint_not_found")).await?;
            Err(QueryError::NotFound)
        }
    }
}

/// Queries an endpoint. Whatever the outcome, it is in the audit log before this answers.
///
/// # Errors
/// Why it was not answered.
pub async fn query(
    space: &Space,
    principal: &Principal,
    on: Visible,
    query: &Query,
) -> Result<Answer, QueryError> {
    let Visible { live, scope, event } = on;
    let (event, learned) = match admit(space, principal, &live, event).await {
        Ok(admitted) => admitted,
        Err((error, event)) => {
            space.store.record(event).await?;
            return Err(error);
        }
    };
    let begun = space.clock.now();
    let documents = match space.engine.search(&scope, live.index, &query.ask).await {
        Ok(documents) => documents,
        Err(error) => {
            space.store.record(event.failed("search_failed")).await?;
            return Err(error.into());
        }
    };
    let taken = space.clock.now().since(begun);
    // A hub and the engine may have been waited for.
    if let Err(error) = recheck(space, principal, &live, learned.as_ref()) {
        space.store.record(refused(&error, event)).await?;
        return Err(error);
    }
    space.store.record(event).await?;
    Ok(Answer {
        documents,
        search_ms: u64::try_from(taken.as_millis()).unwrap_or(u64::MAX),
        policy: PolicyMetadata::success(),
    })
}

/// The endpoint of this slug, if this caller may know of it: a draft is for those alone who may change it, and what
/// no access policy opens is for members.
pub(super) fn visible<'a>(principal: &'a Principal, slug: &str) -> Option<&'a Arc<EndpointSnapshot>> {
    let live = principal.snapshot().endpoint(slug)?;
    let published = live.endpoint.published || principal.may(Permission::WriteEndpoints);
    let open = principal.as_hub_user().is_none() || !live.access.is_empty();
    (published && open).then_some(live)
}

/// Lets a caller through, or says why not. The event comes back with what was learned of them, and so does the address
/// that a hub told.
async fn admit(
    space: &Space,
    principal: &Principal,
    live: &EndpointSnapshot,
    event: Event,
) -> Result<(Event, Option<Email>), (QueryError, Event)> {
    let denied = |event: Event| {
        let event = Event { action: Action::PolicyViolation, ..event }.denied("access_denied");
        (QueryError::Refused(QueryRefusal { policy: PolicyMetadata::access_denied() }), event)
    };
    let Some(caller) = principal.as_hub_user() else {
        return if admitted(principal, live) { Ok((event, None)) } else { Err(denied(event)) };
    };
    if caller.claims.is_guest() {
        let verdict = live.access.verdict(Subject::Guest);
        return if verdict.is_allow() { Ok((event, None)) } else { Err(denied(event)) };
    }
    // The hub is asked only where the verdict hangs on what it would say.
    let verdict = live.access.verdict(Subject::Identified { email: None });
    if verdict.reason != Reason::AddressUnknown {
        return if verdict.is_allow() { Ok((event, None)) } else { Err(denied(event)) };
    }
    match identify(space, principal, caller).await {
        Ok(HubIdentity { email, .. }) => {
            let event = email.iter().fold(event, Event::about);
            let verdict = live.access.verdict(Subject::Identified { email: email.as_ref() });
            if verdict.is_allow() { Ok((event, email)) } else { Err(denied(event)) }
        }
        Err(IdentifyError::NotVouchedFor(_)) => {
            let event = Event { action: Action::AuthnTokenFail, ..event }.denied("hub_user_not_vouched_for");
            Err((QueryError::NotVouchedFor, event))
        }
        Err(IdentifyError::Unavailable(_)) => {
            Err((QueryError::IdentityUnavailable, event.failed("identity_unavailable")))
        }
    }
}

/// Asks once more all that was asked before the search, as it is now. `learned` is the address that a hub told of the
/// caller; the hub is not asked again.
fn recheck(
    space: &Space,
    principal: &Principal,
    searched: &EndpointSnapshot,
    learned: Option<&Email>,
) -> Result<(), QueryError> {
    let now = principal.renew(&*space.snapshots, space.clock.now()).map_err(AuthorizationError::from)?;
    now.scope(Permission::Query)?;
    if Arc::ptr_eq(now.snapshot(), principal.snapshot()) {
        return Ok(());
    }
    // Another endpoint may have taken over the slug: what was found is not its to give.
    let live = visible(&now, searched.endpoint.slug.as_str())
        .filter(|live| live.endpoint.id == searched.endpoint.id && live.index == searched.index)
        .ok_or(QueryError::NotFound)?;
    let subject = match now.as_hub_user() {
        None if live.access.is_empty() => return Ok(()),
        None => Subject::Identified { email: now.email() },
        Some(caller) if caller.claims.is_guest() => Subject::Guest,
        Some(_) => Subject::Identified { email: learned },
    };
    match live.access.verdict(subject) {
        verdict if verdict.is_allow() => Ok(()),
        // The policies hang on the address only now: the next request asks the hub for it.
        verdict if verdict.reason == Reason::AddressUnknown => Err(QueryError::IdentityUnavailable),
        _ => Err(QueryError::Refused(QueryRefusal { policy: PolicyMetadata::access_denied() })),
    }
}

/// Makes of the event of a query that of its late refusal.
fn refused(error: &QueryError, event: Event) -> Event {
    match error {
        QueryError::Authorization(error) => error.denied(event),
        QueryError::NotFound => event.denied("endpoint_not_found"),
        QueryError::Refused(_) => Event { action: Action::PolicyViolation, ..event }.denied("access_denied"),
        _ => event.failed("identity_unavailable"),
    }
}

/// Whether the endpoint's access policies admit a member. Where none is attached, any member may query.
pub(super) fn admitted(principal: &Principal, live: &EndpointSnapshot) -> bool {
    live.access.is_empty() || live.access.verdict(Subject::Identified { email: principal.email() }).is_allow()
}
