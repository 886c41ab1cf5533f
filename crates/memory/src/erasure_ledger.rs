//! An erasure ledger in memory: it outlives what it stands beside for as long as somebody has it.

use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use syft_space_domain::Pending;
use syft_space_domain::audit::Digest;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::TenantId;
use syft_space_domain::privacy::LedgerEntry;
use syft_space_domain::privacy::ports::{ErasureLedger, ErasureLedgerError};

/// Keeps who was erased, and which tenants were removed. Its clones are one ledger.
#[derive(Clone)]
pub struct MemoryLedger {
    key: [u8; 32],
    kept: Arc<Mutex<Vec<LedgerEntry>>>,
}

impl MemoryLedger {
    /// A new one, which marks addresses by this key.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self { key, kept: Arc::default() }
    }
}

impl ErasureLedger for MemoryLedger {
    fn mark(&self, tenant: TenantId, email: &Email) -> Digest {
        let hash = Sha256::new().chain_update(self.key).chain_update(tenant.as_bytes());
        hash.chain_update(email.as_str()).finalize().into()
    }

    fn check(&self, _: TenantId) -> Pending<'_, Result<(), ErasureLedgerError>> {
        Box::pin(async { Ok(()) })
    }

    fn keep(&self, entries: Vec<LedgerEntry>) -> Pending<'_, Result<(), ErasureLedgerError>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            if !kept.iter().any(|known| known.key() == entry.key()) {
                kept.push(entry);
            }
        }
        Box::pin(async { Ok(()) })
    }

    fn all(&self) -> Result<Vec<LedgerEntry>, ErasureLedgerError> {
        Ok(self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}
