//! Access tokens: nothing but a token that was signed is ever verified. The bytes are a token; or, behind a first byte
//! below 128, what is written over a good token, from the place that the second byte tells.

use std::sync::LazyLock;
use std::time::Duration;

use syft_space_domain::access::Role;
use syft_space_domain::identity::ports::AccessTokens;
use syft_space_domain::identity::{AccessClaims, Email};
use syft_space_domain::ids::{AccountId, TenantId, TokenId};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::tenant::TenantName;
use syft_space_domain::time::Timestamp;
use syft_space_jwt::{JwtTokens, KeyRing, SigningAlgorithm, TokenSettings};

/// A signer, and a token of its own.
struct Signed {
    tokens: JwtTokens,
    good: String,
}

/// One of each algorithm; empty if there could be none, which the seeds' test would tell.
static SIGNED: LazyLock<Vec<Signed>> = LazyLock::new(|| {
    [SigningAlgorithm::Hs256, SigningAlgorithm::EdDsa, SigningAlgorithm::Es256]
        .into_iter()
        .filter_map(signed)
        .collect()
});

/// The same bytes at each start: a token that was found can be tried again.
struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        for byte in buffer {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = state.to_le_bytes()[0];
        }
        Ok(())
    }
}

const ISSUED: Timestamp = Timestamp::from_unix_micros(1_800_000_000_000_000);
const EXPIRES: Timestamp = Timestamp::from_unix_micros(1_800_000_900_000_000);

fn signed(algorithm: SigningAlgorithm) -> Option<Signed> {
    let ring = KeyRing::generate(algorithm, ISSUED, &Fixed).ok()?;
    let settings = TokenSettings {
        issuer: "https://space.example".to_owned(),
        audience: "syft-space".to_owned(),
        lifetime: Duration::from_secs(900),
        cached: 100,
    };
    let tokens = JwtTokens::new(ring, settings, &Fixed).ok()?;
    let claims = AccessClaims {
        account: AccountId::generate(ISSUED, &Fixed).ok()?,
        email: Email::parse("ada@example.com").ok()?,
        tenant: TenantId::generate(ISSUED, &Fixed).ok()?,
        tenant_name: TenantName::parse("acme").ok()?,
        role: Role::User,
        id: TokenId::generate(ISSUED, &Fixed).ok()?,
        issued_at: ISSUED,
        expires_at: EXPIRES,
    };
    let good = tokens.sign(&claims).ok()?.expose().to_owned();
    Some(Signed { tokens, good })
}

pub(crate) fn run(bytes: &[u8]) {
    assert_eq!(SIGNED.len(), 3, "every algorithm signs");
    for Signed { tokens, good } in SIGNED.iter() {
        assert!(tokens.verify(good, ISSUED).is_ok(), "a good token stays good");
        let tried = match bytes {
            [first, at, over @ ..] if *first < 128 => {
                // Two bytes of place: a token is longer than 256.
                let at = (usize::from(*first) * 256 + usize::from(*at)) % good.len();
                let mut tried = good.clone().into_bytes();
                tried.splice(at..(at + over.len()).min(good.len()), over.iter().copied());
                tried
            }
            _ => bytes.to_vec(),
        };
        let Some(tried) = crate::text(&tried) else { continue };
        if tried != good {
            assert!(tokens.verify(tried, ISSUED).is_err(), "{tried} was never signed");
        }
    }
}
