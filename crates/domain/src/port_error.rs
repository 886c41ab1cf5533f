//! The failure of a port, which any use case can answer and nobody is at fault for.

use crate::dataset::ports::{ExtractError, RemoteSpaceError, SearchError, VectorIndexError};
use crate::encoder::ports::EncodeError;
use crate::identity::ports::HashingError;
use crate::identity::{SigningKeysError, TokenSignError};
use crate::privacy::ports::ErasureLedgerError;
use crate::provisioning::DatabaseError;
use crate::random::RandomError;
use crate::sealing::SealError;
use crate::snapshot::SnapshotError;
use crate::store::StoreError;

/// A port failed, so the use case did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The source of randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The hashing of passwords.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The signing of tokens.
    #[error(transparent)]
    Signing(#[from] TokenSignError),
    /// The keys that sign tokens.
    #[error(transparent)]
    SigningKeys(#[from] SigningKeysError),
    /// The search engine.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The index of vectors.
    #[error(transparent)]
    Vectors(#[from] VectorIndexError),
    /// The engine that makes databases.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Another space.
    #[error(transparent)]
    RemoteSpace(#[from] RemoteSpaceError),
    /// The encoder.
    #[error(transparent)]
    Encoding(#[from] EncodeError),
    /// The reading of files.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// The sealing of secrets.
    #[error(transparent)]
    Sealing(#[from] SealError),
    /// The snapshots.
    #[error(transparent)]
    Live(#[from] SnapshotError),
    /// The erasure ledger.
    #[error(transparent)]
    ErasureLedger(#[from] ErasureLedgerError),
}

/// Lets the failures of ports turn into a use case's own error with `?`, and that into the end of a unit of work.
macro_rules! port_errors {
    ($error:ty) => {
        impl $crate::unit::UnitError for $error {
            fn into_store_error(self) -> Result<$crate::store::StoreError, Self> {
                match self {
                    Self::PortError($crate::port_error::PortError::Store(error)) => Ok(error),
                    error => Err(error),
                }
            }
        }
        $crate::port_error::port_errors!(@each $error:
            $crate::store::StoreError, $crate::random::RandomError, $crate::identity::ports::HashingError,
            $crate::identity::TokenSignError, $crate::dataset::ports::SearchError, $crate::sealing::SealError,
            $crate::snapshot::SnapshotError);
    };
    (@each $error:ty: $($fault:ty),*) => {$(
        impl From<$fault> for $error {
            fn from(fault: $fault) -> Self {
                Self::PortError(fault.into())
            }
        }
    )*};
}
pub(crate) use port_errors;
