//! How does this space speak to a hub?

mod calls;
mod kept;
pub(crate) mod refusal;
mod session;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use serde::Serialize;
use serde::de::DeserializeOwned;
use syft_space_domain::marketplace::HubCredential;
use syft_space_domain::marketplace::ports::{HubAccess, HubError, SatelliteToken};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Clock;
use syft_space_outbound::http::Method;
use syft_space_outbound::{Answer, Request};

use crate::http::HubHttp;
use kept::Kept;
use session::Session;

pub(crate) use calls::Vouched;

/// The time for a call, repetitions included.
const WITHIN: Duration = Duration::from_secs(10);
/// The most bytes of an answer.
const ANSWER_BYTES: usize = 1024 * 1024;
/// How many sessions, and how many tokens for other spaces, are kept.
const KEPT: usize = 1_000;

/// A keyed hash of whose account on which hub is meant, so that memory holds a credential no oftener than it must.
type AccessDigest = [u8; 32];

/// Speaks to SyftHub, as each tenant's account there.
///
/// A session begun with a password is kept and renewed ahead of its end; so are the tokens for calling other spaces.
/// Who asks while one is got waits for that one.
pub struct SyftHub {
    http: Arc<dyn HubHttp>,
    clock: Arc<dyn Clock>,
    key: [u8; 32],
    sessions: Cache<AccessDigest, Arc<Kept<Session>>>,
    minted: Cache<AccessDigest, Arc<Kept<SatelliteToken>>>,
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
        Ok(Self { http, clock, key, sessions: Cache::new(KEPT), minted: Cache::new(KEPT) })
    }

    fn digest(&self, access: &HubAccess, what: &str) -> AccessDigest {
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
        add(what);
        *hasher.finalize().as_bytes()
    }

    fn request(&self, access: &HubAccess, method: Method, path: &str) -> Result<Request, HubError> {
        let request = Request::new(method, &format!("{}{path}", access.url)).map_err(refusal::of_call)?;
        Ok(request.within(WITHIN).at_most(ANSWER_BYTES))
    }

    /// Makes a call, and takes nothing but success for one.
    async fn send(&self, request: &Request) -> Result<Answer, HubError> {
        let answer = self.http.call(request).await.map_err(refusal::of_call)?;
        refusal::of_status(&answer).map_or(Ok(answer), Err)
    }

    /// Makes a call as the account. A session that the hub has ended meanwhile is begun anew, once.
    async fn as_account(&self, access: &HubAccess, request: Request) -> Result<Answer, HubError> {
        let token = self.bearer(access).await?;
        let outcome = self.send(&signed(request.clone(), &token)?).await;
        if !matches!(outcome, Err(HubError::Unauthorized)) || !self.forget(access, &token).await {
            return outcome;
        }
        let token = self.bearer(access).await?;
        self.send(&signed(request, &token)?).await
    }
}

fn signed(request: Request, token: &Secret<String>) -> Result<Request, HubError> {
    request.bearer(token).map_err(refusal::of_call)
}

fn json(body: &impl Serialize) -> Result<Vec<u8>, HubError> {
    serde_json::to_vec(body).map_err(|error| HubError::Unreadable(error.to_string()))
}

/// Reads an answer. Unknown members are ignored: hubs are of many versions.
fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, HubError> {
    // The parser's message would quote what it read.
    serde_json::from_slice(&answer.body)
        .map_err(|error| HubError::Unreadable(format!("no such JSON, at column {}", error.column())))
}
