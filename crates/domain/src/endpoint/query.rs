//! A query to an endpoint, and the reasons for which it is not answered.

use std::time::Duration;

use crate::audit::{Action, Event, ReasonCode};
use crate::dataset::{ContextSize, SearchQuery, SearchQueryError, Threshold};
use crate::endpoint::Conversation;
use crate::identity::AuthorizationError;
use crate::policy::{Decision, PolicyMetadata, Reason};
use crate::port_error::{PortError, port_errors};

/// A query to an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    conversation: Conversation,
    limit: usize,
    threshold: Threshold,
    context: ContextSize,
}

impl Query {
    /// Checks a query. Its hits are wanted alone.
    ///
    /// # Errors
    /// When the limit or the threshold is out of bounds.
    pub fn new(conversation: Conversation, limit: u64, threshold: f32) -> Result<Self, SearchQueryError> {
        let (limit, threshold) = (SearchQuery::check_limit(limit)?, Threshold::parse(threshold)?);
        Ok(Self { conversation, limit, threshold, context: ContextSize::NONE })
    }

    /// The same query, with what stands around each hit.
    #[must_use]
    pub fn with_context(self, context: ContextSize) -> Self {
        Self { context, ..self }
    }

    /// What was said, and what is asked.
    #[must_use]
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// What the endpoint's dataset is asked.
    #[must_use]
    pub fn search(&self) -> SearchQuery<'_> {
        let Self { limit, threshold, context, .. } = *self;
        SearchQuery { text: self.conversation.question(), limit, threshold, context }
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
    #[error(
        "the endpoint's access policy does not admit you; its owners and admins can see why, and change it"
    )]
    Refused(QueryRefusal),
    /// A policy cannot be evaluated, so nobody is let in.
    #[error("the endpoint is closed, for one of its policies cannot be evaluated; ask its owner")]
    PolicyUnavailable,
    /// The hub does not vouch for the bearer of the satellite token any more.
    #[error("the marketplace does not vouch for you any more: ask it for a new satellite token")]
    NotVouchedFor,
    /// A policy hangs on who the caller is, and the hub cannot be asked. It is asked again after this time.
    #[error(
        "who you are cannot be learned from the marketplace at the moment; try again when it is asked again"
    )]
    IdentityUnavailable(Duration),
    /// The same, until the owner of the account there does something.
    #[error(
        "who you are cannot be learned from the marketplace, for this space's account there does not work: the owner of the \
         space must mend it, and waiting does not help"
    )]
    AccountBroken(Duration),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(QueryError);

impl QueryError {
    /// The error of a decision that does not let the query in.
    pub(super) fn of_decision(decision: &Decision) -> Self {
        if decision.diagnostics.reason == Reason::PolicyUnavailable {
            Self::PolicyUnavailable
        } else {
            Self::Refused(QueryRefusal { policy: decision.metadata() })
        }
    }

    /// Makes of the event of a query that of its refusal, or of its failure.
    pub(super) fn event(&self, event: Event) -> Event {
        let (action, denied, reason_code) = match self {
            Self::Authorization(error) => return error.denied(event),
            Self::NotFound => (event.action, true, ReasonCode::EndpointNotFound),
            Self::Refused(_) => (Action::PolicyViolation, true, ReasonCode::AccessDenied),
            Self::PolicyUnavailable => (event.action, false, ReasonCode::PolicyUnavailable),
            Self::NotVouchedFor => (Action::AuthnTokenFail, true, ReasonCode::HubUserNotVouchedFor),
            Self::IdentityUnavailable(_) => (event.action, false, ReasonCode::IdentityUnavailable),
            Self::AccountBroken(_) => (event.action, false, ReasonCode::CredentialRefused),
            Self::PortError(PortError::Search(_) | PortError::Vectors(_) | PortError::Encoding(_)) => {
                (event.action, false, ReasonCode::SearchFailed)
            }
            Self::PortError(_) => (event.action, false, ReasonCode::StateUnavailable),
        };
        let event = Event { action, ..event };
        if denied { event.denied(reason_code) } else { event.failed(reason_code) }
    }
}
