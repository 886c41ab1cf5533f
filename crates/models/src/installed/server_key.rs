//! The key of an embeddings server: sealed for the encoder that uses it, and for the server that it is sent to.

use sha2::{Digest, Sha256};
use syft_space_domain::encoder::EncoderName;
use syft_space_domain::ids::TenantId;
use syft_space_domain::sealing::{AssociatedData, SealError, Sealed, Sealer, Unsealable};
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::TenantScope;

/// Encoders are the installation's. Keys are sealed for a tenant, so theirs are for one that there is none of.
const NOBODY: [u8; 16] = [0; 16];

/// Seals the key of a server for an encoder of this name that asks at this URL. Where a record is changed to name another
/// URL, the key opens no more, and so is not sent there.
///
/// # Errors
/// When there is no randomness.
pub fn seal_server_key(
    sealer: &dyn Sealer,
    encoder: &EncoderName,
    base_url: &str,
    key: &Secret<String>,
) -> Result<Sealed, SealError> {
    let plain = Secret::new(key.expose().as_bytes().to_vec());
    sealer.seal(&scope(), &place(encoder, base_url), &plain)
}

/// Opens such a key.
pub(super) fn open_server_key(
    sealer: &dyn Sealer,
    encoder: &EncoderName,
    base_url: &str,
    sealed: &Sealed,
) -> Result<Secret<String>, Unsealable> {
    let plain = sealer.open(&scope(), &place(encoder, base_url), sealed)?;
    std::str::from_utf8(plain.expose()).map(|key| Secret::new(key.to_owned())).map_err(|_| Unsealable)
}

fn scope() -> TenantScope {
    TenantScope::assume(TenantId::from_bytes(NOBODY), "an encoder is the installation's, and no tenant's")
}

fn place(encoder: &EncoderName, base_url: &str) -> AssociatedData {
    let digest =
        Sha256::new().chain_update(encoder.as_str()).chain_update([0]).chain_update(base_url).finalize();
    let mut row = [0; 16];
    for (byte, of_digest) in row.iter_mut().zip(digest) {
        *byte = of_digest;
    }
    AssociatedData { table: "encoders", column: "server_key", row }
}
