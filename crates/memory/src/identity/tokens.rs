//! In-memory access tokens: each is random, and its claims are looked up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use syft_space_domain::Pending;
use syft_space_domain::identity::ports::{AccessTokens, SigningKeys};
use syft_space_domain::identity::{
    AccessClaims, AccessToken, KeyEpoch, PreviousKeys, SigningKey, SigningKeysError, TokenRefused,
    TokenSignError,
};
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
    epoch: KeyEpoch,
    state: Mutex<State>,
}

struct State {
    issued: HashMap<TokenHash, Issued>,
    /// The last one signs. They only have names: what proves a token is that it was issued.
    keys: Vec<SigningKey>,
    keys_made: u64,
    unrecorded: Vec<String>,
}

struct Issued {
    claims: AccessClaims,
    key: String,
}

impl MemoryTokens {
    /// The maximum number of tokens.
    pub const CAPACITY: usize = 10_000;
    /// The most keys whose tokens are accepted at once.
    pub const MAX_KEYS: usize = 16;

    /// Tokens that live this long, made from `entropy`.
    #[must_use]
    pub fn new(entropy: Arc<dyn Entropy>, lifetime: Duration) -> Self {
        let state = State {
            issued: HashMap::new(),
            keys: vec![key(1, Timestamp::from_unix_micros(0))],
            keys_made: 1,
            unrecorded: Vec::new(),
        };
        Self { entropy, lifetime, epoch: KeyEpoch::default(), state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(number: u64, created_at: Timestamp) -> SigningKey {
    let (id, algorithm) = (format!("key-{number}"), "none".to_owned());
    SigningKey { id, algorithm, created_at, accepted_until: None, rotates_at: None }
}

fn is_accepted(key: &SigningKey, now: Timestamp) -> bool {
    key.accepted_until.is_none_or(|end| now < end)
}

impl SigningKeys for MemoryTokens {
    fn epoch(&self) -> KeyEpoch {
        self.epoch.clone()
    }

    fn keys(&self, now: Timestamp) -> Vec<SigningKey> {
        let state = self.state();
        state.keys.iter().rev().filter(|key| is_accepted(key, now)).cloned().collect()
    }

    fn rotate(
        &self,
        previous: PreviousKeys,
        now: Timestamp,
    ) -> Pending<'_, Result<SigningKey, SigningKeysError>> {
        let mut state = self.state();
        let accepted = state.keys.iter().filter(|key| is_accepted(key, now)).count();
        if previous == PreviousKeys::Overlap && accepted >= Self::MAX_KEYS {
            return Box::pin(async { Err(SigningKeysError::TooMany(Self::MAX_KEYS)) });
        }
        if let Some(current) = state.keys.last_mut() {
            current.accepted_until = Some(now.plus(self.lifetime));
        }
        state.keys.retain(|key| previous == PreviousKeys::Overlap && is_accepted(key, now));
        state.keys_made += 1;
        let next = key(state.keys_made, now);
        state.keys.push(next.clone());
        if previous == PreviousKeys::Revoke {
            self.epoch.advance();
        }
        state.unrecorded.push(next.id.clone());
        Box::pin(async { Ok(next) })
    }

    fn unrecorded(&self) -> Vec<String> {
        self.state().unrecorded.clone()
    }

    fn set_recorded<'a>(&'a self, id: &'a str) -> Pending<'a, Result<(), SigningKeysError>> {
        self.state().unrecorded.retain(|unrecorded| unrecorded != id);
        Box::pin(async { Ok(()) })
    }

    fn forget_expired(&self, now: Timestamp) -> Pending<'_, Result<(), SigningKeysError>> {
        self.state().keys.retain(|key| is_accepted(key, now));
        Box::pin(async { Ok(()) })
    }
}

impl AccessTokens for MemoryTokens {
    fn lifetime(&self) -> Duration {
        self.lifetime
    }

    fn sign(&self, claims: &AccessClaims) -> Result<AccessToken, TokenSignError> {
        let token =
            BearerSecret::generate(&*self.entropy).map_err(|error| TokenSignError(error.to_string()))?;
        let mut state = self.state();
        let key = state.keys.last().map(|key| key.id.clone());
        let key = key.ok_or_else(|| TokenSignError("no key signs".to_owned()))?;
        let issued = &mut state.issued;
        if issued.len() >= Self::CAPACITY {
            issued.retain(|_, issued| issued.claims.expires_at > claims.issued_at);
        }
        if issued.len() >= Self::CAPACITY {
            let first_to_expire =
                issued.iter().min_by_key(|(_, issued)| issued.claims.expires_at).map(|(hash, _)| *hash);
            issued.retain(|hash, _| Some(*hash) != first_to_expire);
        }
        issued.insert(token.hash(), Issued { claims: claims.clone(), key });
        Ok(AccessToken::new(token.expose().to_owned()))
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenRefused> {
        let state = self.state();
        let Some(Issued { claims, key }) = state.issued.get(&TokenHash::of(token)) else {
            // Tokens of this adapter have no dots. A token of three parts is a JWT, which another verifier handles.
            let is_jwt = token.split('.').count() == 3;
            return Err(if is_jwt { TokenRefused::WrongKind } else { TokenRefused::UnknownKey });
        };
        if !state.keys.iter().any(|known| known.id == *key && is_accepted(known, now)) {
            return Err(TokenRefused::UnknownKey);
        }
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
    use syft_space_domain::ids::{AccountId, SessionId, TenantId, TokenId};
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
            session: SessionId::from_bytes([1; 16]),
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
        assert_eq!(tokens.state().issued.len(), MemoryTokens::CAPACITY);
        let accepted =
            |token: &AccessToken| tokens.verify(token.expose(), Timestamp::from_unix_micros(0)).is_ok();
        assert_eq!(
            [accepted(&early), accepted(&late)],
            [false, true],
            "the one that expires first makes room"
        );
    }
}
