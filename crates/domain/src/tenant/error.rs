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
    /// There is a tenant of this name.
    #[error("there is a tenant of this name already: choose another name, or log in if it is yours")]
    NameTaken,
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
            Self::NameTaken => Some(ReasonCode::NameTaken),
            _ => None,
        }
    }
}
