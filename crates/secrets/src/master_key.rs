//! The master key, from which the keys of all tenants are derived.

use hkdf::Hkdf;
use sha2::Sha256;
use syft_space_domain::environment::Environment;
use syft_space_domain::random::Entropy;
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::TenantScope;
use syft_space_domain::time::Timestamp;
use zeroize::Zeroizing;

use crate::MasterKeyError;

/// The length of a master key, and of a tenant's.
pub(crate) const KEY_BYTES: usize = 32;
/// The length of a master key's id.
pub(crate) const ID_BYTES: usize = 16;

/// The prefix of the HKDF info. It sets these keys apart from all others that could be derived from a master key.
const HKDF_INFO_PREFIX: &[u8] = b"syft-space sealed values 1";

/// The same, for the keys of digests.
const DIGEST_INFO_PREFIX: &[u8] = b"syft-space keyed digests 1";

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
    /// A new key, stored nowhere.
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

    /// Derives the key with which a tenant's values are sealed. `None` never happens.
    pub(crate) fn derive_tenant_key(&self, scope: &TenantScope) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
        self.derive(HKDF_INFO_PREFIX, scope)
    }

    /// Derives the key of a tenant's digests. `None` never happens.
    pub(crate) fn derive_digest_key(&self, scope: &TenantScope) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
        self.derive(DIGEST_INFO_PREFIX, scope)
    }

    /// Derives a key of a tenant (RFC 5869). `None` never happens: the length is one that HKDF gives.
    fn derive(&self, prefix: &[u8], scope: &TenantScope) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
        let (environment, tenant) = (self.environment.as_str(), scope.tenant());
        // The tenant's id has a fixed length and comes last, so no two pairs read the same.
        let info = [prefix, environment.as_bytes(), tenant.as_bytes()];
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        let hkdf = Hkdf::<Sha256>::new(None, self.key.expose());
        hkdf.expand_multi_info(&info, &mut *key).ok()?;
        Some(key)
    }
}
