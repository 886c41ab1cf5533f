//! Querying an endpoint: seen → admitted → searched → recorded → answered.

use std::sync::Arc;

use crate::access::Permission;
use crate::audit::{Action, Call, Event, ObjectKind};
use crate::dataset::{Ask, AskError};
use crate::endpoint::{Answer, PolicyMetadata};
use crate::fault::{Fault, faults};
use crate::identity::{Forbidden, Principal};
use crate::live::LiveEndpoint;
use crate::policy::Subject;
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
    pub ask: Ask,
}

impl Query {
    /// Checks a query.
    ///
    /// # Errors
    /// When there is no question, or a part is out of bounds.
    pub fn new(messages: Messages, limit: u64, threshold: f32) -> Result<Self, AskError> {
        Ok(Self { ask: Ask::new(messages.into_question(), limit, threshold)? })
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
    /// The caller's role does not permit it.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is no such endpoint, for this caller.
    #[error("there is no such endpoint")]
    NotFound,
    /// A policy refused.
    #[error("the endpoint's access policy does not admit you; ask its owner")]
    Refused(QueryRefusal),
    /// A port failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}
faults!(QueryError);

/// An endpoint that a caller may know of, on its way to being queried by them.
pub struct Visible {
    live: Arc<LiveEndpoint>,
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
    call: &Call,
    who: &Principal,
    slug: &str,
    tenant_hint: Option<&str>,
) -> Result<Visible, QueryError> {
    let scope = who.scope(Permission::Query)?;
    let event = call.event(&scope, Action::EndpointQuery, who.actor())?;
    let hint_agrees = tenant_hint.is_none_or(|name| name == who.live().tenant.name.as_str());
    match visible(who, slug).filter(|_| hint_agrees) {
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
pub async fn query(space: &Space, who: &Principal, on: Visible, query: &Query) -> Result<Answer, QueryError> {
    let Visible { live, scope, event } = on;
    if !admitted(who, &live) {
        let event = Event { action: Action::PolicyViolation, ..event }.denied("access_denied");
        space.store.record(event).await?;
        return Err(QueryError::Refused(QueryRefusal { policy: PolicyMetadata::access_denied() }));
    }
    let begun = space.clock.now();
    let documents = match space.engine.search(&scope, live.index, &query.ask).await {
        Ok(documents) => documents,
        Err(error) => {
            space.store.record(event.failed("search_failed")).await?;
            return Err(error.into());
        }
    };
    let taken = space.clock.now().since(begun);
    space.store.record(event).await?;
    Ok(Answer {
        documents,
        search_ms: u64::try_from(taken.as_millis()).unwrap_or(u64::MAX),
        policy: PolicyMetadata::success(),
    })
}

/// The endpoint of this slug, if this caller may know of it: a draft is for those alone who may change it.
pub(super) fn visible<'a>(who: &'a Principal, slug: &str) -> Option<&'a Arc<LiveEndpoint>> {
    let live = who.live().endpoint(slug)?;
    (live.endpoint.published || who.may(Permission::WriteEndpoints)).then_some(live)
}

/// Whether the endpoint's access policies admit a member. Where none is attached, any member may query.
pub(super) fn admitted(who: &Principal, live: &LiveEndpoint) -> bool {
    live.access.is_empty() || live.access.verdict(Subject::Identified { email: who.email() }).is_allow()
}
