//! The mapping from the domain's errors to responses: the one place where it is done.

mod access_review;
mod api_keys;
mod approvals;
mod audit;
mod datasets;
mod expectations;
mod groups;
mod ledger;
mod oidc;
mod policy_tools;
mod port_error;
mod privacy;
mod resets;
mod retention;
mod second_factor;
mod sessions;

use syft_space_domain::PortError;
use syft_space_domain::audit::ReasonCode;
use syft_space_domain::dataset::SearchQueryError;
use syft_space_domain::endpoint::{EndpointError, QueryError};
use syft_space_domain::identity::{
    AcceptError, AuthenticateError, AuthorizationError, ChangePasswordError, InviteError, LoginError,
    MemberError, OperateError, PasswordError, RefreshError, TooManyGuesses,
};
use syft_space_domain::marketplace::ports::HubError;
use syft_space_domain::marketplace::{ListingError, MarketplaceError, TrustError};
use syft_space_domain::page::{CursorError, PageLimitError};
use syft_space_domain::policy::{ExplainError, PolicyError, PolicyOutcome};
use syft_space_domain::random::RandomError;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::RegisterError;

use crate::http::problem::Problem;
use crate::http::rate_limit_headers::whole_seconds;
use crate::http::reason::Reason;

impl From<AuthorizationError> for Problem {
    fn from(error: AuthorizationError) -> Self {
        match error {
            AuthorizationError::Forbidden(error) => second_factor::forbidden(error),
            AuthorizationError::Unauthenticated(AuthenticateError::Live(error)) => {
                PortError::from(error).into()
            }
            // Whether there is such a key at all, and only its text is another, is nobody's business.
            AuthorizationError::Unauthenticated(
                AuthenticateError::KeyReplaced | AuthenticateError::KeyRevoked,
            ) => Self::token_invalid(&ReasonCode::KeyUnknown),
            AuthorizationError::Unauthenticated(error) => Self::token_invalid(&error.reason_code()),
            AuthorizationError::OutOfScope(error) => Self::new(Reason::Forbidden, error),
            AuthorizationError::Lost(error) => Self::from(*error).unrecorded(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::new(Reason::Overloaded, error),
            StoreError::Full => Self::new(Reason::StorageFull, error),
            StoreError::ReadOnly | StoreError::Closed => Self::new(Reason::Unavailable, error),
            // A use case checks first; what gets here lost a race that it may simply try again.
            StoreError::Conflict(_) => Self::new(
                Reason::Conflict,
                "something changed while this was done; nothing was written, try again",
            ),
            StoreError::LedgerDamaged(_) => {
                tracing::error!(%error, "a ledger is not what was written");
                Self::new(Reason::Internal, error)
            }
            StoreError::LogDamaged(_) | StoreError::Failed(_) => internal(&error),
        }
    }
}

impl From<RandomError> for Problem {
    fn from(error: RandomError) -> Self {
        internal(&error)
    }
}

/// What went wrong is for the operator's log; the caller gets its request id to ask with.
fn internal(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "a request failed");
    Problem::new(
        Reason::Internal,
        "the server failed; its operator finds the cause in the log under this request's id",
    )
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        Self::new(Reason::PasswordRefused, error)
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::SetupToken => Self::new(Reason::SetupTokenWrong, error),
            RegisterError::Closed => Self::new(Reason::RegistrationClosed, error),
            RegisterError::Password(error) => error.into(),
            RegisterError::NameTaken => Self::new(Reason::NameTaken, error),
            RegisterError::PortError(error) => error.into(),
        }
    }
}

impl From<TooManyGuesses> for Problem {
    fn from(error: TooManyGuesses) -> Self {
        Self::new(Reason::TooManyGuesses, error).retry_after(error.retry_after.as_secs())
    }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Wrong => Self::new(Reason::CredentialsWrong, error),
            LoginError::CodeRequired => {
                Self::new(Reason::TotpRequired, format!("{error}: send it as `totp`"))
            }
            LoginError::WrongCode => Self::new(Reason::TotpWrong, error),
            LoginError::TenantEnding(_) => Self::new(Reason::TenantEnding, error),
            LoginError::TooManyGuesses(error) => error.into(),
            LoginError::PortError(error) => error.into(),
        }
    }
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Unknown | RefreshError::Ended => Self::new(Reason::RefreshTokenInvalid, error),
            RefreshError::TenantEnding(_) => Self::new(Reason::TenantEnding, error),
            RefreshError::PortError(error) => error.into(),
        }
    }
}

impl From<ChangePasswordError> for Problem {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::Authorization(error) => error.into(),
            ChangePasswordError::NoPassword => Self::new(Reason::Conflict, error),
            ChangePasswordError::WrongPassword => Self::new(Reason::CurrentPasswordWrong, error),
            ChangePasswordError::Password(error) => error.into(),
            ChangePasswordError::TooManyGuesses(error) => error.into(),
            ChangePasswordError::PortError(error) => error.into(),
        }
    }
}

impl From<OperateError> for Problem {
    fn from(error: OperateError) -> Self {
        match error {
            OperateError::NoTenant => {
                let detail = "there is no tenant yet; `syft-space owner create` founds the first one";
                Self::new(Reason::NotFound, detail)
            }
            OperateError::Unknown(_) => Self::new(Reason::NotFound, error),
            OperateError::Several(ref tenants) => {
                let names = tenants.iter().map(ToString::to_string).collect();
                Self::new(Reason::TenantRequired, &error).with_tenants(names)
            }
            OperateError::PortError(error) => error.into(),
        }
    }
}

impl From<InviteError> for Problem {
    fn from(error: InviteError) -> Self {
        match error {
            InviteError::Authorization(error) => error.into(),
            InviteError::RoleNotYours(_) => Self::new(Reason::RoleNotYours, error),
            InviteError::AlreadyMember(_) => Self::new(Reason::Conflict, error),
            InviteError::NotFound => Self::new(Reason::NotFound, error),
            InviteError::LimitReached(_) => Self::new(Reason::LimitReached, error),
            InviteError::TooManyMails(error) => error.into(),
            InviteError::Mail(error) => error.into(),
            InviteError::PortError(error) => error.into(),
        }
    }
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::NotFound => Self::new(Reason::NotFound, error),
            AcceptError::Password(error) => error.into(),
            AcceptError::AlreadyMember => Self::new(Reason::Conflict, error),
            AcceptError::Unexpected => Self::new(Reason::ExpectationBroken, error),
            AcceptError::TenantEnding(_) => Self::new(Reason::TenantEnding, error),
            AcceptError::PortError(error) => error.into(),
        }
    }
}

impl From<MemberError> for Problem {
    fn from(error: MemberError) -> Self {
        match error {
            MemberError::Authorization(error) => error.into(),
            MemberError::RoleNotYours(_) => Self::new(Reason::RoleNotYours, error),
            MemberError::NotFound | MemberError::NobodyKnown => Self::new(Reason::NotFound, error),
            MemberError::LastOwner => Self::new(Reason::LastOwner, error),
            MemberError::Held => Self::new(Reason::Conflict, error),
            MemberError::Changed => Self::new(Reason::Changed, error),
            MemberError::Expectation(error) => error.into(),
            MemberError::PortError(error) => error.into(),
        }
    }
}

impl From<EndpointError> for Problem {
    fn from(error: EndpointError) -> Self {
        match error {
            EndpointError::Authorization(error) => error.into(),
            EndpointError::NotFound => Self::new(Reason::NotFound, error),
            EndpointError::NoDataset => {
                Self::field("/dataset_id", "dataset_id names no dataset of this tenant")
            }
            EndpointError::SlugTaken => Self::new(Reason::NameTaken, error),
            EndpointError::UnlistableSlug(error) => Self::new(Reason::SlugUnlistable, error),
            EndpointError::Changed => Self::new(Reason::Changed, error),
            EndpointError::LimitReached(_) => Self::new(Reason::LimitReached, error),
            EndpointError::Expectation(error) => error.into(),
            EndpointError::PortError(error) => error.into(),
        }
    }
}

/// Where callers see what their limits leave to them.
const WHAT_IS_LEFT: &str = "members see at GET /api/v1/me/access what is left to them";

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Authorization(error) => Self::from(error).for_hub_users(),
            QueryError::NotFound => Self::new(Reason::NotFound, error),
            QueryError::Refused(ref refusal) => {
                let reason = match refusal.policy.outcome {
                    PolicyOutcome::RateLimited => Reason::RateLimited,
                    PolicyOutcome::PaymentRequired => Reason::PaymentRequired,
                    PolicyOutcome::PolicyViolation => Reason::PolicyViolation,
                    PolicyOutcome::AccessDenied | PolicyOutcome::Success => Reason::AccessDenied,
                };
                let detail = match reason {
                    Reason::PaymentRequired => format!("{error}; {WHAT_IS_LEFT}"),
                    _ => error.to_string(),
                };
                let problem = Self::new(reason, detail)
                    .with_policy(refusal.policy.clone())
                    .with_limits(refusal.limits.clone());
                match refusal.retry_after {
                    Some(wait) => problem.retry_after(whole_seconds(wait)),
                    None => problem,
                }
            }
            QueryError::NotApproved(unapproved) => approvals::not_approved(unapproved),
            QueryError::AskedBySpace => Self::new(Reason::Conflict, error),
            QueryError::PurposeMissing(_) => Self::field("/purpose", error),
            QueryError::PolicyUnavailable => Self::new(Reason::PolicyUnavailable, error),
            QueryError::NotVouchedFor => Self::new(Reason::TokenInvalid, error),
            QueryError::IdentityUnavailable(again) | QueryError::AccountBroken(again) => {
                Self::new(Reason::IdentityUnavailable, error).retry_after(whole_seconds(again))
            }
            QueryError::PortError(error) => error.into(),
        }
    }
}

impl From<ListingError> for Problem {
    fn from(error: ListingError) -> Self {
        match error {
            ListingError::Authorization(error) => error.into(),
            ListingError::NotFound => Self::new(Reason::NotFound, error),
            ListingError::NoMarketplace => {
                Self::field("/marketplace_id", "marketplace_id names no marketplace of this tenant")
            }
            ListingError::NoPublicUrl => Self::new(
                Reason::PublicUrlMissing,
                "nobody would know where to send queries: the space's operator sets SYFT_SPACE_PUBLIC_URL to where others \
                 reach it",
            ),
            ListingError::Draft => Self::new(
                Reason::EndpointDraft,
                r#"the endpoint is a draft: publish it first (PATCH it with {"published": true})"#,
            ),
            ListingError::NoAccessPolicy => Self::new(
                Reason::NoAccessPolicy,
                "no access policy is attached, so no user of a marketplace could query it: attach one first (PUT \
                 /api/v1/endpoints/{slug}/policies)",
            ),
            ListingError::UnlistableSlug(error) => Self::new(Reason::SlugUnlistable, error),
            ListingError::Listed => Self::new(Reason::AlreadyListed, error),
            ListingError::PortError(error) => error.into(),
        }
    }
}

impl From<PolicyError> for Problem {
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::Authorization(error) => error.into(),
            PolicyError::NotFound | PolicyError::NoEndpoint | PolicyError::RevisionNotKept(_) => {
                Self::new(Reason::NotFound, error)
            }
            PolicyError::LostReference(..) | PolicyError::RevisionUnreadable(..) => {
                Self::field("/revision", error)
            }
            PolicyError::UnknownPolicy(id) => Self::field(
                "/policy_ids",
                format!("policy_ids names {id}, which is no policy of this tenant"),
            ),
            PolicyError::NamedTwice(id) => Self::field("/policy_ids", format!("policy_ids names {id} twice")),
            PolicyError::UnknownReference(ref named) => {
                groups::unknown_reference("/configuration", named, &error)
            }
            PolicyError::NoShadow(_) => Self::field("/enforcement", error),
            PolicyError::TooMany => Self::field("/policy_ids", error),
            PolicyError::Changed => Self::new(Reason::Changed, error),
            PolicyError::InUse => Self::new(Reason::InUse, error),
            PolicyError::LimitReached(_)
            | PolicyError::PatternLimitReached(_)
            | PolicyError::ByteLimitReached(_) => Self::new(Reason::LimitReached, error),
            PolicyError::Expectation(error) => error.into(),
            PolicyError::PortError(error) => error.into(),
        }
    }
}

impl From<ExplainError> for Problem {
    fn from(error: ExplainError) -> Self {
        match error {
            ExplainError::Authorization(error) => error.into(),
            ExplainError::NotFound => Self::new(Reason::NotFound, error),
            ExplainError::PortError(error) => error.into(),
        }
    }
}

impl From<HubError> for Problem {
    fn from(error: HubError) -> Self {
        let reason = match error {
            HubError::Unavailable(_) | HubError::Unresolved => Reason::HubUnavailable,
            HubError::NotAllowed(_) => Reason::OutboundNotAllowed,
            HubError::Unauthorized(_) | HubError::Unsealable => Reason::CredentialRefused,
            HubError::Displaced(_) => Reason::ServedElsewhere,
            HubError::Refused(_) | HubError::NotOurs(_) | HubError::NotFound | HubError::Unreadable(_) => {
                Reason::HubUnreadable
            }
        };
        Self::new(reason, error)
    }
}

impl From<MarketplaceError> for Problem {
    fn from(error: MarketplaceError) -> Self {
        match error {
            MarketplaceError::Authorization(error) => error.into(),
            MarketplaceError::NotFound => Self::new(Reason::NotFound, error),
            MarketplaceError::NameTaken => Self::new(Reason::NameTaken, error),
            MarketplaceError::InUse(_) | MarketplaceError::AskedAs(_) => Self::new(Reason::InUse, error),
            MarketplaceError::Changed => Self::new(Reason::Changed, error),
            MarketplaceError::LimitReached => Self::new(Reason::LimitReached, error),
            MarketplaceError::IssuerUrlMismatch(_) => Self::new(Reason::IssuerUrlMismatch, error),
            MarketplaceError::IssuerMismatch { .. } | MarketplaceError::IssuerMoved { .. } => {
                Self::new(Reason::IssuerMismatch, error)
            }
            MarketplaceError::NoToken(_) | MarketplaceError::NoHub(_) => {
                Self::new(Reason::HubUnreadable, error)
            }
            MarketplaceError::NotCallable(ref url) => {
                let entry = url.authority();
                Self::new(
                    Reason::OutboundNotAllowed,
                    format!("{error}. The operator allows it by adding {entry} to SYFT_SPACE_OUTBOUND_ALLOW"),
                )
            }
            MarketplaceError::ServedElsewhere(_) => Self::new(Reason::ServedElsewhere, error),
            MarketplaceError::NoPublicUrl | MarketplaceError::NoAddress => {
                Self::new(Reason::PublicUrlMissing, format!("{error}: SYFT_SPACE_PUBLIC_URL"))
            }
            MarketplaceError::HubNotTrusted { issuer: Some(issuer), url } => Self::new(
                Reason::HubNotTrusted,
                format!(
                    "no hub with the issuer {issuer} is trusted here; the operator trusts it with \
                     `syft-space hubs trust {issuer} {url}`"
                ),
            ),
            MarketplaceError::HubNotTrusted { issuer: None, url } => Self::new(
                Reason::HubNotTrusted,
                format!(
                    "no hub at {url} is trusted here; the operator trusts it with `syft-space hubs trust ISSUER {url}`"
                ),
            ),
            MarketplaceError::UsernameMismatch { .. } => Self::new(Reason::UsernameMismatch, error),
            MarketplaceError::AudienceTaken => Self::new(Reason::AudienceTaken, error),
            MarketplaceError::Hub(error) => error.into(),
            MarketplaceError::Expectation(error) => error.into(),
            MarketplaceError::PortError(error) => error.into(),
        }
    }
}

impl From<TrustError> for Problem {
    fn from(error: TrustError) -> Self {
        match error {
            TrustError::NotFound => Self::new(Reason::NotFound, error),
            TrustError::InUseElsewhere { .. } | TrustError::InUse(_) => Self::new(Reason::InUse, error),
            TrustError::PortError(error) => error.into(),
        }
    }
}

/// The answer to a search query that is not allowed, in a body whose field `question` holds its text.
pub(crate) fn search_query_error(question: &'static str) -> impl Fn(SearchQueryError) -> Problem {
    move |error| {
        let pointer = match error {
            SearchQueryError::Threshold => "/similarity_threshold",
            SearchQueryError::Limit => "/limit",
            SearchQueryError::Context => "/context",
            SearchQueryError::Empty | SearchQueryError::TooLong => question,
        };
        Problem::field(pointer, error)
    }
}

impl From<PageLimitError> for Problem {
    fn from(error: PageLimitError) -> Self {
        Self::field("/limit", error)
    }
}

impl From<CursorError> for Problem {
    fn from(_: CursorError) -> Self {
        let detail = "cursor is not one this list gave out: pass the next_cursor of the answer before, or leave it out";
        Self::field("/cursor", detail)
    }
}
