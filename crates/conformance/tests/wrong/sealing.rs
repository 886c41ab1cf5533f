//! Sealers with one fault each.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use syft_space_conformance::{SealerFactory, sample, sealing};
use syft_space_domain::sealing::{AssociatedData, SealError, Sealed, Sealer, Unsealable};
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::TenantScope;
use syft_space_memory::{MemorySealer, SeededEntropy};

use crate::assert_caught;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    IgnoresTenant,
    IgnoresTable,
    IgnoresColumn,
    IgnoresRow,
    IgnoresEnd,
    SharesKey,
    IsDeterministic,
    StoresPlaintext,
    FailsOnLongValues,
    DigestsForAllTenants,
    DigestsForAllPurposes,
    DigestsWithoutKey,
}

struct FaultySealer {
    inner: Arc<MemorySealer>,
    fault: Fault,
    sealed: Mutex<Vec<(Vec<u8>, Sealed)>>,
}

impl FaultySealer {
    fn scope(&self, scope: &TenantScope) -> TenantScope {
        if self.fault == Fault::IgnoresTenant { sample::scope(9) } else { *scope }
    }

    fn associated(&self, associated: &AssociatedData) -> AssociatedData {
        match self.fault {
            Fault::IgnoresTable => AssociatedData { table: "", ..*associated },
            Fault::IgnoresColumn => AssociatedData { column: "", ..*associated },
            Fault::IgnoresRow => AssociatedData { row: [0; 16], ..*associated },
            _ => *associated,
        }
    }
}

impl Sealer for FaultySealer {
    fn seal(
        &self,
        scope: &TenantScope,
        associated: &AssociatedData,
        plain: &Secret<Vec<u8>>,
    ) -> Result<Sealed, SealError> {
        if self.fault == Fault::StoresPlaintext {
            return Ok(Sealed::from_bytes(plain.expose().clone()));
        }
        let mut before = self.sealed.lock().expect("no test panics while it seals");
        let repeated =
            before.iter().find(|(value, _)| self.fault == Fault::IsDeterministic && value == plain.expose());
        if let Some((_, sealed)) = repeated {
            return Ok(sealed.clone());
        }
        let sealed = self.inner.seal(&self.scope(scope), &self.associated(associated), plain)?;
        before.push((plain.expose().clone(), sealed.clone()));
        Ok(sealed)
    }

    fn open(
        &self,
        scope: &TenantScope,
        associated: &AssociatedData,
        sealed: &Sealed,
    ) -> Result<Secret<Vec<u8>>, Unsealable> {
        if self.fault == Fault::StoresPlaintext {
            return Ok(Secret::new(sealed.as_bytes().to_vec()));
        }
        let prefix = sealed.as_bytes().get(..32).filter(|_| self.fault == Fault::IgnoresEnd);
        let sealed = prefix.map_or_else(|| sealed.clone(), |bytes| Sealed::from_bytes(bytes.to_vec()));
        let opened = self.inner.open(&self.scope(scope), &self.associated(associated), &sealed)?;
        let is_long = opened.expose().len() > 1_000;
        if is_long && self.fault == Fault::FailsOnLongValues { Err(Unsealable) } else { Ok(opened) }
    }

    fn digest(
        &self,
        scope: &TenantScope,
        purpose: &'static str,
        bytes: &[u8],
    ) -> Result<[u8; 32], SealError> {
        match self.fault {
            Fault::DigestsForAllTenants => self.inner.digest(&sample::scope(9), purpose, bytes),
            Fault::DigestsForAllPurposes => self.inner.digest(scope, "", bytes),
            Fault::DigestsWithoutKey => {
                let unkeyed = MemorySealer::new(Arc::new(SeededEntropy::new(0)));
                unkeyed.digest(scope, purpose, bytes)
            }
            _ => self.inner.digest(scope, purpose, bytes),
        }
    }
}

fn make(fault: Fault) -> Box<SealerFactory> {
    let seeds = AtomicU64::new(0);
    let new = move || {
        Arc::new(MemorySealer::new(Arc::new(SeededEntropy::new(seeds.fetch_add(1, Ordering::Relaxed)))))
    };
    let shared = new();
    Box::new(move || {
        let inner = if fault == Fault::SharesKey { Arc::clone(&shared) } else { new() };
        Box::new(FaultySealer { inner, fault, sealed: Mutex::default() })
    })
}

#[test]
fn k18_sealers_that_are_wrong_are_caught() {
    sealing::suite(&*make(Fault::None));
    for (fault, promise) in [
        (Fault::IgnoresTenant, "k18_a_value_that_was_moved_needs_a_new_one"),
        (Fault::IgnoresTable, "k18_a_value_that_was_moved_needs_a_new_one"),
        (Fault::IgnoresColumn, "k18_a_value_that_was_moved_needs_a_new_one"),
        (Fault::IgnoresRow, "k18_a_value_that_was_moved_needs_a_new_one"),
        (Fault::IgnoresEnd, "k18_a_value_that_was_changed_needs_a_new_one"),
        (Fault::SharesKey, "k18_another_sealers_value_needs_a_new_one"),
        (Fault::IsDeterministic, "f12_a_sealed_value_tells_nothing"),
        (Fault::StoresPlaintext, "f12_a_sealed_value_tells_nothing"),
        (Fault::StoresPlaintext, "k18_what_was_never_sealed_needs_a_new_value"),
        (Fault::FailsOnLongValues, "what_was_sealed_is_opened_in_its_place"),
        (Fault::DigestsForAllTenants, "z4_a_digest_is_the_same_for_the_same_and_another_for_anything_else"),
        (Fault::DigestsForAllPurposes, "z4_a_digest_is_the_same_for_the_same_and_another_for_anything_else"),
        (Fault::DigestsWithoutKey, "z4_a_digest_is_the_same_for_the_same_and_another_for_anything_else"),
    ] {
        assert_caught(sealing::CHECKS, &*make(fault), promise);
    }
}
