//! The port that encrypts a secret for one place, and opens it there alone.

use std::fmt;

use crate::secret::Secret;
use crate::tenant::TenantScope;

/// A value that was encrypted and authenticated by a [`Sealer`]. It may be stored and copied; without the key it tells
/// nothing but its length.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// What a sealer made, or a store kept.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// Where a sealed value lies. With the tenant it is authenticated: a value that was moved to another row, column,
/// table or tenant cannot be opened there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssociatedData {
    /// The table.
    pub table: &'static str,
    /// Its column.
    pub column: &'static str,
    /// The row's id.
    pub row: [u8; 16],
}

/// A value was not sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a secret could not be sealed: {0}")]
pub struct SealError(pub String);

/// A sealed value that cannot be opened: the key is another, or the value was changed or moved. Whoever needs it must
/// give a new one; nothing else is harmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored secret cannot be opened and needs a new value")]
pub struct Unsealable;

/// Encrypts and opens values, each for its tenant and place.
pub trait Sealer: Send + Sync {
    /// Encrypts a value.
    ///
    /// # Errors
    /// When there is no key or no randomness.
    fn seal(
        &self,
        scope: &TenantScope,
        place: &AssociatedData,
        plain: &Secret<Vec<u8>>,
    ) -> Result<Sealed, SealError>;

    /// Opens a value.
    ///
    /// # Errors
    /// When it is not one that was sealed by this space for this tenant and place.
    fn open(
        &self,
        scope: &TenantScope,
        place: &AssociatedData,
        sealed: &Sealed,
    ) -> Result<Secret<Vec<u8>>, Unsealable>;

    /// A digest of a tenant's that nobody can make, or guess what it is of, without this space's key: the same for the same bytes
    /// and the same purpose, and another for anything else. A purpose is a constant of the program, and short.
    ///
    /// # Errors
    /// When there is no key.
    fn digest(&self, scope: &TenantScope, purpose: &'static str, bytes: &[u8])
    -> Result<[u8; 32], SealError>;
}
