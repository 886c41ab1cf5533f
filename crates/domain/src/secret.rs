//! Secrets: values that never print themselves, and show themselves only when asked by name.

use hkdf::Hkdf;
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::random::{Entropy, RandomError};

/// A secret value. It has no `Debug`, no `Display` and no `Serialize`, and is overwritten when dropped.
///
/// ```compile_fail
/// let secret = syft_space_domain::secret::Secret::new(String::from("hunter2"));
/// println!("{secret:?}");
/// ```
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Each call is a place to look at in a review.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

/// A token that a person carries: 256 random bits as 64 hexadecimal digits. What is stored is its
/// [`TokenHash`] alone.
#[derive(Clone)]
pub struct BearerSecret(Secret<String>);

/// The SHA-256 of a [`BearerSecret`]. A plain hash is enough: the input has 256 bits of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl BearerSecret {
    /// How many digits it has.
    pub const LENGTH: usize = 64;

    /// A new token.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, RandomError> {
        let mut bytes = [0u8; 32];
        entropy.fill(&mut bytes)?;
        Ok(Self::of(bytes))
    }

    /// The token of these bytes.
    pub(crate) fn of(mut bytes: [u8; 32]) -> Self {
        let text = hex::encode(bytes);
        bytes.zeroize();
        Self(Secret::new(text))
    }

    /// The token that somebody presents; `None` where it is of no such form.
    #[must_use]
    pub fn presented(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_token = text.len() == Self::LENGTH && text.bytes().all(is_digit);
        is_token.then(|| Self(Secret::new(text.to_owned())))
    }

    /// Another token, which only whoever holds this one can make, and only with this salt: HKDF-SHA-256 (RFC 5869). `None` never.
    pub(crate) fn derive(&self, salt: &[u8; 32], label: &[u8]) -> Option<Self> {
        let mut bytes = [0u8; 32];
        Hkdf::<Sha256>::new(Some(salt), self.expose().as_bytes()).expand(label, &mut bytes).ok()?;
        Some(Self::of(bytes))
    }

    /// The token's text, to be shown once.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.expose())
    }
}

impl TokenHash {
    /// The hash of what a caller presents.
    #[must_use]
    pub fn of(presented: &str) -> Self {
        Self(Sha256::digest(presented.as_bytes()).into())
    }

    /// Whether both are equal, in a time that does not tell where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
