//! The mapping of the errors of signing in by OpenID Connect, and of configuring that.

use syft_space_domain::identity::oidc::ports::OidcError;
use syft_space_domain::identity::oidc::{LogoutError, OidcProviderError, SignInError, SignInRefusal};

use crate::http::problem::Problem;
use crate::http::reason::Reason;

/// When an identity provider that failed is asked again, at the earliest.
const RETRY_SECONDS: u64 = 10;

fn unavailable(error: impl ToString) -> Problem {
    Problem::new(Reason::IdentityProviderUnavailable, error).retry_after(RETRY_SECONDS)
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::NotFound => Self::new(Reason::NotFound, error),
            SignInError::Unknown => Self::new(Reason::SignInInvalid, error),
            SignInError::Provider(OidcError::Unavailable) => unavailable(error),
            SignInError::Refused(SignInRefusal::TenantEnding(_)) => Self::new(Reason::TenantEnding, error),
            SignInError::Denied | SignInError::Provider(_) | SignInError::Refused(_) => {
                Self::new(Reason::SignInRefused, error)
            }
            SignInError::PortError(error) => error.into(),
        }
    }
}

impl From<LogoutError> for Problem {
    fn from(error: LogoutError) -> Self {
        match error {
            LogoutError::NotFound | LogoutError::NoSession => Self::new(Reason::NotFound, error),
            LogoutError::Provider(OidcError::Unavailable) => unavailable(error),
            LogoutError::Provider(_) => Self::new(
                Reason::LogoutTokenInvalid,
                "this is no logout token of the provider for this space, or it came before",
            ),
            LogoutError::PortError(error) => error.into(),
        }
    }
}

impl From<OidcProviderError> for Problem {
    fn from(error: OidcProviderError) -> Self {
        match error {
            OidcProviderError::NoTenant(_) | OidcProviderError::NotFound => {
                Self::new(Reason::NotFound, error)
            }
            OidcProviderError::NameTaken(_) | OidcProviderError::IssuerTaken(_) => {
                Self::new(Reason::NameTaken, error)
            }
            OidcProviderError::LimitReached => Self::new(Reason::LimitReached, error),
            OidcProviderError::Secret(error) => Self::field("/client_secret", error),
            OidcProviderError::TooMany => Self::new(Reason::Invalid, error),
            OidcProviderError::PortError(error) => error.into(),
        }
    }
}
