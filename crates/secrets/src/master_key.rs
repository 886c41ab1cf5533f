//! What is the one key below which all others lie?

use std::path::Path;

use hkdf::Hkdf;
use sha2::Sha256;
use syft_space_domain::random::Entropy;
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::TenantScope;
use syft_space_domain::time::Timestamp;
use zeroize::Zeroizing;

use crate::{Environment, MasterKeyError, key_file};

/// The length of a master key, and of a tenant's.
pub(crate) const KEY_BYTES: usize = 32;
/// The length of a master key's id.
pub(crate) const ID_BYTES: usize = 16;

/// What sets these derived keys apart from all others that could ever be derived from a master key.
const PURPOSE: &[u8] = b"syft-space sealed values 1";

/// The key of an installation, with the id that each sealed value names, and the environment that it is for.
///
/// It has no `Debug`: it holds the key.
pub struct MasterKey {
    pub(crate) id: [u8; ID_BYTES],
    pub(crate) environment: Environment,
    pub(crate) created_at: Timestamp,
    pub(crate) key: Secret<[u8; KEY_BYTES]>,
}

impl MasterKey {
    /// A new key, kept nowhere.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn generate(
        environment: Environment,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, MasterKeyError> {
        let mut id = [0; ID_BYTES];
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        entropy.fill(&mut id)?;
        entropy.fill(&mut *key)?;
        Ok(Self { id, environment, created_at: now, key: Secret::new(*key) })
    }

    /// Reads the key in a file.
    ///
    /// # Errors
    /// When there is none, others than its owner may read it, it is malformed, or of another environment.
    pub fn load(path: &Path, environment: &Environment) -> Result<Self, MasterKeyError> {
        let missing =
            || MasterKeyError::Io { path: path.to_owned(), source: std::io::ErrorKind::NotFound.into() };
        checked(path, environment, key_file::read(path)?.ok_or_else(missing)?)
    }

    /// Reads the key in a file, or makes one there, durable before this returns.
    ///
    /// # Errors
    /// When others than its owner may read the file, it is malformed, of another environment, or cannot be made.
    pub fn load_or_make(
        path: &Path,
        environment: &Environment,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, MasterKeyError> {
        if let Some(key) = key_file::read(path)? {
            return checked(path, environment, key);
        }
        let key = Self::generate(environment.clone(), now, entropy)?;
        key_file::write(path, &key)?;
        Ok(key)
    }

    /// When it was made, to tell when to make another.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// Its id, as a log may name it.
    #[must_use]
    pub fn id(&self) -> String {
        hex::encode(self.id)
    }

    /// The key of a tenant (RFC 5869). `None` never happens: the length is one that HKDF gives.
    pub(crate) fn of_tenant(&self, scope: &TenantScope) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
        let (environment, tenant) = (self.environment.as_str(), scope.tenant());
        // The tenant's id has a fixed length and comes last, so no two pairs read the same.
        let info = [PURPOSE, environment.as_bytes(), tenant.as_bytes()];
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        let hkdf = Hkdf::<Sha256>::new(None, self.key.expose());
        hkdf.expand_multi_info(&info, &mut *key).ok()?;
        Some(key)
    }
}

fn checked(path: &Path, asked: &Environment, key: MasterKey) -> Result<MasterKey, MasterKeyError> {
    if key.environment == *asked {
        return Ok(key);
    }
    Err(MasterKeyError::OtherEnvironment {
        path: path.to_owned(),
        found: key.environment,
        asked: asked.clone(),
    })
}
