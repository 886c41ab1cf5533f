//! How are secrets kept without a key? Each is exchanged for a random number, and looked up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syft_space_domain::ids::TenantId;
use syft_space_domain::random::Entropy;
use syft_space_domain::sealing::{Unsealable, AssociatedData, SealError, Sealed, Sealer};
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::TenantScope;

const HANDLE_BYTES: usize = 32;

/// What was sealed, and where alone it may be opened.
struct Kept {
    tenant: TenantId,
    place: AssociatedData,
    plain: Secret<Vec<u8>>,
}

/// Keeps each value in memory, under 256 random bits that stand for it. None is forgotten before the process ends:
/// an older one is what a unit of work that fails goes back to.
pub struct MemorySealer {
    entropy: Arc<dyn Entropy>,
    kept: Mutex<HashMap<[u8; HANDLE_BYTES], Kept>>,
}

impl MemorySealer {
    /// Takes its numbers from `entropy`.
    #[must_use]
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self { entropy, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<[u8; HANDLE_BYTES], Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sealer for MemorySealer {
    fn seal(&self, scope: &TenantScope, place: &AssociatedData, plain: &Secret<Vec<u8>>) -> Result<Sealed, SealError> {
        let mut handle = [0; HANDLE_BYTES];
        self.entropy.fill(&mut handle).map_err(|error| SealError(error.to_string()))?;
        let kept = Kept { tenant: scope.tenant(), place: *place, plain: plain.clone() };
        self.kept().insert(handle, kept);
        Ok(Sealed::from_bytes(handle.to_vec()))
    }

    fn open(
        &self,
        scope: &TenantScope,
        place: &AssociatedData,
        sealed: &Sealed,
    ) -> Result<Secret<Vec<u8>>, Unsealable> {
        let kept = self.kept();
        let found = kept.get(sealed.as_bytes()).ok_or(Unsealable)?;
        let is_here = found.tenant == scope.tenant() && found.place == *place;
        if is_here { Ok(found.plain.clone()) } else { Err(Unsealable) }
    }
}
