//! The index of vectors that is wired: each dataset's vectors lie in the space or in a vector database.

use std::sync::Arc;

use futures_executor::block_on;
use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{
    LostDatabases, VectorBatch, VectorDatabases, VectorDatabasesError, VectorIndex, VectorIndexError,
};
use syft_space_domain::dataset::{
    ChangeNumber, DocumentId, Neighbour, VectorChange, VectorDatabase, VectorKey, VectorQuery,
};
use syft_space_domain::encoder::ModelRevision;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::provisioning::DatabaseError;
use syft_space_domain::tenant::{OperatorScope, TenantScope};

use crate::batches::OpenBatch;
use crate::external::ExternalVectors;
use crate::sweep::Swept;

/// Vectors in the space, and in vector databases: where, is asked with each call.
///
/// A dataset that moves leaves nothing behind: whatever lies elsewhere is given up when it is encoded next, or swept.
pub struct RoutedVectors {
    embedded: Arc<dyn VectorIndex>,
    external: ExternalVectors,
    databases: Arc<dyn VectorDatabases>,
}

impl RoutedVectors {
    /// An index over both.
    #[must_use]
    pub fn new(
        embedded: Arc<dyn VectorIndex>,
        external: ExternalVectors,
        databases: Arc<dyn VectorDatabases>,
    ) -> Self {
        Self { embedded, external, databases }
    }

    /// Goes on with what must leave vector databases: see [`ExternalVectors::sweep`].
    ///
    /// # Errors
    /// As [`ExternalVectors::sweep`].
    pub fn sweep(&self, operator: &OperatorScope) -> Result<Swept, VectorIndexError> {
        self.external.sweep(operator, &*self.databases)
    }

    /// Where a dataset's vectors lie, asked for where it may block.
    fn database(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<Option<VectorDatabase>, VectorIndexError> {
        block_on(self.databases.confirmed(scope, dataset)).map_err(|error| unknown(&error, dataset))
    }

    /// The same, for what is not asked for there.
    fn known(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<Option<VectorDatabase>, VectorIndexError> {
        block_on(self.databases.database(scope, dataset)).map_err(|error| unknown(&error, dataset))
    }

    async fn find(
        &self,
        scope: &TenantScope,
        key: VectorKey,
        query: VectorQuery<'_>,
    ) -> Result<Vec<Neighbour>, VectorIndexError> {
        let database = self.databases.database(scope, key.dataset()).await;
        match database.map_err(|error| unknown(&error, key.dataset()))? {
            Some(database) => self.external.nearest(&database, scope, key, query).await,
            None => self.embedded.nearest(scope, key, query).await,
        }
    }

    fn destroy_where(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        revision: Option<ModelRevision>,
    ) -> Result<(), VectorIndexError> {
        let embedded = match revision {
            Some(revision) => self.embedded.destroy(scope, dataset, revision),
            None => self.embedded.destroy_all(scope, dataset),
        };
        // Where it cannot be said, what lies outside is given up all the same; its server is asked without a credential.
        let (database, told) = match self.database(scope, dataset) {
            Ok(database) => (database, Ok(())),
            Err(error) => (None, Err(error)),
        };
        let confirm = || confirm(&*self.databases, scope, dataset, database.as_ref());
        let external = self.external.destroy(database.as_ref(), scope, dataset, revision, &confirm);
        embedded.and(external.map_err(|error| told.err().unwrap_or(error)))
    }
}

/// Asks again whether a database is reached where it was. Its engine may have given the address to another one meanwhile, which takes what it is
/// asked to make, and knows nothing of what is to be removed.
///
/// # Errors
/// [`NotReady`](VectorIndexError::NotReady) when it is reached elsewhere by now, or not at all.
pub(crate) fn confirm(
    databases: &dyn VectorDatabases,
    scope: &TenantScope,
    dataset: DatasetId,
    database: Option<&VectorDatabase>,
) -> Result<(), VectorIndexError> {
    let Some(before) = database.filter(|database| database.is_provisioned) else { return Ok(()) };
    let now = block_on(databases.confirmed(scope, dataset)).map_err(|error| unknown(&error, dataset))?;
    let is_there = now.is_some_and(|now| now.is_provisioned && now.url == before.url);
    if is_there { Ok(()) } else { Err(VectorIndexError::NotReady(dataset)) }
}

pub(crate) fn unknown(error: &VectorDatabasesError, dataset: DatasetId) -> VectorIndexError {
    if matches!(error, VectorDatabasesError::Database(DatabaseError::NotReady)) {
        return VectorIndexError::NotReady(dataset);
    }
    VectorIndexError::Failed(format!("where the vectors lie cannot be said: {error}"))
}

impl VectorIndex for RoutedVectors {
    fn nearest<'a>(
        &'a self,
        scope: &'a TenantScope,
        key: VectorKey,
        query: VectorQuery<'a>,
    ) -> Pending<'a, Result<Vec<Neighbour>, VectorIndexError>> {
        Box::pin(self.find(scope, key, query))
    }

    fn encoded(&self, scope: &TenantScope, key: VectorKey) -> Result<ChangeNumber, VectorIndexError> {
        match self.known(scope, key.dataset())? {
            Some(database) => self.external.encoded(&database, scope, key),
            None => self.embedded.encoded(scope, key),
        }
    }

    fn count(&self, scope: &TenantScope, key: VectorKey) -> Result<u64, VectorIndexError> {
        match self.known(scope, key.dataset())? {
            Some(database) => self.external.count(&database, scope, key),
            None => self.embedded.count(scope, key),
        }
    }

    fn begin<'a>(
        &'a self,
        scope: &TenantScope,
        key: VectorKey,
    ) -> Result<Box<dyn VectorBatch + 'a>, VectorIndexError> {
        let place = (scope.tenant(), key.dataset());
        let database = self.database(scope, key.dataset())?;
        let given_up = self.external.give_up_elsewhere(database.as_ref(), place);
        given_up.map_err(|error| error.of(key.dataset()))?;
        let Some(database) = database else { return self.embedded.begin(scope, key) };
        if !self.embedded.revisions(scope, key.dataset())?.is_empty() {
            self.embedded.destroy_all(scope, key.dataset())?;
        }
        // First it is open, then the number is read: what is destroyed in between is noted.
        let open = self.external.batches.open(place, key.revision());
        self.external.check(&database, scope, key)?;
        let encoded = self.external.encoded(&database, scope, key)?;
        Ok(Box::new(ExternalBatch { vectors: self, open, database, scope: *scope, key, encoded }))
    }

    fn outdate(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        documents: &[(ChangeNumber, DocumentId)],
    ) -> Result<(), VectorIndexError> {
        let embedded = self.embedded.outdate(scope, dataset, documents);
        // Where it cannot be said, what is outdated is out of the journal all the same, and leaves later.
        // Whose database the space made is asked for it later, too: an engine would have to be asked first, and somebody waits.
        let database = self.known(scope, dataset).unwrap_or_default();
        let database = database.filter(|database| !database.is_provisioned);
        embedded.and(self.external.outdate(database.as_ref(), scope, dataset, documents))
    }

    /// Of both, wherever the dataset's vectors are to lie: what lies elsewhere is to be destroyed too.
    fn revisions(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<Vec<ModelRevision>, VectorIndexError> {
        let mut revisions = self.embedded.revisions(scope, dataset)?;
        revisions.extend(self.external.revisions(scope, dataset)?);
        revisions.sort_unstable();
        revisions.dedup();
        Ok(revisions)
    }

    fn destroy(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        revision: ModelRevision,
    ) -> Result<(), VectorIndexError> {
        self.destroy_where(scope, dataset, Some(revision))
    }

    fn destroy_all(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), VectorIndexError> {
        self.destroy_where(scope, dataset, None)
    }

    fn forget(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        lost: LostDatabases,
    ) -> Result<Vec<String>, VectorIndexError> {
        self.external.forget(scope, dataset, lost)
    }

    fn awaits_removals(&self, scope: &TenantScope, dataset: DatasetId) -> Result<bool, VectorIndexError> {
        self.external.awaits_removals(scope, dataset)
    }

    fn settle(&self, operator: &OperatorScope) -> Result<Vec<(TenantId, DatasetId)>, VectorIndexError> {
        Ok(self.sweep(operator)?.damaged)
    }
}

/// A batch under way.
struct ExternalBatch<'a> {
    vectors: &'a RoutedVectors,
    open: OpenBatch<'a>,
    database: VectorDatabase,
    scope: TenantScope,
    key: VectorKey,
    encoded: ChangeNumber,
}

impl VectorBatch for ExternalBatch<'_> {
    fn encoded(&self) -> ChangeNumber {
        self.encoded
    }

    fn apply(self: Box<Self>, changes: &[VectorChange]) -> Result<(), VectorIndexError> {
        // Encoding took its time.
        let now = self.vectors.database(&self.scope, self.key.dataset())?;
        if self.database.is_provisioned && now.is_none_or(|now| now.url != self.database.url) {
            return Err(VectorIndexError::Destroyed);
        }
        let Self { vectors, open, database, scope, key, .. } = &*self;
        let confirm = || confirm(&*vectors.databases, scope, key.dataset(), Some(database));
        vectors.external.apply(database, scope, *key, open, changes, &confirm)
    }
}
