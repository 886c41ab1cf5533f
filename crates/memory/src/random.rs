//! Pseudo-random bytes for tests, which are the same in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use syft_space_domain::random::{Entropy, RandomError};

/// Bytes from a seed, by hashing a counter. **For tests only**: the seed predicts all bytes.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    blocks: AtomicU64,
}

impl SeededEntropy {
    /// The bytes of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, blocks: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        for part in buffer.chunks_mut(32) {
            let block = self.blocks.fetch_add(1, Ordering::Relaxed);
            let bytes = Sha256::new()
                .chain_update(self.seed.to_be_bytes())
                .chain_update(block.to_be_bytes())
                .finalize();
            for (to, from) in part.iter_mut().zip(bytes) {
                *to = from;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(entropy: &SeededEntropy) -> [u8; 40] {
        let mut bytes = [0; 40];
        entropy.fill(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_seed_gives_the_same_bytes_in_every_run_and_never_the_same_twice() {
        let (entropy, same, other) = (SeededEntropy::new(1), SeededEntropy::new(1), SeededEntropy::new(2));
        let first = bytes(&entropy);
        assert_eq!(first, bytes(&same));
        assert_ne!(first, bytes(&entropy));
        assert_ne!(first, bytes(&other));
    }
}
