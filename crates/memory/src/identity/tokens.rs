//! In-memory access tokens: each is random, and its claims are looked up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use syft_space_domain::identity::ports::AccessTokens;
use syft_space_domain::identity::{AccessClaims, AccessToken, TokenRefused, TokenSignError};
use syft_space_domain::random::Entropy;
use syft_space_domain::secret::{BearerSecret, TokenHash};
use syft_space_domain::time::Timestamp;

/// Opaque access tokens: 256 random bits each, kept by their hash until they expire.
///
/// It keeps at most [`MemoryTokens::CAPACITY`] tokens. One more replaces the token that expires first; its holder must
/// log in again.
pub struct MemoryTokens {
    entropy: Arc<dyn Entropy>,
    lifetime: Duration,
    issued: Mutex<HashMap<TokenHash, AccessClaims>>,
}

impl MemoryTokens {
    /// The maximum number of tokens.
    pub const CAPACITY: usize = 10_000;

    /// Tokens that live this long, made from `entropy`.
    #[must_use]
    pub fn new(entropy: Arc<dyn Entropy>, lifetime: Duration) -> Self {
        Self { entropy, lifetime, issued: Mutex::default() }
    }

    fn issued(&self) -> MutexGuard<'_, HashMap<TokenHash, AccessClaims>> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AccessTokens for MemoryTokens {
    fn lifetime(&self) -> Duration {
        self.lifetime
    }

    fn sign(&self, claims: &AccessClaims) -> Result<AccessToken, TokenSignError> {
        let token =
            BearerSecret::generate(&*self.entropy).map_err(|error| TokenSignError(error.to_string()))?;
        let mut issued = self.issued();
        if issued.len() >= Self::CAPACITY {
            issued.retain(|_, issued_claims| issued_claims.expires_at > claims.issued_at);
        }
        if issued.len() >= Self::CAPACITY {
            let first_to_expire =
                issued.iter().min_by_key(|(_, claims)| claims.expires_at).map(|(hash, _)| *hash);
            issued.retain(|hash, _| Some(*hash) != first_to_expire);
        }
        issued.insert(token.hash(), claims.clone());
        Ok(AccessToken::new(token.expose().to_owned()))
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenRefused> {
        let issued = self.issued();
        let Some(claims) = issued.get(&TokenHash::of(token)) else {
            // Tokens of this adapter have no dots. A token of three parts is a JWT, which another verifier handles.
            let is_jwt = token.split('.').count() == 3;
            return Err(if is_jwt { TokenRefused::WrongKind } else { TokenRefused::UnknownKey });
        };
        if now >= claims.expires_at {
            return Err(TokenRefused::Expired);
        }
        if now < claims.issued_at {
            return Err(TokenRefused::NotYetValid);
        }
        Ok(claims.clone())
    }
}

#[cfg(test)]
mod tests {
    use syft_space_domain::access::Role;
    use syft_space_domain::identity::Email;
    use syft_space_domain::ids::{AccountId, TenantId, TokenId};
    use syft_space_domain::tenant::TenantName;

    use super::*;
    use crate::SeededEntropy;

    fn claims(seconds: i64) -> AccessClaims {
        AccessClaims {
            account: AccountId::from_bytes([1; 16]),
            email: Email::parse("person@example.org").unwrap(),
            tenant: TenantId::from_bytes([1; 16]),
            tenant_name: TenantName::parse("harbor").unwrap(),
            role: Role::User,
            generation: 1,
            id: TokenId::from_bytes([1; 16]),
            issued_at: Timestamp::from_unix_micros(0),
            expires_at: Timestamp::from_unix_micros(seconds * 1_000_000),
        }
    }

    #[test]
    fn however_many_tokens_are_signed_only_so_many_are_kept() {
        let tokens = MemoryTokens::new(Arc::new(SeededEntropy::new(1)), Duration::from_secs(60));
        let sign = |seconds| tokens.sign(&claims(seconds)).unwrap();
        let [early, late] = [sign(50), sign(60)];
        for _ in 0..MemoryTokens::CAPACITY - 1 {
            sign(55);
        }
        assert_eq!(tokens.issued().len(), MemoryTokens::CAPACITY);
        let accepted =
            |token: &AccessToken| tokens.verify(token.expose(), Timestamp::from_unix_micros(0)).is_ok();
        assert_eq!(
            [accepted(&early), accepted(&late)],
            [false, true],
            "the one that expires first makes room"
        );
    }
}
