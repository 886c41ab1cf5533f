//! The target of access tokens: only a token that was signed is ever accepted. The bytes are a token; or, if the first
//! byte is below 128, bytes that overwrite a part of a valid token, at the offset in the first two bytes.

use std::sync::LazyLock;
use std::time::Duration;

use syft_space_domain::access::Role;
use syft_space_domain::identity::ports::AccessTokens;
use syft_space_domain::identity::{AccessClaims, Email};
use syft_space_domain::ids::{AccountId, SessionId, TenantId, TokenId};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::tenant::TenantName;
use syft_space_domain::time::Timestamp;
use syft_space_jwt::{JwtTokens, KeyRing, SigningAlgorithm, TokenSettings};

/// A signer, and a valid token of it.
struct SignerWithToken {
    tokens: JwtTokens,
    valid: String,
}

/// One signer of each algorithm. A signer that fails is missing; the target asserts that there are three.
static SIGNERS: LazyLock<Vec<SignerWithToken>> = LazyLock::new(|| {
    [SigningAlgorithm::Hs256, SigningAlgorithm::EdDsa, SigningAlgorithm::Es256]
        .into_iter()
        .filter_map(signer)
        .collect()
});

/// The same bytes in each process, so that a finding can be reproduced.
struct FixedEntropy;

impl Entropy for FixedEntropy {
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

const ISSUED_AT: Timestamp = Timestamp::from_unix_micros(1_800_000_000_000_000);
const EXPIRES_AT: Timestamp = Timestamp::from_unix_micros(1_800_000_900_000_000);

fn signer(algorithm: SigningAlgorithm) -> Option<SignerWithToken> {
    let ring = KeyRing::generate(algorithm, ISSUED_AT, &FixedEntropy).ok()?;
    let settings = TokenSettings {
        issuer: "https://space.example".to_owned(),
        audience: "syft-space".to_owned(),
        lifetime: Duration::from_secs(900),
        cached: 100,
    };
    let tokens = JwtTokens::new(ring, settings, &FixedEntropy).ok()?;
    let claims = AccessClaims {
        account: AccountId::generate(ISSUED_AT, &FixedEntropy).ok()?,
        email: Email::parse("ada@example.com").ok()?,
        tenant: TenantId::generate(ISSUED_AT, &FixedEntropy).ok()?,
        tenant_name: TenantName::parse("acme").ok()?,
        role: Role::User,
        session: SessionId::from_bytes([3; 16]),
        id: TokenId::generate(ISSUED_AT, &FixedEntropy).ok()?,
        issued_at: ISSUED_AT,
        expires_at: EXPIRES_AT,
    };
    let valid = tokens.sign(&claims).ok()?.expose().to_owned();
    Some(SignerWithToken { tokens, valid })
}

pub(crate) fn run(bytes: &[u8]) {
    assert_eq!(SIGNERS.len(), 3, "every algorithm signs");
    for SignerWithToken { tokens, valid } in SIGNERS.iter() {
        assert!(tokens.verify(valid, ISSUED_AT).is_ok(), "a valid token stays valid");
        let input = match bytes {
            [first, second, replacement @ ..] if *first < 128 => {
                // The offset has two bytes, because a token is longer than 256.
                let offset = (usize::from(*first) * 256 + usize::from(*second)) % valid.len();
                let mut overwritten = valid.clone().into_bytes();
                overwritten.splice(
                    offset..(offset + replacement.len()).min(valid.len()),
                    replacement.iter().copied(),
                );
                overwritten
            }
            _ => bytes.to_vec(),
        };
        let Some(input) = crate::text(&input) else { continue };
        if input != valid {
            assert!(tokens.verify(input, ISSUED_AT).is_err(), "{input} was never signed");
        }
    }
}
