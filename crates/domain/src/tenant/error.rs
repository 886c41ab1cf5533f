//! The refusals of founding a tenant.

use crate::audit::ReasonCode;
use crate::identity::PasswordError;
use crate::port_error::{PortError, port_errors};

/// A tenant was not founded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// There is no account yet, and the setup token is missing or wrong.
    #[error(
        "the first registration needs the setup token: it stands in the file setup-token in the space's home, and is renewed at each start"
    )]
    SetupToken,
    /// There are accounts already, and the operator has not opened registration.
    #[error("registration is closed; ask an owner of the tenant for an invitation")]
    Closed,
    /// The password is not good enough.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// There is an account of this address, or a tenant of this name. Anybody is told no more: whether somebody has an
    /// account here is theirs to tell.
    #[error(
        "the e-mail address or the tenant's name is taken: if you have an account, log in; else choose another name"
    )]
    Taken,
    /// There is an account of this address; told to the operator alone.
    #[error("there is an account with this e-mail address already; log in with it")]
    EmailTaken,
    /// There is a tenant of this name; told to the operator alone.
    #[error("there is a tenant of this name already; choose another")]
    TenantTaken,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(RegisterError);

impl RegisterError {
    /// The reason of a refusal that anybody can cause, at any rate. It makes no event of its own: whoever serves this
    /// counts it, and merges it into few.
    #[must_use]
    pub fn anonymous_failure(&self) -> Option<ReasonCode> {
        match self {
            Self::SetupToken => Some(ReasonCode::SetupTokenWrong),
            Self::Closed => Some(ReasonCode::RegistrationClosed),
            Self::Taken => Some(ReasonCode::NameTaken),
            _ => None,
        }
    }

    /// The error as anybody may learn of it.
    pub(super) fn for_anybody(self) -> Self {
        match self {
            Self::EmailTaken | Self::TenantTaken => Self::Taken,
            other => other,
        }
    }
}
