//! Querying an endpoint: seen → admitted → searched → recorded → answered.

use std::sync::Arc;

use crate::access::Permission;
use crate::audit::{Action, Event, ObjectKind, ReasonCode, RequestContext};
use crate::dataset::{SearchQuery, SearchQueryError};
use crate::endpoint::Answer;
use crate::identity::{AuthorizationError, Email, Principal};
use crate::marketplace::ports::{HubIdentity, IdentifyError};
use crate::marketplace::{HubCaller, identify};
use crate::policy::{Decision, Obligations, PolicyMetadata, Reason};
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
    /// A policy cannot be evaluated, so nobody is let in.
    #[error("the endpoint is closed, for one of its policies cannot be evaluated; ask its owner")]
    PolicyUnavailable,
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
            let event = event.on(ObjectKind::Endpoint, live.id);
            Ok(Visible { live: Arc::clone(live), scope, event })
        }
        None => {
            // A slug that names nothing is the caller's text: it stays out of the log.
            space.store.record(event.denied(ReasonCode::EndpointNotFound)).await?;
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
    let Admitted { decision, obligations, learned, event } = match admit(space, principal, &live, event).await
    {
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
            space.store.record(event.failed(ReasonCode::SearchFailed)).await?;
            return Err(error.into());
        }
    };
    let taken = space.clock.now().since(begun);
    // A hub and the engine may have been waited for.
    let decision = match recheck(space, principal, &live, learned.as_ref(), decision) {
        Ok(decision) => decision,
        Err(error) => {
            space.store.record(refused(&error, event)).await?;
            return Err(error);
        }
    };
    space.store.record(event).await?;
    obligations.settle();
    Ok(Answer {
        documents: decision.filter(documents),
        search_ms: u64::try_from(taken.as_millis()).unwrap_or(u64::MAX),
        policy: decision.metadata(),
    })
}

/// The endpoint of this slug, if this caller may know of it.
fn visible<'a>(principal: &'a Principal, slug: &str) -> Option<&'a Arc<EndpointSnapshot>> {
    let endpoint = principal.snapshot().endpoint(slug)?;
    endpoint.is_visible(&principal.caller(None)).then_some(endpoint)
}

/// A query that was let in.
struct Admitted {
    decision: Decision,
    obligations: Obligations,
    /// The address that a hub told of the caller.
    learned: Option<Email>,
    event: Event,
}

/// Lets a caller through and performs what that obliges to, or says why not. The event comes back with what was learned
/// of them.
async fn admit(
    space: &Space,
    principal: &Principal,
    endpoint: &EndpointSnapshot,
    mut event: Event,
) -> Result<Admitted, (QueryError, Event)> {
    let mut decision = endpoint.decide(&principal.caller(None), space.clock.now());
    let mut learned = None;
    // The hub is asked only where the decision hangs on what it would say.
    let asked = principal.as_hub_user().filter(|caller| !caller.claims.is_guest());
    if let Some(caller) = asked.filter(|_| decision.diagnostics.reason == Reason::AddressUnknown) {
        match identify(space, principal, caller).await {
            Ok(HubIdentity { email, .. }) => {
                event = email.iter().fold(event, Event::about);
                decision = endpoint.decide(&principal.caller(email.as_ref()), space.clock.now());
                learned = email;
            }
            Err(IdentifyError::NotVouchedFor(_)) => {
                let event = Event { action: Action::AuthnTokenFail, ..event }
                    .denied(ReasonCode::HubUserNotVouchedFor);
                return Err((QueryError::NotVouchedFor, event));
            }
            Err(IdentifyError::Unavailable(_)) => {
                return Err((QueryError::IdentityUnavailable, event.failed(ReasonCode::IdentityUnavailable)));
            }
        }
    }
    let (decision, obligations) = decision.perform(space.clock.now()).await;
    if decision.is_allow() {
        Ok(Admitted { decision, obligations, learned, event })
    } else {
        let error = refusal(&decision);
        let event = refused(&error, event);
        Err((error, event))
    }
}

/// Asks once more all that was asked before the search, as it is now, and answers the decision that holds now. What was
/// performed for the first stands: nothing is taken twice. `learned` is the address that a hub told of the caller; the
/// hub is not asked again.
fn recheck(
    space: &Space,
    principal: &Principal,
    searched: &EndpointSnapshot,
    learned: Option<&Email>,
    decision: Decision,
) -> Result<Decision, QueryError> {
    let at = space.clock.now();
    let now = principal.renew(&*space.snapshots, at).map_err(AuthorizationError::from)?;
    now.scope(Permission::Query)?;
    if Arc::ptr_eq(now.snapshot(), principal.snapshot()) {
        return Ok(decision);
    }
    // Another endpoint may have taken over the slug: what was found is not its to give.
    let live = visible(&now, searched.slug.as_str())
        .filter(|live| live.id == searched.id && live.index == searched.index)
        .ok_or(QueryError::NotFound)?;
    let decision = live.decide(&now.caller(learned), at);
    if decision.is_allow() {
        Ok(decision)
    } else if decision.diagnostics.reason == Reason::AddressUnknown {
        // The policies hang on the address only now: the next request asks the hub for it.
        Err(QueryError::IdentityUnavailable)
    } else {
        Err(refusal(&decision))
    }
}

/// The error of a decision that does not let the query in.
fn refusal(decision: &Decision) -> QueryError {
    if decision.diagnostics.reason == Reason::PolicyUnavailable {
        QueryError::PolicyUnavailable
    } else {
        QueryError::Refused(QueryRefusal { policy: decision.metadata() })
    }
}

/// Makes of the event of a query that of its refusal.
fn refused(error: &QueryError, event: Event) -> Event {
    match error {
        QueryError::Authorization(error) => error.denied(event),
        QueryError::NotFound => event.denied(ReasonCode::EndpointNotFound),
        QueryError::Refused(_) => {
            Event { action: Action::PolicyViolation, ..event }.denied(ReasonCode::AccessDenied)
        }
        QueryError::PolicyUnavailable => event.failed(ReasonCode::PolicyUnavailable),
        _ => event.failed(ReasonCode::IdentityUnavailable),
    }
}
