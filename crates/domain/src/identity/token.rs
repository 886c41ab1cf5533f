//! The claims of a local access token.

use crate::access::Role;
use crate::audit::ReasonCode;
use crate::identity::Email;
use crate::ids::{AccountId, SessionId, TenantId, TokenId};
use crate::secret::Secret;
use crate::tenant::TenantName;
use crate::time::Timestamp;

/// The claims of a local access token. Its role is told to the client only: what a caller may do is read from
/// the tenant's snapshot at each request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// Who (`sub`).
    pub account: AccountId,
    /// Their e-mail address (`email`).
    pub email: Email,
    /// In which tenant (`tid`).
    pub tenant: TenantId,
    /// Its name (`tenant`).
    pub tenant_name: TenantName,
    /// Their role when the token was issued (`role`).
    pub role: Role,
    /// Of which session it is (`sid`). It is good for as long as that one lives.
    pub session: SessionId,
    /// The token's own id (`jti`).
    pub id: TokenId,
    /// When it was issued (`iat`), in whole seconds.
    pub issued_at: Timestamp,
    /// From when on it is refused (`exp`), in whole seconds.
    pub expires_at: Timestamp,
}

/// A signed access token.
#[derive(Clone)]
pub struct AccessToken(Secret<String>);

impl AccessToken {
    /// Wraps what a signer made.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The token's text.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// Why a token was refused. The caller learns no more than that it was; the log learns which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TokenRefused {
    /// Not of the form of a token, or with parts that must not be there.
    #[error("the token is malformed")]
    Malformed,
    /// Of an algorithm or kind that is not accepted here.
    #[error("the token is not of a kind accepted here")]
    WrongKind,
    /// Signed with a key that is not ours, or no longer.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// Not signed by the key it names.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// With a claim that is missing, of the wrong type, or not for us.
    #[error("a claim of the token is missing or wrong")]
    BadClaims,
    /// Past its time.
    #[error("the token has expired")]
    Expired,
    /// Not yet of its time.
    #[error("the token is not valid yet")]
    NotYetValid,
}

impl TokenRefused {
    /// The reason in the audit log.
    #[must_use]
    pub fn reason_code(self) -> ReasonCode {
        match self {
            Self::Malformed => ReasonCode::TokenMalformed,
            Self::WrongKind => ReasonCode::TokenWrongKind,
            Self::UnknownKey => ReasonCode::TokenUnknownKey,
            Self::BadSignature => ReasonCode::TokenBadSignature,
            Self::BadClaims => ReasonCode::TokenBadClaims,
            Self::Expired => ReasonCode::TokenExpired,
            Self::NotYetValid => ReasonCode::TokenNotYetValid,
        }
    }
}

/// A token could not be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no access token could be signed: {0}")]
pub struct TokenSignError(pub String);
