//! The client of hubs.

mod cached_value;
mod calls;
pub(crate) mod response_error;
mod session;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use serde::Serialize;
use serde::de::DeserializeOwned;
use syft_space_domain::marketplace::ports::{HubAccess, HubError, SatelliteToken};
use syft_space_domain::marketplace::{CredentialRefusal, HubCredential};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Clock;
use syft_space_outbound::http::Method;
use syft_space_outbound::{OutboundError, Request, Response};

use crate::http::HubHttp;
use cached_value::CachedValue;
use session::Session;

pub(crate) use calls::TokenVerification;

/// The time for a call, retries included.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of an answer.
const MAX_RESPONSE_BYTES: usize = 1024 * 1024;
/// The most sessions, and the most tokens for other spaces, that are cached.
const CACHE_CAPACITY: usize = 1_000;

/// A keyed hash of a hub, a credential and a purpose: memory holds a credential no oftener than it must.
type AccessDigest = [u8; 32];

/// Speaks to SyftHub, as each tenant's account there.
///
/// Sessions and tokens for calling other spaces are cached, and renewed ahead of their end. Callers that come while one
/// is being fetched wait for that one.
pub struct SyftHub {
    http: Arc<dyn HubHttp>,
    clock: Arc<dyn Clock>,
    key: [u8; 32],
    sessions: Cache<AccessDigest, Arc<CachedValue<Session>>>,
    satellite_tokens: Cache<AccessDigest, Arc<CachedValue<SatelliteToken>>>,
    /// The credentials that their hubs refused when they were last used.
    refusals: Cache<AccessDigest, CredentialRefusal>,
}

impl SyftHub {
    /// Makes a client of hubs.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn new(
        http: Arc<dyn HubHttp>,
        clock: Arc<dyn Clock>,
        entropy: &dyn Entropy,
    ) -> Result<Self, RandomError> {
        let mut key = [0; 32];
        entropy.fill(&mut key)?;
        Ok(Self {
            http,
            clock,
            key,
            sessions: Cache::new(CACHE_CAPACITY),
            satellite_tokens: Cache::new(CACHE_CAPACITY),
            refusals: Cache::new(CACHE_CAPACITY),
        })
    }

    fn digest(&self, access: &HubAccess, purpose: &str) -> AccessDigest {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        let mut add = |part: &str| {
            // The length first: no two lists of parts have the same bytes.
            hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(part.as_bytes());
        };
        add(access.url.as_str());
        match &access.credential {
            HubCredential::Pat(token) => add(token.expose()),
            HubCredential::Password { username, password } => {
                add(username);
                add(password.expose());
            }
        }
        add(purpose);
        *hasher.finalize().as_bytes()
    }

    fn request(&self, access: &HubAccess, method: Method, path: &str) -> Result<Request, HubError> {
        let request =
            Request::new(method, &format!("{}{path}", access.url)).map_err(response_error::from_outbound)?;
        Ok(request.timeout(CALL_TIMEOUT).max_response_bytes(MAX_RESPONSE_BYTES))
    }

    /// Sends a request. Any status but success is an error.
    async fn send(&self, request: &Request) -> Result<Response, HubError> {
        let answer = self.http.call(request).await.map_err(|error| {
            if matches!(error, OutboundError::TargetNotAllowed(_) | OutboundError::Unresolved(_)) {
                // Whoever named the hub learns neither.
                tracing::warn!(%error, "a hub is not called");
            }
            response_error::from_outbound(error)
        })?;
        response_error::from_status(&answer).map_or(Ok(answer), Err)
    }

    /// Sends a request as the account, and remembers whether the hub refuses its credential.
    async fn send_authenticated(&self, access: &HubAccess, request: Request) -> Result<Response, HubError> {
        let outcome = self.send_in_session(access, request).await;
        let digest = self.digest(access, "");
        match &outcome {
            Ok(_) => drop(self.refusals.remove(&digest)),
            Err(HubError::Unauthorized(why)) if self.refusals.get(&digest).is_none() => {
                let refusal = CredentialRefusal { at: self.clock.now(), why: why.clone() };
                self.refusals.insert(digest, refusal);
            }
            Err(_) => {}
        }
        outcome
    }

    /// Sends a request as the account. If the hub has ended the session meanwhile, another is begun, once.
    async fn send_in_session(&self, access: &HubAccess, request: Request) -> Result<Response, HubError> {
        let token = self.bearer(access).await?;
        let outcome = self.send(&with_bearer(request.clone(), &token)?).await;
        if !matches!(outcome, Err(HubError::Unauthorized(_)))
            || !self.invalidate_session(access, &token).await
        {
            return outcome;
        }
        let token = self.bearer(access).await?;
        self.send(&with_bearer(request, &token)?).await
    }
}

fn with_bearer(request: Request, token: &Secret<String>) -> Result<Request, HubError> {
    request.bearer(token).map_err(response_error::from_outbound)
}

fn to_json(body: &impl Serialize) -> Result<Vec<u8>, HubError> {
    serde_json::to_vec(body).map_err(|error| HubError::Unreadable(error.to_string()))
}

/// Parses the body of a response. Unknown members are ignored: hubs are of many versions.
fn parse<T: DeserializeOwned>(answer: &Response) -> Result<T, HubError> {
    // The parser's message would quote what it read.
    serde_json::from_slice(&answer.body)
        .map_err(|error| HubError::Unreadable(format!("no such JSON, at column {}", error.column())))
}
