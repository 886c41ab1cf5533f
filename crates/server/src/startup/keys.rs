//! The file of the key ring of access tokens.

use std::path::Path;

use anyhow::Context;
use syft_space_domain::random::Entropy;
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;
use syft_space_home::private_file;
use syft_space_jwt::{KeyRing, SigningAlgorithm};

/// Reads the ring in a file, or makes one there at the first start.
///
/// # Errors
/// When the file cannot be read, written, or is no key ring.
pub(crate) fn load_or_create(
    path: &Path,
    algorithm: SigningAlgorithm,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> anyhow::Result<KeyRing> {
    let reading = || format!("reading {}", path.display());
    let Some(json) = private_file::read_to_string(path).with_context(reading)? else {
        let ring = KeyRing::generate(algorithm, now, entropy)?;
        private_file::write(path, ring.to_json().expose().as_bytes())
            .with_context(|| format!("writing {}", path.display()))?;
        return Ok(ring);
    };
    let ring = KeyRing::parse(&Secret::new(json));
    let ring = ring.with_context(|| format!("the key ring {}", path.display()))?;
    if ring.algorithm() != algorithm {
        anyhow::bail!(
            "access_token_algorithm is {algorithm}, and the key in {} is of {}: remove that file to start with a \
             new key (everybody logs in again), or set the algorithm back",
            path.display(),
            ring.algorithm()
        );
    }
    Ok(ring)
}
