//! Identity providers in memory, which say what a test has them say.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use syft_space_domain::Pending;
use syft_space_domain::identity::oidc::OidcProvider;
use syft_space_domain::identity::oidc::ports::{
    AuthorizationRequest, AuthorizationResponse, OidcClient, OidcError, Prompt, VerifiedIdentity,
    VerifiedLogout,
};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;

/// Providers that redeem the codes, and mean by the logout tokens, what they were told. For tests alone: nothing is verified, and
/// one that was told nothing identifies nobody.
#[derive(Default)]
pub struct MemoryProviders(Mutex<Told>);

#[derive(Default)]
struct Told {
    identities: HashMap<String, VerifiedIdentity>,
    logouts: HashMap<String, VerifiedLogout>,
    answered: HashSet<String>,
}

impl MemoryProviders {
    /// Providers that were told nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Has a code mean somebody, once.
    pub fn identify(&self, code: &str, identity: VerifiedIdentity) {
        self.told(|told| told.identities.insert(code.to_owned(), identity));
    }

    /// Has a logout token mean somebody.
    pub fn log_out(&self, token: &str, logout: VerifiedLogout) {
        self.told(|told| told.logouts.insert(token.to_owned(), logout));
    }

    fn told<T>(&self, work: impl FnOnce(&mut Told) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl OidcClient for MemoryProviders {
    fn authorization_url<'a>(
        &'a self,
        provider: &'a OidcProvider,
        request: &'a AuthorizationRequest,
        _: Prompt,
    ) -> Pending<'a, Result<String, OidcError>> {
        let url = format!("{}/authorize?state={}", provider.issuer, request.state.expose());
        Box::pin(std::future::ready(Ok(url)))
    }

    fn redeem<'a>(
        &'a self,
        _: &'a OidcProvider,
        _: Option<&'a Secret<String>>,
        request: &'a AuthorizationRequest,
        response: &'a AuthorizationResponse,
        _: Timestamp,
    ) -> Pending<'a, Result<VerifiedIdentity, OidcError>> {
        let identity = self.told(|told| {
            if !told.answered.insert(request.state.expose().clone()) {
                return Err(OidcError::Replayed);
            }
            told.identities.remove(response.code.expose()).ok_or(OidcError::CodeRefused)
        });
        Box::pin(std::future::ready(identity))
    }

    fn verify_logout<'a>(
        &'a self,
        _: &'a OidcProvider,
        logout_token: &'a str,
        _: Timestamp,
    ) -> Pending<'a, Result<VerifiedLogout, OidcError>> {
        let logout = self.told(|told| told.logouts.get(logout_token).cloned()).ok_or(OidcError::Invalid);
        Box::pin(std::future::ready(logout))
    }
}
