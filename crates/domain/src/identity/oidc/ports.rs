//! The ports of signing in by OpenID Connect: what is stored of it, and the protocol.

use std::net::IpAddr;

use crate::Pending;
use crate::audit::ReasonCode;
use crate::identity::oidc::{OidcIssuer, OidcProvider, SessionAtProvider, Subject};
use crate::identity::{Email, Invitation};
use crate::ids::{AccountId, OidcProviderId, SessionId};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;

/// Reads providers, and who is known of them.
pub trait OidcView {
    /// The providers that the tenant believes, in the order of their names: few, see [`OidcProvider::MAX_PER_TENANT`].
    fn oidc_providers(&mut self, scope: &TenantScope) -> Result<Vec<OidcProvider>, StoreError>;
    /// The tenant's account of whom an issuer means.
    fn oidc_account(
        &mut self,
        scope: &TenantScope,
        issuer: &OidcIssuer,
        subject: &Subject,
    ) -> Result<Option<AccountId>, StoreError>;
    /// The tenant's invitations of one address, in the order of their ids.
    fn invitations_of(&mut self, scope: &TenantScope, email: &Email) -> Result<Vec<Invitation>, StoreError>;
    /// The sessions that a provider began, each with its account: of a subject, of one of its own sessions, of both, or all. In the
    /// order of accounts and sessions.
    fn oidc_sessions(
        &mut self,
        scope: &TenantScope,
        provider: OidcProviderId,
        subject: Option<&Subject>,
        sid: Option<&Subject>,
    ) -> Result<Vec<(AccountId, SessionId)>, StoreError>;
}

/// Writes providers, and who is known of them.
pub trait OidcRows: OidcView {
    /// Adds a provider. Its id, its name and its issuer are new in the tenant, else [`StoreError::Conflict`].
    fn add_oidc_provider(&mut self, scope: &WriteScope, provider: &OidcProvider) -> Result<(), StoreError>;
    /// Removes a provider. `false` when there is none. Accounts stay, and sessions; that it began them is forgotten.
    fn remove_oidc_provider(&mut self, scope: &WriteScope, id: OidcProviderId) -> Result<bool, StoreError>;
    /// Notes that an account is of whom an issuer means, until that or the account is removed. Another of the same one is a
    /// [`StoreError::Conflict`].
    fn add_oidc_identity(
        &mut self,
        scope: &WriteScope,
        issuer: &OidcIssuer,
        subject: &Subject,
        account: AccountId,
    ) -> Result<(), StoreError>;
    /// Removes whom issuers mean by an account. Answers how many. Sessions stay.
    fn remove_oidc_identities(&mut self, scope: &WriteScope, account: AccountId) -> Result<u64, StoreError>;
    /// Notes which provider began a session, until the session ends.
    fn add_oidc_session(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        session: SessionId,
        at_provider: &SessionAtProvider,
    ) -> Result<(), StoreError>;
}

/// What is asked of a provider once, and known to nobody else until it has answered.
pub struct AuthorizationRequest {
    /// Where it sends the person back to.
    pub redirect_uri: String,
    /// Which request it is (RFC 6749, section 10.12).
    pub state: Secret<String>,
    /// What its token must hold (OpenID Connect Core 1.0, section 3.1.2.1).
    pub nonce: Secret<String>,
    /// What whoever redeems the code must have (RFC 7636).
    pub verifier: Secret<String>,
}

/// Whether a provider signs a person in anew (OpenID Connect Core 1.0, section 3.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// Only where they have no session there.
    AsNeeded,
    /// Whatever session they have there: nothing else says that they want in.
    Login,
}

/// What a provider answered by way of the person's browser.
pub struct AuthorizationResponse {
    /// What its word is had for.
    pub code: Secret<String>,
    /// Who it says that it is (RFC 9207), if it does.
    pub issuer: Option<String>,
    /// From which address it came, as [`address_prefix`](crate::identity::address_prefix) cuts it.
    pub client: Option<IpAddr>,
}

/// Somebody, by the word of a provider that was verified in all its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedIdentity {
    /// Who.
    pub subject: Subject,
    /// Their e-mail address as the provider writes it, only where it says that it has verified it.
    pub verified_email: Option<String>,
    /// The groups that they are in; none where the tenant does not ask.
    pub groups: Vec<String>,
    /// Which session of the provider's own it is.
    pub sid: Option<Subject>,
}

/// Somebody logged out at a provider, by its word that was verified in all its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedLogout {
    /// Which of the provider's words it is (`jti`).
    pub id: String,
    /// Who, or `None` where only the session is named.
    pub subject: Option<Subject>,
    /// Which session of the provider's own, or `None` for all.
    pub sid: Option<Subject>,
}

/// A provider's word was not had, or is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// It cannot be reached, does not answer in time, or has answered what no provider answers. It is not asked again for a while.
    #[error("the identity provider cannot be asked at the moment")]
    Unavailable,
    /// It does not redeem the code.
    #[error("the identity provider does not redeem the code")]
    CodeRefused,
    /// What it gave, or somebody in its place, is not for this request.
    #[error("the identity provider's answer is not valid")]
    Invalid,
    /// It was used before.
    #[error("this was used before")]
    Replayed,
}

impl OidcError {
    /// The reason in the audit log.
    #[must_use]
    pub fn reason_code(self) -> ReasonCode {
        match self {
            Self::Unavailable => ReasonCode::ProviderUnavailable,
            Self::CodeRefused => ReasonCode::ProviderCodeRefused,
            Self::Invalid => ReasonCode::ProviderAnswerInvalid,
            Self::Replayed => ReasonCode::SignInUnknown,
        }
    }
}

/// Speaks OpenID Connect with providers. One that fails or is slow holds up nobody who does not ask for it.
pub trait OidcClient: Send + Sync {
    /// Where to send a person, so that the provider says who they are.
    fn authorization_url<'a>(
        &'a self,
        provider: &'a OidcProvider,
        request: &'a AuthorizationRequest,
        prompt: Prompt,
    ) -> Pending<'a, Result<String, OidcError>>;

    /// Redeems a provider's answer to a request, and verifies who it says that the person is. Each request is answered once.
    ///
    /// # Errors
    /// When the provider's word is not had, or was verified in vain, or the request was answered before.
    fn redeem<'a>(
        &'a self,
        provider: &'a OidcProvider,
        client_secret: Option<&'a Secret<String>>,
        request: &'a AuthorizationRequest,
        response: &'a AuthorizationResponse,
        now: Timestamp,
    ) -> Pending<'a, Result<VerifiedIdentity, OidcError>>;

    /// Verifies that a provider says that somebody logged out (OpenID Connect Back-Channel Logout 1.0).
    ///
    /// # Errors
    /// When it does not say so, or its keys are not to be had.
    fn verify_logout<'a>(
        &'a self,
        provider: &'a OidcProvider,
        logout_token: &'a str,
        now: Timestamp,
    ) -> Pending<'a, Result<VerifiedLogout, OidcError>>;
}
