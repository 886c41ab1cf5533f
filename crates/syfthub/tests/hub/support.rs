//! The hub, the keys and the tokens that the tests share.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jws::{JwsSigner, RS256};
use serde_json::{Value, json};
use syft_space_domain::Pending;
use syft_space_domain::ids::HubId;
use syft_space_domain::marketplace::ports::{SatelliteTokens, TrustedHubs};
use syft_space_domain::marketplace::{Hub, HubUrl, Issuer, SatelliteClaims, SatelliteRefused, TrustedBy};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::time::{Clock, Timestamp};
use syft_space_outbound::http::{HeaderMap, HeaderValue, header};
use syft_space_outbound::{OutboundError, Request, Response};
use syft_space_syfthub::{HubHttp, SyftHubTokens};
use tokio::sync::Semaphore;

pub(crate) const ISSUER: &str = "https://hub.syft.com";
pub(crate) const URL: &str = "https://hub.example.org";
pub(crate) const KID: &str = "hub-key-1";
pub(crate) const NOW: i64 = 1_800_000_000;

/// The time this many seconds after 1970.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(seconds * 1_000_000)
}

/// Bytes that follow from a seed.
pub(crate) struct Seeded(Mutex<blake3::OutputReader>);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof()))
    }
}

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        self.0.lock().unwrap().fill(buffer);
        Ok(())
    }
}

/// A clock that a test sets.
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    pub(crate) fn new(seconds: i64) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(seconds)))
    }

    pub(crate) fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        at(self.0.load(Ordering::SeqCst))
    }
}

/// A key pair of a hub.
pub(crate) struct Pair {
    pub(crate) keys: RsaKeyPair,
    signer: Box<dyn JwsSigner + Send + Sync>,
}

impl Pair {
    pub(crate) fn new(bits: u32) -> Self {
        let keys = RsaKeyPair::generate(bits).unwrap();
        let signer = RS256.signer_from_der(keys.to_der_private_key());
        // josekit signs with no short key: such a pair is only shown.
        let signer = signer
            .or_else(|_| RS256.signer_from_der(RsaKeyPair::generate(2048).unwrap().to_der_private_key()));
        Self { keys, signer: Box::new(signer.unwrap()) }
    }

    /// The public half as a hub shows it.
    pub(crate) fn shown(&self, kid: &str) -> Value {
        let jwk = self.keys.to_jwk_public_key();
        let (n, e) = (jwk.parameter("n").unwrap(), jwk.parameter("e").unwrap());
        json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": n, "e": e})
    }

    /// A token of two texts.
    pub(crate) fn sign(&self, header: &str, payload: &str) -> String {
        self.sign_parts(&URL_SAFE_NO_PAD.encode(header), &URL_SAFE_NO_PAD.encode(payload))
    }

    /// A token of two parts that are encoded already.
    pub(crate) fn sign_parts(&self, header: &str, payload: &str) -> String {
        let signed = format!("{header}.{payload}");
        let signature = self.signer.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A token of the usual form.
    pub(crate) fn token(&self, kid: &str, claims: &Value) -> String {
        self.sign(&header(kid).to_string(), &claims.to_string())
    }
}

pub(crate) static OURS: LazyLock<Pair> = LazyLock::new(|| Pair::new(2048));
pub(crate) static OTHER: LazyLock<Pair> = LazyLock::new(|| Pair::new(2048));

pub(crate) fn header(kid: &str) -> Value {
    json!({"alg": "RS256", "kid": kid, "typ": "JWT"})
}

/// The claims that a hub writes at a time.
pub(crate) fn claims_at(iat: i64) -> Value {
    json!({"sub": "2", "iss": ISSUER, "aud": "spaceowner", "exp": iat + 60, "iat": iat, "role": "user"})
}

pub(crate) fn claims() -> Value {
    claims_at(NOW)
}

/// A call that a hub saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) call: String,
    pub(crate) bearer: Option<String>,
    pub(crate) body: String,
}

type Script = Box<dyn FnMut(&Seen) -> Result<Response, OutboundError> + Send>;

/// A hub that answers by a script.
pub(crate) struct FakeHub {
    script: Mutex<Script>,
    seen: Mutex<Vec<Seen>>,
    /// While it has no permits, no answer leaves.
    pub(crate) gate: Semaphore,
}

#[expect(clippy::needless_pass_by_value, reason = "a body is written where it is answered")]
pub(crate) fn answer(status: u16, body: impl ToString) -> Result<Response, OutboundError> {
    Ok(Response { status, headers: HeaderMap::new(), body: body.to_string().into() })
}

/// An answer with a key set.
pub(crate) fn set(keys: &[Value]) -> Result<Response, OutboundError> {
    let mut answer = answer(200, json!({ "keys": keys }))?;
    answer.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    Ok(answer)
}

impl FakeHub {
    pub(crate) fn new(
        script: impl FnMut(&Seen) -> Result<Response, OutboundError> + Send + 'static,
    ) -> Arc<Self> {
        let script: Script = Box::new(script);
        Arc::new(Self {
            script: Mutex::new(script),
            seen: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    /// A hub that shows these keys.
    pub(crate) fn showing(keys: Vec<Value>) -> Arc<Self> {
        Self::new(move |_| set(&keys))
    }

    pub(crate) fn now_plays(
        &self,
        script: impl FnMut(&Seen) -> Result<Response, OutboundError> + Send + 'static,
    ) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    pub(crate) fn now_shows(&self, keys: Vec<Value>) {
        self.now_plays(move |_| set(&keys));
    }

    /// How many calls have come.
    pub(crate) fn calls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until so many calls have come.
    pub(crate) async fn until_called(&self, times: usize) {
        while self.calls() < times {
            tokio::task::yield_now().await;
        }
    }
}

impl HubHttp for FakeHub {
    fn call<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Response, OutboundError>> {
        let url = request.url();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let bearer = request.headers().get("authorization");
        let seen = Seen {
            call: format!("{} {}{query}", request.method(), url.path()),
            bearer: bearer.map(|value| value.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()),
            body: String::from_utf8(request.body_bytes().to_vec()).unwrap(),
        };
        Box::pin(async move {
            self.seen.lock().unwrap().push(seen.clone());
            let _open = self.gate.acquire().await.unwrap();
            (self.script.lock().unwrap())(&seen)
        })
    }
}

/// Hubs that are trusted, as a test says.
pub(crate) struct Trusted(pub(crate) Mutex<Vec<Arc<Hub>>>);

pub(crate) fn hub(number: u8, issuer: &str, url: &str) -> Arc<Hub> {
    Arc::new(Hub {
        id: HubId::from_bytes([number; 16]),
        issuer: Issuer::parse(issuer).unwrap(),
        url: HubUrl::parse(url).unwrap(),
        trusted_by: TrustedBy::Operator,
        created_at: at(0),
    })
}

impl Trusted {
    pub(crate) fn one() -> Arc<Self> {
        Arc::new(Self(Mutex::new(vec![hub(1, ISSUER, URL)])))
    }
}

impl TrustedHubs for Trusted {
    fn by_issuer(&self, issuer: &str) -> Option<Arc<Hub>> {
        self.0.lock().unwrap().iter().find(|hub| hub.issuer.as_str() == issuer).cloned()
    }

    fn by_id(&self, id: HubId) -> Option<Arc<Hub>> {
        self.0.lock().unwrap().iter().find(|hub| hub.id == id).cloned()
    }

    fn all(&self) -> Vec<Arc<Hub>> {
        self.0.lock().unwrap().clone()
    }
}

/// A verifier that trusts one hub.
pub(crate) fn tokens(hub: &Arc<FakeHub>) -> Arc<SyftHubTokens> {
    trusting(Trusted::one(), hub)
}

pub(crate) fn trusting(trusted: Arc<Trusted>, hub: &Arc<FakeHub>) -> Arc<SyftHubTokens> {
    let http: Arc<dyn HubHttp> = hub.clone();
    Arc::new(SyftHubTokens::new(trusted, http, 1_000, &Seeded::new(1)).unwrap())
}

/// How a token ends at a time.
pub(crate) async fn verify(
    tokens: &SyftHubTokens,
    token: &str,
    seconds: i64,
) -> Result<SatelliteClaims, SatelliteRefused> {
    tokens.verify(token, at(seconds)).await
}
