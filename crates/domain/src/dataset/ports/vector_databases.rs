//! The port that knows where the vectors of datasets lie.

use crate::Pending;
use crate::dataset::VectorDatabase;
use crate::ids::DatasetId;
use crate::provisioning::DatabaseError;
use crate::sealing::{SealError, Unsealable};
use crate::store::StoreError;
use crate::tenant::TenantScope;

/// Where the vectors of a dataset lie cannot be said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VectorDatabasesError {
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The credential of the database cannot be opened.
    #[error(transparent)]
    Credential(#[from] Unsealable),
    /// The credential of a database that the space made cannot be made.
    #[error(transparent)]
    Sealing(#[from] SealError),
    /// A database that the space makes is not ready.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Knows where the vectors of datasets lie.
pub trait VectorDatabases: Send + Sync {
    /// The vector database for a dataset's vectors, whatever the dataset's state; `None` where they lie in the space itself, and
    /// where there is no such dataset. It answers what is so now: whoever asks again may be told another.
    ///
    /// # Errors
    /// [`Store`](VectorDatabasesError::Store) when it cannot be read, [`Credential`](VectorDatabasesError::Credential)
    /// when what the database knows the space by needs a new value, [`Sealing`](VectorDatabasesError::Sealing) when that of a database
    /// of the space's own making cannot be made, and [`Database`](VectorDatabasesError::Database) while such a one is not ready.
    fn database<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
    ) -> Pending<'a, Result<Option<VectorDatabase>, VectorDatabasesError>>;

    /// The same, for whoever changes something there: that it is still this dataset's, and no other's that has got its address since, has
    /// just been asked for.
    ///
    /// # Errors
    /// As [`database`](Self::database); and [`Database`](VectorDatabasesError::Database) when it is not reached there any more, or
    /// nobody can say.
    fn confirmed<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
    ) -> Pending<'a, Result<Option<VectorDatabase>, VectorDatabasesError>> {
        self.database(scope, dataset)
    }
}
