//! The settings of hashing: the cost of a hash, and how many are made at once.

use std::thread::available_parallelism;

use argon2::Params;

use crate::hasher::MAX_MEMORY_BLOCKS;

/// The cost of a hash and the bounds of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashingSettings {
    /// The memory of one hash, in KiB.
    pub memory_kib: u32,
    /// The passes over that memory.
    pub iterations: u32,
    /// The lanes of that memory. They are filled one after another, on one thread.
    pub parallelism: u32,
    /// The threads. Each makes one hash at a time.
    pub threads: usize,
    /// The most hashes that wait for a thread in one lane of the queue.
    pub queue: usize,
}

impl Default for HashingSettings {
    /// OWASP's parameters for Argon2id; all cores but one, and lanes of 64.
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Self {
            memory_kib: 19_456,
            iterations: 2,
            parallelism: 1,
            threads: cores.saturating_sub(1).max(1),
            queue: 64,
        }
    }
}

/// Passwords cannot be hashed with these settings.
#[derive(Debug, thiserror::Error)]
pub enum HashingSettingsError {
    /// Argon2 does not take the parameters.
    #[error(
        "Argon2 does not take memory {memory_kib} KiB, {iterations} passes, {parallelism} lanes ({reason}): 19456 KiB, 2 \
         and 1 are usual; the memory is at least 8 KiB a lane"
    )]
    Parameters {
        /// The memory asked for.
        memory_kib: u32,
        /// The passes asked for.
        iterations: u32,
        /// The lanes asked for.
        parallelism: u32,
        /// What is wrong with them.
        reason: String,
    },
    /// No thread is to do the work.
    #[error("passwords are hashed on at least 1 thread")]
    NoThreads,
    /// A thread could not be started.
    #[error("a thread to hash passwords could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// There was no randomness.
    #[error(transparent)]
    Random(#[from] syft_space_domain::random::RandomError),
}

impl HashingSettings {
    pub(crate) fn params(&self) -> Result<Params, HashingSettingsError> {
        let Self { memory_kib, iterations, parallelism, .. } = *self;
        let refused =
            |reason: String| HashingSettingsError::Parameters { memory_kib, iterations, parallelism, reason };
        let params = Params::new(memory_kib, iterations, parallelism, None)
            .map_err(|error| refused(error.to_string()))?;
        if params.block_count() > MAX_MEMORY_BLOCKS {
            return Err(refused("the memory is at most 1 GiB".to_owned()));
        }
        Ok(params)
    }
}
