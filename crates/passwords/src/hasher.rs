//! The hasher: a run of Argon2 over a password.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash as Phc, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use syft_space_domain::identity::ports::{Compared, HashingError};
use syft_space_domain::identity::{Password, PasswordHash};
use syft_space_domain::random::{Entropy, RandomError};

const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = Params::DEFAULT_OUTPUT_LEN;

/// The most memory of a run, in blocks of 1 KiB.
pub(crate) const MAX_MEMORY_BLOCKS: usize = 1 << 20;

/// The memory of a run, reused by its thread. Allocated for each run, it made the allocator hold eight times as much.
#[derive(Default)]
pub(crate) struct HashMemory(Vec<Block>);

impl HashMemory {
    fn blocks(&mut self, params: &Params) -> Result<&mut [Block], HashingError> {
        let count = params.block_count();
        if count > MAX_MEMORY_BLOCKS {
            return Err(failed("what is stored asks for more than 1 GiB of memory"));
        }
        self.0.try_reserve_exact(count.saturating_sub(self.0.len())).map_err(failed)?;
        self.0.resize(count, Block::default());
        Ok(&mut self.0)
    }
}

/// Runs Argon2, and counts how often.
pub(crate) struct Hasher {
    params: Params,
    entropy: Arc<dyn Entropy>,
    /// The hash that is compared for an account that does not exist: the parameters in force and random output, which
    /// no password has.
    dummy_hash: PasswordHash,
    runs: AtomicU64,
}

impl Hasher {
    pub(crate) fn new(params: Params, entropy: Arc<dyn Entropy>) -> Result<Self, RandomError> {
        let salt: [u8; SALT_BYTES] = random_bytes(&*entropy)?;
        let output: [u8; OUTPUT_BYTES] = random_bytes(&*entropy)?;
        let dummy_hash = to_phc(&params, &salt, &output).map_err(|error| RandomError(error.to_string()))?;
        Ok(Self { params, entropy, dummy_hash, runs: AtomicU64::new(0) })
    }

    pub(crate) fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    pub(crate) fn hash(
        &self,
        password: &Password,
        memory: &mut HashMemory,
    ) -> Result<PasswordHash, HashingError> {
        let salt: [u8; SALT_BYTES] = random_bytes(&*self.entropy).map_err(failed)?;
        let mut output = [0; OUTPUT_BYTES];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        self.run(&argon2, password, &salt, &mut output, memory)?;
        to_phc(&self.params, &salt, &output)
    }

    pub(crate) fn compare(
        &self,
        password: &Password,
        stored: Option<&PasswordHash>,
        memory: &mut HashMemory,
    ) -> Result<Compared, HashingError> {
        let is_known = stored.is_some();
        let stored = Phc::new(stored.unwrap_or(&self.dummy_hash).expose()).map_err(failed)?;
        let matches = self.matches(password, &stored, memory)?;
        if !(is_known && matches) {
            return Ok(Compared::Wrong);
        }
        let rehash = if self.is_current(&stored) { None } else { Some(self.hash(password, memory)?) };
        Ok(Compared::Right { rehash })
    }

    fn matches(
        &self,
        password: &Password,
        stored: &Phc,
        memory: &mut HashMemory,
    ) -> Result<bool, HashingError> {
        let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
            return Err(failed("what is stored has no salt or no hash"));
        };
        let algorithm = Algorithm::try_from(stored.algorithm.as_str()).map_err(failed)?;
        let version = stored.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(failed)?;
        let params = Params::try_from(stored).map_err(failed)?;
        let mut output = vec![0; expected.len()];
        let argon2 = Argon2::new(algorithm, version, params);
        self.run(&argon2, password, salt, &mut output, memory)?;
        // `Output` compares in constant time.
        Ok(Output::new(&output).map_err(failed)? == *expected)
    }

    fn is_current(&self, stored: &Phc) -> bool {
        let current = ParamsString::try_from(&self.params);
        stored.algorithm == ARGON2ID_IDENT
            && stored.version == Some(Version::V0x13.into())
            && current.is_ok_and(|current| current == stored.params)
            && stored.salt.as_ref().is_some_and(|salt| salt.len() == SALT_BYTES)
            && stored.hash.as_ref().is_some_and(|hash| hash.len() == OUTPUT_BYTES)
    }

    fn run(
        &self,
        argon2: &Argon2<'_>,
        password: &Password,
        salt: &[u8],
        output: &mut [u8],
        memory: &mut HashMemory,
    ) -> Result<(), HashingError> {
        let blocks = memory.blocks(argon2.params())?;
        self.runs.fetch_add(1, Ordering::Relaxed);
        argon2
            .hash_password_into_with_memory(password.expose().as_bytes(), salt, output, blocks)
            .map_err(failed)
    }
}

fn random_bytes<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}

fn to_phc(params: &Params, salt: &[u8], output: &[u8]) -> Result<PasswordHash, HashingError> {
    let phc = Phc {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(failed)?,
        salt: Some(Salt::new(salt).map_err(failed)?),
        hash: Some(Output::new(output).map_err(failed)?),
    };
    Ok(PasswordHash::from_phc(phc.to_string()))
}

fn failed(error: impl std::fmt::Display) -> HashingError {
    HashingError::Failed(error.to_string())
}
