//! The file of the key ring of access tokens.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use syft_space_domain::random::Entropy;
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;
use syft_space_jwt::{KeyRing, SigningAlgorithm};

/// Reads the ring, or makes one at the first start.
///
/// # Errors
/// When the file cannot be read, written, or is no key ring.
pub(crate) fn load_or_create(
    folder: &Path,
    algorithm: SigningAlgorithm,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> anyhow::Result<KeyRing> {
    let path = folder.join("access.jwks");
    match fs::read_to_string(&path) {
        Ok(json) => {
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
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let ring = KeyRing::generate(algorithm, now, entropy)?;
            write(folder, &path, ring.to_json().expose())
                .with_context(|| format!("writing {}", path.display()))?;
            Ok(ring)
        }
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// Writes the file as a whole or not at all, also across a loss of power.
fn write(folder: &Path, path: &Path, text: &str) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    File::open(folder)?.sync_all()
}
