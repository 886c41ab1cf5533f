//! An in-memory sealer: each secret is replaced by a random handle, and looked up by it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use sha2::{Digest, Sha256};
use syft_space_domain::ids::TenantId;
use syft_space_domain::random::Entropy;
use syft_space_domain::sealing::{AssociatedData, SealError, Sealed, Sealer, Unsealable};
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::TenantScope;

const HANDLE_BYTES: usize = 32;

/// A sealed value, with the tenant and associated data that must match.
struct SealedValue {
    tenant: TenantId,
    associated: AssociatedData,
    plain: Secret<Vec<u8>>,
}

/// Keeps each value in memory under a random handle of 256 bits. It never removes one: a unit of work that rolls back
/// still needs the older value.
pub struct MemorySealer {
    entropy: Arc<dyn Entropy>,
    /// What keys digests, drawn when the first is asked for.
    digest_key: OnceLock<[u8; 32]>,
    values: Mutex<HashMap<[u8; HANDLE_BYTES], SealedValue>>,
}

impl MemorySealer {
    /// A sealer whose handles come from `entropy`.
    #[must_use]
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self { entropy, digest_key: OnceLock::new(), values: Mutex::default() }
    }

    fn values(&self) -> MutexGuard<'_, HashMap<[u8; HANDLE_BYTES], SealedValue>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sealer for MemorySealer {
    fn seal(
        &self,
        scope: &TenantScope,
        associated: &AssociatedData,
        plain: &Secret<Vec<u8>>,
    ) -> Result<Sealed, SealError> {
        let mut handle = [0; HANDLE_BYTES];
        self.entropy.fill(&mut handle).map_err(|error| SealError(error.to_string()))?;
        let value = SealedValue { tenant: scope.tenant(), associated: *associated, plain: plain.clone() };
        self.values().insert(handle, value);
        Ok(Sealed::from_bytes(handle.to_vec()))
    }

    fn open(
        &self,
        scope: &TenantScope,
        associated: &AssociatedData,
        sealed: &Sealed,
    ) -> Result<Secret<Vec<u8>>, Unsealable> {
        let values = self.values();
        let value = values.get(sealed.as_bytes()).ok_or(Unsealable)?;
        let matches = value.tenant == scope.tenant() && value.associated == *associated;
        if matches { Ok(value.plain.clone()) } else { Err(Unsealable) }
    }

    fn digest(
        &self,
        scope: &TenantScope,
        purpose: &'static str,
        bytes: &[u8],
    ) -> Result<[u8; 32], SealError> {
        let mut drawn = [0; 32];
        if self.digest_key.get().is_none() {
            self.entropy.fill(&mut drawn).map_err(|error| SealError(error.to_string()))?;
        }
        let key = self.digest_key.get_or_init(|| drawn);
        let inner = Sha256::new()
            .chain_update(key)
            .chain_update(scope.tenant().as_bytes())
            .chain_update(purpose.len().to_be_bytes())
            .chain_update(purpose)
            .chain_update(bytes)
            .finalize();
        Ok(Sha256::new().chain_update(key).chain_update(inner).finalize().into())
    }
}
