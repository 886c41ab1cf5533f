//! The keys that the tests seal with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use syft_space_domain::environment::Environment;
use syft_space_domain::random::Entropy;
use syft_space_domain::time::Timestamp;
use syft_space_memory::SeededEntropy;
use syft_space_secrets::{MasterKey, XChaChaSealer};

pub(crate) const NOW: Timestamp = Timestamp::from_unix_micros(1_764_000_000_000_000);

/// Another seed each time.
pub(crate) fn entropy() -> Arc<dyn Entropy> {
    static SEED: AtomicU64 = AtomicU64::new(0);
    Arc::new(SeededEntropy::new(SEED.fetch_add(1, Ordering::Relaxed)))
}

pub(crate) fn environment(name: &str) -> Environment {
    Environment::parse(name).unwrap()
}

pub(crate) fn key() -> MasterKey {
    MasterKey::generate(environment("production"), NOW, &*entropy()).unwrap()
}

pub(crate) fn sealer(key: MasterKey) -> XChaChaSealer {
    XChaChaSealer::new(key, entropy())
}
