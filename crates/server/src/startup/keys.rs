//! The file of the key ring of access tokens, and what changes it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use syft_space_domain::Pending;
use syft_space_domain::environment::Environment;
use syft_space_domain::identity::ports::{AccessTokens, SigningKeys};
use syft_space_domain::identity::{KeyEpoch, PreviousKeys, SigningKey, SigningKeysError};
use syft_space_domain::random::Entropy;
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;
use syft_space_home::private_file;
use syft_space_jwt::{JwtTokens, KeyRing, KeyRingError, SigningAlgorithm, TokenSettings};

/// How much longer than a token's lifetime the keys before a rotation are accepted: for the tokens that are signed by
/// them while it runs.
const OVERLAP_MARGIN: Duration = Duration::from_secs(5);

/// What new keys are like.
pub(crate) struct KeySettings {
    /// Their algorithm.
    pub(crate) algorithm: SigningAlgorithm,
    /// The age at which the next one takes over.
    pub(crate) max_age: Duration,
    /// The environment of all of them.
    pub(crate) environment: Environment,
}

/// The keys of access tokens, as they are used and as they lie in their file.
pub(crate) struct TokenKeys {
    file: Arc<KeyFile>,
}

struct KeyFile {
    path: PathBuf,
    settings: KeySettings,
    tokens: Arc<JwtTokens>,
    entropy: Arc<dyn Entropy>,
    epoch: KeyEpoch,
    /// Held by whoever changes the ring.
    changing: Mutex<()>,
}

impl TokenKeys {
    /// Reads the ring in a file, or makes one there at the first start.
    ///
    /// # Errors
    /// When the file cannot be read, written, is no key ring, or one of another environment.
    pub(crate) fn load_or_create(
        path: PathBuf,
        settings: KeySettings,
        tokens: TokenSettings,
        now: Timestamp,
        entropy: Arc<dyn Entropy>,
    ) -> anyhow::Result<Self> {
        let stored =
            private_file::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let is_new = stored.is_none();
        let mut ring = match stored {
            Some(json) => KeyRing::parse(&Secret::new(json)),
            None => KeyRing::generate(settings.algorithm, now, &*entropy),
        }
        .with_context(|| format!("the key ring {}", path.display()))?;
        ring.claim(&settings.environment).with_context(|| format!("the key ring {}", path.display()))?;
        if is_new {
            write(&path, &ring)?;
        }
        let tokens = Arc::new(JwtTokens::new(ring, tokens, &*entropy)?);
        let changing = Mutex::new(());
        let epoch = KeyEpoch::default();
        let file = KeyFile { path, settings, tokens, entropy, epoch, changing };
        Ok(Self { file: Arc::new(file) })
    }

    /// What signs and verifies with them.
    pub(crate) fn tokens(&self) -> Arc<JwtTokens> {
        Arc::clone(&self.file.tokens)
    }

    /// Changes the ring where blocking is allowed: in the file first, and then in use.
    fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&KeyFile, &mut KeyRing) -> Result<Option<T>, SigningKeysError> + Send + 'static,
    ) -> Pending<'_, Result<Option<T>, SigningKeysError>> {
        let file = Arc::clone(&self.file);
        Box::pin(async move { tokio::task::spawn_blocking(move || file.change(work)).await.map_err(failed)? })
    }
}

impl KeyFile {
    /// `work` answers `None` where there is nothing to change.
    fn change<T>(
        &self,
        work: impl FnOnce(&Self, &mut KeyRing) -> Result<Option<T>, SigningKeysError>,
    ) -> Result<Option<T>, SigningKeysError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        // What could not be read again at the next start fails here, before anything is changed.
        let mut ring = KeyRing::parse(&self.tokens.to_json()).map_err(failed)?;
        let Some(changed) = work(self, &mut ring)? else { return Ok(None) };
        write(&self.path, &ring).map_err(failed)?;
        self.tokens.replace(ring).map_err(failed)?;
        Ok(Some(changed))
    }

    fn rotate(
        &self,
        ring: &mut KeyRing,
        previous: PreviousKeys,
        now: Timestamp,
    ) -> Result<Option<SigningKey>, SigningKeysError> {
        let overlap = match previous {
            PreviousKeys::Overlap => self.tokens.lifetime() + OVERLAP_MARGIN,
            PreviousKeys::Revoke => Duration::ZERO,
        };
        if previous == PreviousKeys::Revoke {
            ring.revoke_retired();
        }
        ring.rotate(self.settings.algorithm, overlap, now, &*self.entropy).map_err(|error| match error {
            KeyRingError::TooMany { found } => SigningKeysError::TooMany(found),
            error => failed(error),
        })?;
        Ok(self.describe(ring.describe(now)).into_iter().next())
    }

    /// Says of the key that signs when the next one takes over.
    fn describe(&self, mut keys: Vec<SigningKey>) -> Vec<SigningKey> {
        if let Some(current) = keys.first_mut() {
            let is_current_kind = current.algorithm == self.settings.algorithm.as_str();
            let max_age = if is_current_kind { self.settings.max_age } else { Duration::ZERO };
            current.rotates_at = Some(current.created_at.plus(max_age));
        }
        keys
    }
}

impl SigningKeys for TokenKeys {
    fn epoch(&self) -> KeyEpoch {
        self.file.epoch.clone()
    }

    fn keys(&self, now: Timestamp) -> Vec<SigningKey> {
        self.file.describe(self.file.tokens.describe(now))
    }

    fn rotate(
        &self,
        previous: PreviousKeys,
        now: Timestamp,
    ) -> Pending<'_, Result<SigningKey, SigningKeysError>> {
        let changed = self.change(move |file, ring| file.rotate(ring, previous, now));
        Box::pin(async move {
            let key = changed.await?.ok_or_else(|| failed("no key signs"))?;
            if previous == PreviousKeys::Revoke {
                self.file.epoch.advance();
            }
            Ok(key)
        })
    }

    fn unrecorded(&self) -> Vec<String> {
        self.file.tokens.unrecorded()
    }

    fn set_recorded<'a>(&'a self, id: &'a str) -> Pending<'a, Result<(), SigningKeysError>> {
        let id = id.to_owned();
        let changed = self.change(move |_, ring| Ok(ring.set_recorded(&id).then_some(())));
        Box::pin(async move { changed.await.map(|_| ()) })
    }

    fn forget_expired(&self, now: Timestamp) -> Pending<'_, Result<(), SigningKeysError>> {
        if !self.file.tokens.has_expired_keys(now) {
            return Box::pin(async { Ok(()) });
        }
        let changed = self.change(move |_, ring| Ok(ring.forget_expired(now).then_some(())));
        Box::pin(async move { changed.await.map(|_| ()) })
    }
}

fn write(path: &Path, ring: &KeyRing) -> anyhow::Result<()> {
    private_file::write(path, ring.to_json().expose().as_bytes())
        .with_context(|| format!("writing {}", path.display()))
}

fn failed(error: impl std::fmt::Display) -> SigningKeysError {
    SigningKeysError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use syft_space_conformance::signing_keys;

    use super::*;
    use crate::system::SystemEntropy;

    fn load(path: PathBuf) -> TokenKeys {
        let settings = KeySettings {
            algorithm: SigningAlgorithm::Es256,
            max_age: Duration::from_secs(60),
            environment: Environment::production(),
        };
        let (issuer, lifetime) = ("space".to_owned(), Duration::from_secs(900));
        let tokens = TokenSettings { audience: issuer.clone(), issuer, lifetime, cached: 10 };
        let now = Timestamp::from_unix_micros(0);
        TokenKeys::load_or_create(path, settings, tokens, now, Arc::new(SystemEntropy)).unwrap()
    }

    #[test]
    fn k2_the_keys_in_a_file_keep_their_promises() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _entered = runtime.enter();
        let folder = tempfile::tempdir().unwrap();
        let made = std::sync::atomic::AtomicU64::new(0);
        signing_keys::suite(&move || {
            let number = made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let keys = load(folder.path().join(number.to_string()));
            (keys.tokens(), Arc::new(keys))
        });
    }

    #[tokio::test]
    async fn k2_that_a_key_is_unrecorded_outlives_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.jwks");
        let now = Timestamp::from_unix_micros(0);
        let made = load(path.clone()).rotate(PreviousKeys::Revoke, now).await.unwrap().id;
        let keys = load(path.clone());
        assert_eq!(keys.unrecorded(), [&*made]);
        keys.set_recorded(&made).await.unwrap();
        assert!(load(path.clone()).unrecorded().is_empty());
        assert!(!std::fs::read_to_string(path).unwrap().contains("unrecorded"), "as keys were before");
    }
}
