//! The answers to errors of API keys.

use syft_space_domain::identity::{ApiKeyError, KeyTermsError, OperateKeysError};

use crate::http::problem::Problem;
use crate::http::reason::Reason;

impl From<ApiKeyError> for Problem {
    fn from(error: ApiKeyError) -> Self {
        match error {
            ApiKeyError::Authorization(error) => error.into(),
            ApiKeyError::NotFound => Self::new(Reason::NotFound, error),
            ApiKeyError::Terms(KeyTermsError::Endpoints) | ApiKeyError::NoEndpoint => {
                Self::field("/endpoints", error)
            }
            ApiKeyError::Terms(KeyTermsError::Addresses) => Self::field("/addresses", error),
            ApiKeyError::Terms(_) | ApiKeyError::ScopeNotYours(_) => Self::field("/scopes", error),
            ApiKeyError::ExpiresInPast | ApiKeyError::ExpiresTooLate(_) => Self::field("/expires_at", error),
            ApiKeyError::LimitReached(_) => Self::new(Reason::LimitReached, error),
            ApiKeyError::Expired | ApiKeyError::TooManySecrets(_) => Self::new(Reason::Conflict, error),
            ApiKeyError::OtherRequest => Self::new(Reason::Invalid, error),
            ApiKeyError::PortError(error) => error.into(),
        }
    }
}

impl From<OperateKeysError> for Problem {
    fn from(error: OperateKeysError) -> Self {
        match error {
            OperateKeysError::Operate(error) => error.into(),
            OperateKeysError::Authorization(error) => error.into(),
            OperateKeysError::NotFound => Self::new(Reason::NotFound, error),
            OperateKeysError::PortError(error) => error.into(),
        }
    }
}
