//! Benchmarks of token checks.

use std::hint::black_box;
use std::sync::Mutex;
use std::time::Duration;

use criterion::{BatchSize, Criterion};
use syft_space_domain::access::Role;
use syft_space_domain::identity::ports::AccessTokens;
use syft_space_domain::identity::{AccessClaims, Email, KeySecret, PresentedKey};
use syft_space_domain::ids::{AccountId, ApiKeyId, SessionId, TenantId, TokenId};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::tenant::TenantName;
use syft_space_domain::time::Timestamp;
use syft_space_jwt::{JwtTokens, KeyRing, SigningAlgorithm, TokenSettings};

const NOW: Timestamp = Timestamp::from_unix_micros(1_800_000_000_000_000);
const LIFETIME: Duration = Duration::from_secs(900);

/// Bytes that follow from a seed.
struct Seeded(Mutex<blake3::OutputReader>);

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        let mut reader = self.0.lock().map_err(|error| RandomError(error.to_string()))?;
        reader.fill(buffer);
        Ok(())
    }
}

type Failure = Box<dyn std::error::Error>;

fn tokens(algorithm: SigningAlgorithm, cached: usize, entropy: &Seeded) -> Result<JwtTokens, Failure> {
    let ring = KeyRing::generate(algorithm, NOW, entropy)?;
    let settings = TokenSettings {
        issuer: "https://space.example".to_owned(),
        audience: "syft-space".to_owned(),
        lifetime: LIFETIME,
        cached,
    };
    Ok(JwtTokens::new(ring, settings, entropy)?)
}

fn claims(entropy: &Seeded) -> Result<AccessClaims, Failure> {
    Ok(AccessClaims {
        account: AccountId::generate(NOW, entropy)?,
        email: Email::parse("alice.liddell@example.com")?,
        tenant: TenantId::generate(NOW, entropy)?,
        tenant_name: TenantName::parse("wonderland")?,
        role: Role::User,
        session: SessionId::from_bytes([3; 16]),
        id: TokenId::generate(NOW, entropy)?,
        issued_at: NOW,
        expires_at: NOW.plus(LIFETIME),
    })
}

fn measure(criterion: &mut Criterion) -> Result<(), Failure> {
    let entropy = Seeded(Mutex::new(blake3::Hasher::new().finalize_xof()));
    for algorithm in SigningAlgorithm::ALL {
        let name = algorithm.as_str();
        let claims = claims(&entropy)?;
        let uncached = tokens(algorithm, 0, &entropy)?;
        let token = uncached.sign(&claims)?;
        uncached.verify(token.expose(), NOW)?;
        criterion.bench_function(&format!("token/sign/{name}"), |bencher| {
            bencher.iter(|| uncached.sign(black_box(&claims)));
        });
        criterion.bench_function(&format!("token/verify/{name}"), |bencher| {
            bencher.iter(|| uncached.verify(black_box(token.expose()), NOW));
        });
    }

    let cached = tokens(SigningAlgorithm::Hs256, TokenSettings::DEFAULT_CACHED, &entropy)?;
    let token = cached.sign(&claims(&entropy)?)?;
    criterion.bench_function("token/verify_cached/one", |bencher| {
        bencher.iter(|| cached.verify(black_box(token.expose()), NOW));
    });
    let many = (0..5_000)
        .map(|_| Ok(cached.sign(&claims(&entropy)?)?.expose().to_owned()))
        .collect::<Result<Vec<String>, Failure>>()?;
    let mut turn = many.iter().cycle();
    criterion.bench_function("token/verify_cached/of_5000", |bencher| {
        bencher.iter_batched(
            || turn.next().map_or("", String::as_str),
            |token| cached.verify(black_box(token), NOW),
            BatchSize::SmallInput,
        );
    });

    // What comes of it is looked up in a map, as the claims of a token are.
    let key = KeySecret::generate(&entropy)?;
    let (stored, key) =
        (key.hash(), key.present(TenantId::from_bytes([1; 16]), ApiKeyId::from_bytes([2; 16])));
    criterion.bench_function("api_key/verify", |bencher| {
        let verify = |text| PresentedKey::parse(text).is_some_and(|key| key.secret.matches(&stored));
        bencher.iter(|| verify(black_box(key.expose())));
    });
    Ok(())
}

fn main() -> Result<(), Failure> {
    let mut criterion = Criterion::default().configure_from_args();
    measure(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}
