//! A fast and insecure password hasher for tests.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use syft_space_domain::Pending;
use syft_space_domain::identity::ports::{Compared, HashingClient, HashingError, Passwords};
use syft_space_domain::identity::{Password, PasswordError, PasswordHash};
use syft_space_domain::random::Entropy;

/// Hashes passwords with one round of salted SHA-256. **For tests only**: an attacker can guess billions of passwords a
/// second against such hashes, and only a few against those of the real adapter.
pub struct InsecurePasswords {
    entropy: Arc<dyn Entropy>,
}

/// The most common passwords; the real adapter has a full list.
const COMMON_PASSWORDS: [&str; 3] = ["passwordpassword", "123456789012345", "qwertyuiopasdfgh"];
const HASH_PREFIX: &str = "$insecure-sha256$";

impl InsecurePasswords {
    /// A hasher whose salts come from `entropy`.
    #[must_use]
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self { entropy }
    }

    fn salted_digest(salt: &str, password: &Password) -> String {
        let digest = Sha256::new().chain_update(salt).chain_update(password.expose()).finalize();
        hex::encode(digest)
    }

    fn hash_now(&self, password: &Password) -> Result<PasswordHash, HashingError> {
        let mut salt = [0u8; 16];
        self.entropy.fill(&mut salt).map_err(|error| HashingError::Failed(error.to_string()))?;
        let salt = hex::encode(salt);
        let hash = Self::salted_digest(&salt, password);
        Ok(PasswordHash::from_phc(format!("{HASH_PREFIX}{salt}${hash}")))
    }

    fn compare_now(password: &Password, stored: Option<&PasswordHash>) -> Result<Compared, HashingError> {
        let Some(stored) = stored else {
            return Ok(Compared::Wrong);
        };
        let parts = stored.expose().strip_prefix(HASH_PREFIX).and_then(|rest| rest.split_once('$'));
        let Some((salt, hash)) = parts else {
            return Err(HashingError::Failed("what is stored is no hash of this kind".to_owned()));
        };
        let matches: bool = Self::salted_digest(salt, password).as_bytes().ct_eq(hash.as_bytes()).into();
        Ok(if matches { Compared::Right { rehash: None } } else { Compared::Wrong })
    }
}

impl Passwords for InsecurePasswords {
    fn check(&self, password: &Password, context: &[&str]) -> Result<(), PasswordError> {
        let password = password.expose().to_lowercase();
        let mut guesses = COMMON_PASSWORDS.iter().chain(context);
        if guesses.any(|guess| password == guess.to_lowercase()) {
            Err(PasswordError::Guessable)
        } else {
            Ok(())
        }
    }

    fn hash<'a>(
        &'a self,
        _: HashingClient,
        password: &'a Password,
    ) -> Pending<'a, Result<PasswordHash, HashingError>> {
        Box::pin(async move { self.hash_now(password) })
    }

    fn compare<'a>(
        &'a self,
        _: HashingClient,
        password: &'a Password,
        stored: Option<&'a PasswordHash>,
    ) -> Pending<'a, Result<Compared, HashingError>> {
        Box::pin(async move { Self::compare_now(password, stored) })
    }
}
