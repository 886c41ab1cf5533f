//! Why somebody is not signed in by their identity provider.

use crate::audit::ReasonCode;
use crate::identity::TenantEnding;
use crate::identity::oidc::ports::OidcError;
use crate::port_error::{PortError, port_errors};

/// Nobody was signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// There is no such provider.
    #[error("there is no such identity provider")]
    NotFound,
    /// This browser has begun no such sign-in, or did so too long ago, or has ended it already.
    #[error("this sign-in was not begun by this browser, was finished before, or took too long; begin anew")]
    Unknown,
    /// The provider did not sign the person in.
    #[error("the identity provider did not sign you in")]
    Denied,
    /// The provider's word was not had, or is none.
    #[error("{0}; begin anew")]
    Provider(OidcError),
    /// The person is known, and may not come in. That stands in the tenant's log.
    #[error(transparent)]
    Refused(#[from] SignInRefusal),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(SignInError);

impl From<OidcError> for SignInError {
    fn from(error: OidcError) -> Self {
        match error {
            OidcError::Replayed => Self::Unknown,
            error => Self::Provider(error),
        }
    }
}

impl SignInError {
    /// The reason of a failure that nobody known has caused: whoever serves this counts it, and merges it into few events.
    #[must_use]
    pub fn anonymous_failure(&self) -> Option<ReasonCode> {
        match self {
            Self::Unknown => Some(ReasonCode::SignInUnknown),
            Self::Denied => Some(ReasonCode::ProviderDenied),
            Self::Provider(error) => Some(error.reason_code()),
            Self::NotFound | Self::Refused(_) | Self::PortError(_) => None,
        }
    }
}

/// Why somebody whom a provider has identified does not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignInRefusal {
    /// Their account is disabled.
    #[error("your account in this tenant is disabled")]
    Disabled,
    /// They are in none of the groups that have a role.
    #[error("you are in no group that may sign in to this tenant; ask who manages your identity provider")]
    NoGroup,
    /// Their groups would make the tenant's last owner something else.
    #[error("your groups would leave this tenant without an owner; make another member owner first")]
    LastOwner,
    /// They have no account, and the provider has not verified their address.
    #[error("your identity provider does not say that it has verified your e-mail address")]
    EmailUnverified,
    /// The tenant ends, and lets in its Owners alone.
    #[error(transparent)]
    TenantEnding(TenantEnding),
    /// They have no account, and their address has another one.
    #[error("your e-mail address has an account of its own here; log in with its password, or ask an owner")]
    AccountExists,
    /// They have no account, and nobody asked them to come.
    #[error("you have no account in this tenant; ask one of its owners for an invitation")]
    NotInvited,
    /// They have no account, and the tenant is full.
    #[error("the tenant has as many members and open invitations as it may have")]
    LimitReached,
    /// As what they would come in, they might query an endpoint that expects them not to.
    #[error(
        "what is expected of an endpoint of this tenant stands against your coming in; ask one of its owners"
    )]
    Unexpected,
}

impl SignInRefusal {
    /// The reason in the audit log.
    pub(super) fn reason_code(self) -> ReasonCode {
        match self {
            Self::Disabled => ReasonCode::MemberDisabled,
            Self::NoGroup => ReasonCode::GroupMissing,
            Self::LastOwner => ReasonCode::LastOwner,
            Self::EmailUnverified => ReasonCode::EmailUnverified,
            Self::TenantEnding(_) => ReasonCode::TenantEnding,
            Self::AccountExists => ReasonCode::AccountExists,
            Self::NotInvited => ReasonCode::NotInvited,
            Self::LimitReached => ReasonCode::LimitReached,
            Self::Unexpected => ReasonCode::ExpectationBroken,
        }
    }
}
