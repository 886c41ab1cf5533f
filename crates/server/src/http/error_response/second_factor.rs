//! The responses to errors of second factors, of the settings that demand them, and of the end of a tenant.

use syft_space_domain::access::{PrincipalKind, Role};
use syft_space_domain::identity::{DisableSecondFactorError, Forbidden, SecondFactorError};
use syft_space_domain::tenant::{SettingsError, TenantEndError};

use crate::http::problem::Problem;
use crate::http::reason::Reason;

/// The answer to a caller whose standing does not permit it.
pub(super) fn forbidden(error: Forbidden) -> Problem {
    match error.kind {
        PrincipalKind::WithoutSecondFactor(_) => Problem::new(
            Reason::SecondFactorRequired,
            format!("{error}: POST /api/v1/auth/totp begins one, POST /api/v1/auth/totp/confirm confirms it"),
        ),
        PrincipalKind::Ending(Some(Role::Owner)) => {
            let keeps =
                "DELETE /api/v1/tenant/end, or the operator's `syft-space tenants keep NAME`, does that";
            Problem::new(Reason::TenantEnding, format!("{error}: {keeps}"))
        }
        PrincipalKind::Ending(_) => Problem::new(Reason::TenantEnding, error),
        PrincipalKind::Member(_) | PrincipalKind::Operator | PrincipalKind::HubUser => {
            Problem::new(Reason::Forbidden, error)
        }
    }
}

impl From<SecondFactorError> for Problem {
    fn from(error: SecondFactorError) -> Self {
        match error {
            SecondFactorError::Authorization(error) => error.into(),
            SecondFactorError::NoPassword => Self::new(Reason::Conflict, error),
            SecondFactorError::WrongPassword => Self::new(Reason::CurrentPasswordWrong, error),
            SecondFactorError::WrongCode => Self::new(Reason::CodeWrong, error),
            SecondFactorError::Enrolled => {
                Self::new(Reason::Conflict, format!("{error}, with DELETE /api/v1/auth/totp"))
            }
            SecondFactorError::NotEnrolled => {
                Self::new(Reason::NotFound, format!("{error}, with POST /api/v1/auth/totp"))
            }
            SecondFactorError::TooManyGuesses(error) => error.into(),
            SecondFactorError::PortError(error) => error.into(),
        }
    }
}

impl From<DisableSecondFactorError> for Problem {
    fn from(error: DisableSecondFactorError) -> Self {
        match error {
            DisableSecondFactorError::Operate(error) => error.into(),
            DisableSecondFactorError::NotFound => Self::new(Reason::NotFound, error),
            DisableSecondFactorError::NotEnrolled => Self::new(Reason::Conflict, error),
            DisableSecondFactorError::PortError(error) => error.into(),
        }
    }
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::Authorization(error) => error.into(),
            SettingsError::NotFound => Self::new(Reason::NotFound, error),
            SettingsError::LocksOut => Self::new(Reason::Conflict, error),
            SettingsError::Changed => Self::new(Reason::Changed, error),
            SettingsError::PortError(error) => error.into(),
        }
    }
}

impl From<TenantEndError> for Problem {
    fn from(error: TenantEndError) -> Self {
        match error {
            TenantEndError::Authorization(error) => error.into(),
            TenantEndError::NotFound => Self::new(Reason::NotFound, error),
            TenantEndError::OtherName => Self::field("/tenant_name", error),
            TenantEndError::Held | TenantEndError::NotEnding => Self::new(Reason::Conflict, error),
            TenantEndError::PortError(error) => error.into(),
        }
    }
}
