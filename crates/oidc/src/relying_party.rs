//! The adapter of the port: a relying party of every provider that tenants believe.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openidconnect::core::{CoreAuthPrompt, CoreAuthenticationFlow, CoreGenderClaim};
use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, SubjectIdentifier,
    UserInfoClaims, UserInfoError,
};
use syft_space_domain::Pending;
use syft_space_domain::identity::oidc::ports::{
    AuthorizationRequest, AuthorizationResponse, OidcClient, OidcError, Prompt, VerifiedIdentity,
    VerifiedLogout,
};
use syft_space_domain::identity::oidc::{OidcIssuer, OidcProvider};
use syft_space_domain::secret::{Secret, TokenHash};
use syft_space_domain::time::Timestamp;
use syft_space_outbound::{Client, OutboundError};

use crate::bounded_set::BoundedSet;
use crate::http::GuardedHttp;
use crate::id_token::{self, IdTokenError, IdentityInToken};
use crate::logout_token;
use crate::metadata::{self, CodeFlow, ExtraClaims, Metadata, Token};
use crate::provider::{Provider, Wanted};

/// The most providers that are known at once. Operators name them: there are few.
const MAX_PROVIDERS: usize = 1_024;
/// How long what was used once is refused: longer than it is good for.
const USED_FOR: Duration = Duration::from_secs(15 * 60);

/// A relying party of every provider that tenants believe.
pub struct RelyingParty {
    http: GuardedHttp,
    providers: Mutex<HashMap<OidcIssuer, Arc<Provider>>>,
    answered: BoundedSet,
}

impl RelyingParty {
    /// A relying party that calls providers through this client.
    #[must_use]
    pub fn new(client: Arc<Client>) -> Self {
        Self { http: GuardedHttp(client), providers: Mutex::default(), answered: BoundedSet::new(USED_FOR) }
    }

    fn provider(&self, issuer: &OidcIssuer) -> Result<Arc<Provider>, OidcError> {
        let mut providers = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = providers.get(issuer) {
            return Ok(Arc::clone(known));
        }
        if providers.len() >= MAX_PROVIDERS {
            // Those that nobody asks at the moment.
            providers.retain(|_, provider| Arc::strong_count(provider) > 1);
            if providers.len() >= MAX_PROVIDERS {
                return Err(OidcError::Unavailable);
            }
        }
        let provider = Arc::new(Provider::new(issuer.clone()));
        providers.insert(issuer.clone(), Arc::clone(&provider));
        Ok(provider)
    }

    async fn authorization_url(
        &self,
        provider: &OidcProvider,
        request: &AuthorizationRequest,
        prompt: Prompt,
    ) -> Result<String, OidcError> {
        let metadata = self.provider(&provider.issuer)?.metadata(Wanted::Fresh, &self.http).await?;
        let flow = code_flow(&metadata, provider, None, request)?;
        let verifier = PkceCodeVerifier::new(request.verifier.expose().clone());
        let (state, nonce) = (request.state.expose().clone(), request.nonce.expose().clone());
        let asked = flow
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        let asked = match prompt {
            Prompt::Login => asked.add_prompt(CoreAuthPrompt::Login),
            Prompt::AsNeeded => asked,
        };
        // A provider knows a scope of this name, or gives the claim without: an unknown scope is ignored (RFC 6749, section 3.3).
        let asked = match &provider.groups {
            Some(groups) if scopes(&metadata).any(|scope| scope == groups.claim.as_str()) => {
                asked.add_scope(Scope::new(groups.claim.as_str().to_owned()))
            }
            _ => asked,
        };
        Ok(asked.url().0.into())
    }

    async fn redeem(
        &self,
        provider: &OidcProvider,
        client_secret: Option<&Secret<String>>,
        request: &AuthorizationRequest,
        response: &AuthorizationResponse,
        now: Timestamp,
    ) -> Result<VerifiedIdentity, OidcError> {
        let known = self.provider(&provider.issuer)?;
        let metadata = known.metadata(Wanted::Fresh, &self.http).await?;
        let _turn = known.enter(response.client).await?;
        if !self.answered.insert(TokenHash::of(request.state.expose())) {
            return Err(OidcError::Replayed);
        }
        check_issuer(&metadata, provider, response.issuer.as_deref())?;
        let flow = code_flow(&metadata, provider, client_secret, request)?;
        let (token, access_token) = self.exchange(&known, &flow, provider, request, response).await?;
        let verify = |metadata: &Metadata| id_token::verify(&token, provider, metadata, request, now);
        let told = self.by_its_keys(&known, &metadata, verify).await?;
        if (told.lacks_email || told.lacks_groups) && metadata.userinfo_endpoint().is_some() {
            return self.ask_more(&known, &flow, provider, access_token, told).await;
        }
        Ok(told.identity)
    }

    /// Asks a provider for what its ID token does not say (OpenID Connect Core 1.0, section 5.3): of the same subject.
    async fn ask_more(
        &self,
        known: &Provider,
        flow: &CodeFlow,
        provider: &OidcProvider,
        access_token: AccessToken,
        told: IdentityInToken,
    ) -> Result<VerifiedIdentity, OidcError> {
        let IdentityInToken { mut identity, lacks_email, lacks_groups } = told;
        let subject = SubjectIdentifier::new(identity.subject.as_str().to_owned());
        let asked = flow.user_info(access_token, Some(subject)).map_err(|_| OidcError::Unavailable)?;
        let answered: Result<UserInfoClaims<ExtraClaims, CoreGenderClaim>, _> =
            asked.request_async(&self.http).await;
        let info = answered.map_err(|error| match error {
            UserInfoError::Request(error) => unanswered(known, &error),
            _ => OidcError::Invalid,
        })?;
        if lacks_email {
            identity.verified_email = id_token::verified_email(info.email(), info.email_verified());
        }
        if lacks_groups {
            let claims = &info.additional_claims().claims;
            identity.groups = id_token::groups(claims, provider).unwrap_or_default();
        }
        Ok(identity)
    }

    /// Has a code become an ID token, and what more is told for.
    async fn exchange(
        &self,
        known: &Provider,
        flow: &CodeFlow,
        provider: &OidcProvider,
        request: &AuthorizationRequest,
        response: &AuthorizationResponse,
    ) -> Result<(Token, AccessToken), OidcError> {
        if known.is_cooling_down() {
            return Err(OidcError::Unavailable);
        }
        let code = AuthorizationCode::new(response.code.expose().clone());
        let asked = flow.exchange_code(code).map_err(|_| OidcError::Unavailable)?;
        let asked = asked.set_pkce_verifier(PkceCodeVerifier::new(request.verifier.expose().clone()));
        let answered = asked.request_async(&self.http).await.map_err(|error| match error {
            RequestTokenError::ServerResponse(error) => {
                tracing::info!(issuer = %provider.issuer, error = error.error().as_ref(), "a code was refused");
                OidcError::CodeRefused
            }
            RequestTokenError::Request(error) => unanswered(known, &error),
            // Whoever brings a code may have an answer like this come: that it cannot be read is no failure of the provider.
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => OidcError::Invalid,
        })?;
        let token = answered.extra_fields().id_token().cloned().ok_or(OidcError::Invalid)?;
        Ok((token, answered.access_token().clone()))
    }

    async fn verify_logout(
        &self,
        provider: &OidcProvider,
        text: &str,
        now: Timestamp,
    ) -> Result<VerifiedLogout, OidcError> {
        let known = self.provider(&provider.issuer)?;
        let metadata = known.metadata(Wanted::Fresh, &self.http).await?;
        self.by_its_keys(&known, &metadata, |metadata| logout_token::verify(text, provider, metadata, now))
            .await
    }

    /// Verifies something by the keys of a provider, which may have others by now than those that are known.
    async fn by_its_keys<T>(
        &self,
        known: &Provider,
        metadata: &Metadata,
        verify: impl Fn(&Metadata) -> Result<T, IdTokenError>,
    ) -> Result<T, OidcError> {
        let verified = match verify(metadata) {
            Err(IdTokenError::OtherKey) => verify(&*known.metadata(Wanted::Refetched, &self.http).await?),
            verified => verified,
        };
        verified.map_err(|_| OidcError::Invalid)
    }
}

/// What becomes of a code about which a call had no answer. Whoever brings a code may choose one at which the connection breaks, or
/// have an answer come that is too long, or none in time: the provider is taken for one that fails only for what no code can cause.
fn unanswered(known: &Provider, error: &OutboundError) -> OidcError {
    match error {
        OutboundError::Connect(_)
        | OutboundError::Tls(_)
        | OutboundError::Unresolved(_)
        | OutboundError::TargetNotAllowed(_)
        | OutboundError::Url(_) => known.failed(&error.to_string()),
        OutboundError::TooLarge(_) => return OidcError::Invalid,
        OutboundError::Broken | OutboundError::Timeout | OutboundError::Busy | OutboundError::Header => {}
    }
    OidcError::Unavailable
}

/// Refuses the answer of another provider than the one that was asked (RFC 9207, section 2.4).
fn check_issuer(metadata: &Metadata, provider: &OidcProvider, said: Option<&str>) -> Result<(), OidcError> {
    match said {
        Some(said) if said == provider.issuer.as_str() => Ok(()),
        None if !metadata::names_itself(metadata) => Ok(()),
        _ => Err(OidcError::Invalid),
    }
}

fn scopes(metadata: &Metadata) -> impl Iterator<Item = &str> {
    metadata.scopes_supported().into_iter().flatten().map(|scope| scope.as_str())
}

/// The code flow with a provider.
fn code_flow(
    metadata: &Metadata,
    provider: &OidcProvider,
    client_secret: Option<&Secret<String>>,
    request: &AuthorizationRequest,
) -> Result<CodeFlow, OidcError> {
    let redirect_uri = RedirectUrl::new(request.redirect_uri.clone()).map_err(|_| OidcError::Unavailable)?;
    let client_id = ClientId::new(provider.client_id.as_str().to_owned());
    let secret = client_secret.map(|secret| ClientSecret::new(secret.expose().clone()));
    let flow = CodeFlow::from_provider_metadata(metadata.clone(), client_id, secret);
    let by_body = metadata::takes_secret_in_body_alone(metadata);
    let auth_type = if by_body { AuthType::RequestBody } else { AuthType::BasicAuth };
    Ok(flow.set_redirect_uri(redirect_uri).set_auth_type(auth_type))
}

impl OidcClient for RelyingParty {
    fn authorization_url<'a>(
        &'a self,
        provider: &'a OidcProvider,
        request: &'a AuthorizationRequest,
        prompt: Prompt,
    ) -> Pending<'a, Result<String, OidcError>> {
        Box::pin(self.authorization_url(provider, request, prompt))
    }

    fn redeem<'a>(
        &'a self,
        provider: &'a OidcProvider,
        client_secret: Option<&'a Secret<String>>,
        request: &'a AuthorizationRequest,
        response: &'a AuthorizationResponse,
        now: Timestamp,
    ) -> Pending<'a, Result<VerifiedIdentity, OidcError>> {
        Box::pin(self.redeem(provider, client_secret, request, response, now))
    }

    fn verify_logout<'a>(
        &'a self,
        provider: &'a OidcProvider,
        logout_token: &'a str,
        now: Timestamp,
    ) -> Pending<'a, Result<VerifiedLogout, OidcError>> {
        Box::pin(self.verify_logout(provider, logout_token, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a1_a_provider_fails_for_all_only_by_what_no_code_can_cause() {
        let text = String::new;
        for (error, of_all, told) in [
            (OutboundError::Connect(text()), true, OidcError::Unavailable),
            (OutboundError::Tls(text()), true, OidcError::Unavailable),
            (OutboundError::Unresolved(text()), true, OidcError::Unavailable),
            (OutboundError::Url(text()), true, OidcError::Unavailable),
            (OutboundError::Broken, false, OidcError::Unavailable),
            (OutboundError::Timeout, false, OidcError::Unavailable),
            (OutboundError::Busy, false, OidcError::Unavailable),
            (OutboundError::Header, false, OidcError::Unavailable),
            (OutboundError::TooLarge(1), false, OidcError::Invalid),
        ] {
            let known = Provider::new(OidcIssuer::parse("https://id.example.org").unwrap());
            assert_eq!((unanswered(&known, &error), known.is_cooling_down()), (told, of_all), "{error}");
        }
    }
}
