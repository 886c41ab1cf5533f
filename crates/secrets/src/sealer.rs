//! The sealer: a value is sealed with associated data, and opened with the same alone.

use std::sync::Arc;

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Key, Tag, XChaCha20Poly1305, XNonce};
use hkdf::hmac::{Hmac, Mac};
use sha2::Sha256;
use syft_space_domain::random::Entropy;
use syft_space_domain::sealing::{AssociatedData, SealError, Sealed, Sealer, Unsealable};
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::TenantScope;
use zeroize::Zeroizing;

use crate::MasterKey;
use crate::master_key::ID_BYTES;

/// The version of the format that is written and read here.
const FORMAT_VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// Seals by XChaCha20-Poly1305, with a key per tenant derived from a [`MasterKey`].
pub struct XChaChaSealer {
    master: MasterKey,
    entropy: Arc<dyn Entropy>,
}

/// The parts of a sealed value.
struct SealedParts<'a> {
    nonce: &'a [u8; NONCE_BYTES],
    ciphertext: &'a [u8],
    tag: &'a [u8; TAG_BYTES],
}

impl XChaChaSealer {
    /// Seals with this key; nonces come from `entropy`.
    #[must_use]
    pub fn new(master: MasterKey, entropy: Arc<dyn Entropy>) -> Self {
        Self { master, entropy }
    }

    fn cipher(&self, scope: &TenantScope) -> Option<XChaCha20Poly1305> {
        let key = self.master.derive_tenant_key(scope)?;
        Some(XChaCha20Poly1305::new(<&Key>::from(&*key)))
    }

    /// Splits a value; `None` when it is of another format or key, or too short.
    fn parts<'a>(&self, sealed: &'a [u8]) -> Option<SealedParts<'a>> {
        let (version, rest) = sealed.split_first()?;
        let (id, rest) = rest.split_first_chunk::<ID_BYTES>()?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>()?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
        (*version == FORMAT_VERSION && *id == self.master.id).then_some(SealedParts {
            nonce,
            ciphertext,
            tag,
        })
    }

    /// The bytes of the associated data, which bind a value to its format, key and place. Names have their lengths before
    /// them: no two places have the same bytes.
    fn encode_associated_data(&self, scope: &TenantScope, associated_data: &AssociatedData) -> Vec<u8> {
        let mut data = vec![FORMAT_VERSION];
        data.extend_from_slice(&self.master.id);
        data.extend_from_slice(scope.tenant().as_bytes());
        data.extend_from_slice(&associated_data.row);
        for name in [associated_data.table, associated_data.column] {
            let length = u64::try_from(name.len()).unwrap_or(u64::MAX);
            data.extend_from_slice(&length.to_be_bytes());
            data.extend_from_slice(name.as_bytes());
        }
        data
    }

    fn decrypt(
        &self,
        scope: &TenantScope,
        associated_data: &AssociatedData,
        sealed: &Sealed,
    ) -> Option<Secret<Vec<u8>>> {
        let SealedParts { nonce, ciphertext, tag } = self.parts(sealed.as_bytes())?;
        let mut plain = Zeroizing::new(ciphertext.to_vec());
        let aad = self.encode_associated_data(scope, associated_data);
        let (nonce, tag) = (<&XNonce>::from(nonce), <&Tag>::from(tag));
        self.cipher(scope)?.decrypt_inout_detached(nonce, &aad, plain.as_mut_slice().into(), tag).ok()?;
        Some(Secret::new(std::mem::take(&mut *plain)))
    }
}

impl Sealer for XChaChaSealer {
    fn seal(
        &self,
        scope: &TenantScope,
        associated_data: &AssociatedData,
        plain: &Secret<Vec<u8>>,
    ) -> Result<Sealed, SealError> {
        let refuse = |why: &str| SealError(why.to_owned());
        let cipher = self.cipher(scope).ok_or_else(|| refuse("no key could be derived"))?;
        let mut nonce = [0; NONCE_BYTES];
        self.entropy.fill(&mut nonce).map_err(|error| SealError(error.to_string()))?;

        let plain = plain.expose();
        let header_bytes = 1 + ID_BYTES + NONCE_BYTES;
        // Made with room for all: a buffer that grows would leave the value behind.
        let mut sealed = Zeroizing::new(Vec::with_capacity(header_bytes + plain.len() + TAG_BYTES));
        sealed.push(FORMAT_VERSION);
        sealed.extend_from_slice(&self.master.id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let body = sealed.get_mut(header_bytes..).unwrap_or_default();
        let aad = self.encode_associated_data(scope, associated_data);
        let tag = cipher
            .encrypt_inout_detached(<&XNonce>::from(&nonce), &aad, body.into())
            .map_err(|_| refuse("it is too long"))?;
        sealed.extend_from_slice(&tag);
        Ok(Sealed::from_bytes(std::mem::take(&mut *sealed)))
    }

    fn open(
        &self,
        scope: &TenantScope,
        associated_data: &AssociatedData,
        sealed: &Sealed,
    ) -> Result<Secret<Vec<u8>>, Unsealable> {
        self.decrypt(scope, associated_data, sealed).ok_or(Unsealable)
    }

    fn digest(
        &self,
        scope: &TenantScope,
        purpose: &'static str,
        bytes: &[u8],
    ) -> Result<[u8; 32], SealError> {
        let refuse = || SealError("no key could be derived".to_owned());
        let key = self.master.derive_digest_key(scope).ok_or_else(refuse)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&*key).map_err(|_| refuse())?;
        // With its length before it, so that no two purposes and bytes read the same.
        mac.update(&u64::try_from(purpose.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(purpose.as_bytes());
        mac.update(bytes);
        Ok(mac.finalize().into_bytes().into())
    }
}
