//! A query to an endpoint, and the reasons for which it is not answered.

use std::borrow::Cow;
use std::time::Duration;

use crate::approval::{ApprovalState, Extent, Filed};
use crate::audit::{Action, Event, ReasonCode};
use crate::dataset::{ContextSize, SearchQuery, SearchQueryError, Threshold};
use sha2::{Digest, Sha256};

use crate::endpoint::{Conversation, CorrelationId};
use crate::identity::AuthorizationError;
use crate::ids::{ActorId, EndpointId};
use crate::ledger::RequestDigest;
use crate::policy::{
    Decision, EntryDetails, LimitStatus, ManualReviewType, PolicyEntry, PolicyMetadata, PolicyOutcome,
    PolicyType, Purpose, Reason, Release,
};
use crate::port_error::{PortError, port_errors};

/// A query to an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    conversation: Conversation,
    limit: usize,
    threshold: Threshold,
    context: ContextSize,
    purpose: Option<Purpose>,
    correlation: Option<CorrelationId>,
    is_of_space: bool,
}

impl Query {
    /// Checks a query. Its hits are wanted alone.
    ///
    /// # Errors
    /// When the limit or the threshold is out of bounds.
    pub fn new(conversation: Conversation, limit: u64, threshold: f32) -> Result<Self, SearchQueryError> {
        let (limit, threshold) = (SearchQuery::check_limit(limit)?, Threshold::parse(threshold)?);
        Ok(Self {
            conversation,
            limit,
            threshold,
            context: ContextSize::NONE,
            purpose: None,
            correlation: None,
            is_of_space: false,
        })
    }

    /// The same query, with what stands around each hit.
    #[must_use]
    pub fn with_context(self, context: ContextSize) -> Self {
        Self { context, ..self }
    }

    /// The same query, said to be for a purpose.
    #[must_use]
    pub fn for_purpose(self, purpose: Option<Purpose>) -> Self {
        Self { purpose, ..self }
    }

    /// The same query, with the id that its caller gave the request, and gives it again where it is repeated.
    #[must_use]
    pub fn correlated(self, correlation: Option<CorrelationId>) -> Self {
        Self { correlation, ..self }
    }

    /// The same query, sent by another space, or not.
    #[must_use]
    pub fn of_space(self, is_of_space: bool) -> Self {
        Self { is_of_space, ..self }
    }

    /// Whether another space sent it.
    pub(super) fn is_of_space(&self) -> bool {
        self.is_of_space
    }

    /// What tells the same request of the same caller again; `None` where the caller gave it no id, or nobody is known.
    pub(super) fn digest(&self, caller: Option<ActorId>, endpoint: EndpointId) -> Option<RequestDigest> {
        let (caller, correlation) = (caller?, self.correlation.as_ref()?);
        let Self { conversation, limit, threshold, context, purpose, .. } = self;
        let mut hash = Sha256::new().chain_update(caller.as_bytes()).chain_update(endpoint.as_bytes());
        let mut add = |text: &str| {
            // With its length before it, so that no two of them run into one.
            hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(text);
        };
        add(correlation.as_str());
        add(&format!("{limit} {} {}", threshold.get(), context.get()));
        add(purpose.as_ref().map_or("", Purpose::as_str));
        for (role, text) in conversation.messages() {
            add(role.as_str());
            add(text);
        }
        Some(RequestDigest(hash.finalize().into()))
    }

    /// What it is said to be for.
    #[must_use]
    pub fn purpose(&self) -> Option<&Purpose> {
        self.purpose.as_ref()
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

    /// How much it asks to be shown.
    #[must_use]
    pub fn extent(&self) -> Extent {
        let limit = u64::try_from(self.limit).unwrap_or(u64::MAX);
        Extent { limit, threshold: self.threshold, context: self.context }
    }
}

/// Why a policy refused a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRefusal {
    /// What the caller learns.
    pub policy: PolicyMetadata,
    /// How the limits stand that refused.
    pub limits: Vec<LimitStatus>,
    /// In how long such a query is let in, if that hangs on time alone and nothing is asked until then.
    pub retry_after: Option<Duration>,
}

impl QueryRefusal {
    fn message(&self) -> Cow<'static, str> {
        let told = match self.policy.outcome {
            PolicyOutcome::RateLimited => "the endpoint's limits do not let you in yet; wait, and ask again",
            PolicyOutcome::PaymentRequired => {
                "what you, or all together, have left to spend at the endpoint does not pay for this query; its owners and admins can see how much \
                 that is, and change it"
            }
            PolicyOutcome::PolicyViolation => {
                // What the policy itself says of it: the caller learns that in any case.
                let reason = self.policy.entries.iter().find_map(|entry| entry.reason);
                let reason = reason.unwrap_or("a policy of the endpoint does not permit this query");
                return format!("{reason}; its owners and admins can see why, and change it").into();
            }
            PolicyOutcome::AccessDenied | PolicyOutcome::Success => {
                "the endpoint's access policy does not admit you; its owners and admins can see why, and change it"
            }
        };
        told.into()
    }

    fn reason_code(&self) -> ReasonCode {
        match self.policy.outcome {
            PolicyOutcome::RateLimited => ReasonCode::RateLimited,
            PolicyOutcome::PaymentRequired => ReasonCode::PaymentRequired,
            PolicyOutcome::PolicyViolation => ReasonCode::PolicyViolation,
            PolicyOutcome::AccessDenied | PolicyOutcome::Success => ReasonCode::AccessDenied,
        }
    }
}

/// What became of a question that nobody has approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotApproved(pub Filed);

impl NotApproved {
    /// What the caller learns, in the words that marketplace clients read.
    #[must_use]
    pub fn metadata(&self) -> PolicyMetadata {
        let (reason_code, reason) = match self.0 {
            Filed::Request(_, ApprovalState::Denied) => {
                ("REVIEW_DENIED", "your question was not approved: it is not answered")
            }
            Filed::Request(..) => {
                ("REVIEW_PENDING", "your question is answered once somebody has approved it")
            }
            Filed::Full(_) => ("REVIEW_QUEUE_FULL", "too many questions wait for approval"),
        };
        let mut entry = PolicyEntry::rejected(ManualReviewType.name(), "access", reason_code, reason);
        if let Filed::Request(approval_id, _) = self.0 {
            entry.details = Some(EntryDetails { approval_id });
        }
        PolicyMetadata::rejected(PolicyOutcome::PolicyViolation, entry)
    }

    fn message(&self) -> String {
        match &self.0 {
            Filed::Request(_, ApprovalState::Denied) => {
                "your question was denied: it is not answered until that has ended; its owners and admins can say why".to_owned()
            }
            Filed::Request(..) => {
                "your question waits for an owner or admin to approve it: ask it again, as it is, once that is done".to_owned()
            }
            Filed::Full(full) => full.to_string(),
        }
    }

    fn reason_code(&self) -> ReasonCode {
        match self.0 {
            Filed::Request(_, ApprovalState::Denied) => ReasonCode::ReviewDenied,
            Filed::Request(..) => ReasonCode::ReviewPending,
            Filed::Full(_) => ReasonCode::ReviewQueueFull,
        }
    }
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
    #[error("{}", .0.message())]
    Refused(QueryRefusal),
    /// Nobody has approved the question.
    #[error("{}", .0.message())]
    NotApproved(NotApproved),
    /// Another space asks, and the endpoint would ask a third in turn.
    #[error(
        "this endpoint asks another space itself, and passes on nothing that a space asks: have your space ask that endpoint directly"
    )]
    AskedBySpace,
    /// A policy demands a purpose, and the query names none. Holds those of which it must name one.
    #[error(
        "say in purpose what the query is for; {}",
        if .0.is_empty() {
            "its policies have no purpose in common, so none is let in: ask its owner".to_owned()
        } else {
            format!("this endpoint is for: {}", purposes(.0))
        }
    )]
    PurposeMissing(Vec<Purpose>),
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

fn purposes(purposes: &[Purpose]) -> String {
    purposes.iter().map(Purpose::as_str).collect::<Vec<_>>().join(", ")
}

impl QueryError {
    /// The error of a decision that does not let the query in.
    pub(super) fn of_decision(decision: Decision) -> Self {
        match decision.diagnostics.reason {
            Reason::PolicyUnavailable => Self::PolicyUnavailable,
            Reason::PurposeMissing => Self::PurposeMissing(decision.purposes),
            _ => {
                let policy = decision.metadata(Vec::new());
                let Decision { limits, retry_after, .. } = decision;
                Self::Refused(QueryRefusal { policy, limits, retry_after })
            }
        }
    }

    /// Why what is held for the query is released.
    pub(super) fn release(&self) -> Release {
        match self {
            Self::Authorization(_)
            | Self::NotFound
            | Self::AskedBySpace
            | Self::Refused(_)
            | Self::PurposeMissing(_)
            | Self::NotVouchedFor => Release::Refused,
            Self::NotApproved(_) => Release::Unapproved,
            Self::PolicyUnavailable
            | Self::IdentityUnavailable(_)
            | Self::AccountBroken(_)
            | Self::PortError(_) => Release::Failed,
        }
    }

    /// Makes of the event of a query that of its refusal, or of its failure.
    pub(super) fn event(&self, event: Event) -> Event {
        let (action, denied, reason_code) = match self {
            Self::Authorization(error) => return error.denied(event),
            Self::NotFound => (event.action, true, ReasonCode::EndpointNotFound),
            Self::AskedBySpace => (event.action, true, ReasonCode::AskedBySpace),
            Self::Refused(refusal) => (Action::PolicyViolation, true, refusal.reason_code()),
            Self::NotApproved(error) => (Action::PolicyViolation, true, error.reason_code()),
            Self::PurposeMissing(_) => (Action::PolicyViolation, true, ReasonCode::PurposeMissing),
            Self::PolicyUnavailable => (event.action, false, ReasonCode::PolicyUnavailable),
            Self::NotVouchedFor => (Action::AuthnTokenFail, true, ReasonCode::HubUserNotVouchedFor),
            Self::IdentityUnavailable(_) => (event.action, false, ReasonCode::IdentityUnavailable),
            Self::AccountBroken(_) => (event.action, false, ReasonCode::CredentialRefused),
            Self::PortError(PortError::Search(_) | PortError::Vectors(_) | PortError::Encoding(_)) => {
                (event.action, false, ReasonCode::SearchFailed)
            }
            Self::PortError(PortError::RemoteSpace(_)) => {
                (event.action, false, ReasonCode::RemoteSpaceUnavailable)
            }
            Self::PortError(_) => (event.action, false, ReasonCode::StateUnavailable),
        };
        let event = Event { action, ..event };
        if denied { event.denied(reason_code) } else { event.failed(reason_code) }
    }
}
