//! Sealers that are wrong in one thing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use syft_space_conformance::{MakeSealer, sample, sealing};
use syft_space_domain::sealing::{Unsealable, AssociatedData, SealError, Sealed, Sealer};
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::TenantScope;
use syft_space_memory::{MemorySealer, SeededEntropy};

use crate::assert_caught;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    ForgetsTheTenant,
    ForgetsTheTable,
    ForgetsTheColumn,
    ForgetsTheRow,
    IgnoresTheEnd,
    OneKeyForAll,
    Repeats,
    SealsNothing,
    LosesWhatIsLong,
}

struct Faulty {
    inner: Arc<MemorySealer>,
    fault: Fault,
    sealed: Mutex<Vec<(Vec<u8>, Sealed)>>,
}

impl Faulty {
    fn scope(&self, scope: &TenantScope) -> TenantScope {
        if self.fault == Fault::ForgetsTheTenant { sample::scope(9) } else { *scope }
    }

    fn place(&self, place: &AssociatedData) -> AssociatedData {
        match self.fault {
            Fault::ForgetsTheTable => AssociatedData { table: "", ..*place },
            Fault::ForgetsTheColumn => AssociatedData { column: "", ..*place },
            Fault::ForgetsTheRow => AssociatedData { row: [0; 16], ..*place },
            _ => *place,
        }
    }
}

impl Sealer for Faulty {
    fn seal(&self, scope: &TenantScope, place: &AssociatedData, plain: &Secret<Vec<u8>>) -> Result<Sealed, SealError> {
        if self.fault == Fault::SealsNothing {
            return Ok(Sealed::from_bytes(plain.expose().clone()));
        }
        let mut before = self.sealed.lock().expect("no test panics while it seals");
        let same = before.iter().find(|(one, _)| self.fault == Fault::Repeats && one == plain.expose());
        if let Some((_, sealed)) = same {
            return Ok(sealed.clone());
        }
        let sealed = self.inner.seal(&self.scope(scope), &self.place(place), plain)?;
        before.push((plain.expose().clone(), sealed.clone()));
        Ok(sealed)
    }

    fn open(
        &self,
        scope: &TenantScope,
        place: &AssociatedData,
        sealed: &Sealed,
    ) -> Result<Secret<Vec<u8>>, Unsealable> {
        if self.fault == Fault::SealsNothing {
            return Ok(Secret::new(sealed.as_bytes().to_vec()));
        }
        let cut = sealed.as_bytes().get(..32).filter(|_| self.fault == Fault::IgnoresTheEnd);
        let sealed = cut.map_or_else(|| sealed.clone(), |bytes| Sealed::from_bytes(bytes.to_vec()));
        let opened = self.inner.open(&self.scope(scope), &self.place(place), &sealed)?;
        let is_long = opened.expose().len() > 1_000;
        if is_long && self.fault == Fault::LosesWhatIsLong { Err(Unsealable) } else { Ok(opened) }
    }
}

fn make(fault: Fault) -> Box<MakeSealer> {
    let seeds = AtomicU64::new(0);
    let new = move || {
        Arc::new(MemorySealer::new(Arc::new(SeededEntropy::new(seeds.fetch_add(1, Ordering::Relaxed)))))
    };
    let shared = new();
    Box::new(move || {
        let inner = if fault == Fault::OneKeyForAll { Arc::clone(&shared) } else { new() };
        Box::new(Faulty { inner, fault, sealed: Mutex::default() })
    })
}

#[test]
fn k18_sealers_that_are_wrong_are_caught() {
    sealing::suite(&*make(Fault::None));
    for (fault, promise) in [
        (Fault::ForgetsTheTenant, "k18_a_value_that_was_moved_needs_a_new_one"),
        (Fault::ForgetsTheTable, "k18_a_value_that_was_moved_needs_a_new_one"),
        (Fault::ForgetsTheColumn, "k18_a_value_that_was_moved_needs_a_new_one"),
        (Fault::ForgetsTheRow, "k18_a_value_that_was_moved_needs_a_new_one"),
        (Fault::IgnoresTheEnd, "k18_a_value_that_was_changed_needs_a_new_one"),
        (Fault::OneKeyForAll, "k18_another_sealers_value_needs_a_new_one"),
        (Fault::Repeats, "f12_a_sealed_value_tells_nothing"),
        (Fault::SealsNothing, "f12_a_sealed_value_tells_nothing"),
        (Fault::SealsNothing, "k18_what_was_never_sealed_needs_a_new_value"),
        (Fault::LosesWhatIsLong, "what_was_sealed_is_opened_in_its_place"),
    ] {
        assert_caught(sealing::CHECKS, &*make(fault), promise);
    }
}
