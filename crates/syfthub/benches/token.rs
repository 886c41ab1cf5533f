//! Benchmarks: the check of a satellite token, beside one bare RS256 verification.

use std::hint::black_box;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::{BatchSize, Criterion};
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jws::{JwsSigner, JwsVerifier, RS256};
use serde_json::json;
use syft_space_domain::Pending;
use syft_space_domain::ids::HubId;
use syft_space_domain::marketplace::ports::{SatelliteTokens, TrustedHubs};
use syft_space_domain::marketplace::{Hub, HubUrl, Issuer, TrustedBy};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::time::Timestamp;
use syft_space_outbound::http::HeaderMap;
use syft_space_outbound::{OutboundError, Request, Response};
use syft_space_syfthub::{HubHttp, SyftHubTokens};
use tokio::runtime::Runtime;

type Failure = Box<dyn std::error::Error>;

const ISSUER: &str = "https://hub.syft.com";
const NOW_SECONDS: i64 = 1_800_000_000;
const NOW: Timestamp = Timestamp::from_unix_micros(NOW_SECONDS * 1_000_000);
/// How many different tokens are checked in turn.
const TOKEN_COUNT: usize = 5_000;

/// Bytes that follow from a seed.
struct Seeded(Mutex<blake3::OutputReader>);

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        let mut reader = self.0.lock().map_err(|error| RandomError(error.to_string()))?;
        reader.fill(buffer);
        Ok(())
    }
}

/// A hub that shows one key.
struct FixedResponse(String);

impl HubHttp for FixedResponse {
    fn call<'a>(&'a self, _: &'a Request) -> Pending<'a, Result<Response, OutboundError>> {
        let body = self.0.clone().into();
        Box::pin(async move { Ok(Response { status: 200, headers: HeaderMap::new(), body }) })
    }
}

struct OneTrustedHub(Arc<Hub>);

impl TrustedHubs for OneTrustedHub {
    fn by_issuer(&self, issuer: &str) -> Option<Arc<Hub>> {
        (self.0.issuer.as_str() == issuer).then(|| Arc::clone(&self.0))
    }

    fn by_id(&self, id: HubId) -> Option<Arc<Hub>> {
        (self.0.id == id).then(|| Arc::clone(&self.0))
    }

    fn all(&self) -> Vec<Arc<Hub>> {
        vec![Arc::clone(&self.0)]
    }
}

fn verifier(keys: &RsaKeyPair, remembered: usize) -> Result<SyftHubTokens, Failure> {
    let jwk = keys.to_jwk_public_key();
    let key = json!({"kty": "RSA", "kid": "hub-key-1", "use": "sig", "alg": "RS256",
                     "n": jwk.parameter("n"), "e": jwk.parameter("e")});
    let hub = Hub {
        id: HubId::from_bytes([1; 16]),
        issuer: Issuer::parse(ISSUER)?,
        url: HubUrl::parse("https://hub.example.org")?,
        trusted_by: TrustedBy::Operator,
        created_at: NOW,
    };
    let entropy = Seeded(Mutex::new(blake3::Hasher::new().finalize_xof()));
    let http = Arc::new(FixedResponse(json!({ "keys": [key] }).to_string()));
    Ok(SyftHubTokens::new(Arc::new(OneTrustedHub(Arc::new(hub))), http, remembered, &entropy)?)
}

fn token(signer: &dyn JwsSigner, number: usize) -> Result<String, Failure> {
    let claims = json!({"sub": number.to_string(), "iss": ISSUER, "aud": "spaceowner",
                        "exp": NOW_SECONDS + 60, "iat": NOW_SECONDS, "role": "user"});
    let header = json!({"alg": "RS256", "kid": "hub-key-1", "typ": "JWT"});
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = signer.sign(signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn measure(criterion: &mut Criterion) -> Result<(), Failure> {
    let keys = RsaKeyPair::generate(2048)?;
    let signer = RS256.signer_from_der(keys.to_der_private_key())?;
    let bare = RS256.verifier_from_der(keys.to_der_public_key())?;
    let tokens: Vec<String> =
        (0..TOKEN_COUNT).map(|number| token(&signer, number)).collect::<Result<_, _>>()?;
    let runtime = Runtime::new()?;

    let decoded: Vec<(&str, Vec<u8>)> = tokens
        .iter()
        .map(|token| {
            let (signed, signature) = token.rsplit_once('.').ok_or("no token")?;
            Ok((signed, URL_SAFE_NO_PAD.decode(signature)?))
        })
        .collect::<Result<_, Failure>>()?;
    let mut turn = decoded.iter().cycle();
    criterion.bench_function("satellite_token/bare_rs256", |bencher| {
        bencher.iter_batched(
            || turn.next(),
            |token| {
                token.is_some_and(|(signed, signature)| bare.verify(signed.as_bytes(), signature).is_ok())
            },
            BatchSize::SmallInput,
        );
    });

    for (name, remembered) in [("new", 0), ("seen", 2 * TOKEN_COUNT)] {
        let verifier = verifier(&keys, remembered)?;
        for token in &tokens {
            runtime.block_on(verifier.verify(token, NOW))?;
        }
        let mut turn = tokens.iter().cycle();
        criterion.bench_function(&format!("satellite_token/{name}"), |bencher| {
            bencher.iter_batched(
                || turn.next().map_or("", String::as_str),
                |token| runtime.block_on(verifier.verify(black_box(token), NOW)),
                BatchSize::SmallInput,
            );
        });
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    let mut criterion = Criterion::default().configure_from_args();
    measure(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}
