//! Where a dataset's vectors lie, as it is stored with the dataset.

use std::sync::Arc;

use crate::Pending;
use crate::as_text::text_enum;
use crate::audit::ChangeCode;
use crate::dataset::ports::{VectorDatabases, VectorDatabasesError};
use crate::dataset::{
    ChangeRemote, RemoteEndpoint, RemoteIncomplete, ServerUrl, VectorDatabase, VectorDatabaseCredential,
    VectorDatabaseKind,
};
use crate::ids::DatasetId;
use crate::provisioning::ports::DatabaseStatus;
use crate::provisioning::{DatabaseCredential, DatabaseError, Databases};
use crate::sealing::{AssociatedData, SealError, Sealed, Sealer, Unsealable};
use crate::secret::Secret;
use crate::store::Store;
use crate::tenant::TenantScope;

text_enum! {
    /// What keeps a dataset's vectors. Words, texts and documents are in the space, whichever keeps the vectors; nothing is of what another
    /// space answers.
    pub enum DatasetType {
        /// The space itself.
        Embedded = "embedded",
        /// A Chroma server.
        Chroma = "chroma",
        /// A Qdrant server.
        Qdrant = "qdrant",
        /// Another space, which is asked for everything.
        RemoteSpace = "remote_space",
    }

    /// A text that is no type of dataset.
    #[error("a dataset is of the type embedded, chroma, qdrant or remote_space")]
    pub struct DatasetTypeError;
}

impl DatasetType {
    /// What its server is spoken to with; `None` where there is none.
    #[must_use]
    pub fn database(self) -> Option<VectorDatabaseKind> {
        match self {
            Self::Embedded | Self::RemoteSpace => None,
            Self::Chroma => Some(VectorDatabaseKind::Chroma),
            Self::Qdrant => Some(VectorDatabaseKind::Qdrant),
        }
    }
}

impl From<VectorDatabaseKind> for DatasetType {
    fn from(kind: VectorDatabaseKind) -> Self {
        match kind {
            VectorDatabaseKind::Chroma => Self::Chroma,
            VectorDatabaseKind::Qdrant => Self::Qdrant,
        }
    }
}

/// Where a dataset's vectors lie.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum VectorLocation {
    /// In the space.
    #[default]
    Embedded,
    /// In a vector database of somebody's.
    Database(StoredVectorDatabase),
    /// In a vector database that the space makes for the dataset.
    Provisioned(VectorDatabaseKind),
    /// In another space, if anywhere: its endpoint is asked in place of the dataset, of which nothing is here.
    RemoteSpace(Arc<RemoteEndpoint>),
}

/// A vector database, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredVectorDatabase {
    /// What it is spoken to with.
    pub kind: VectorDatabaseKind,
    /// Where it is.
    pub url: ServerUrl,
    /// What it knows the space by: a [`VectorDatabaseCredential`], sealed.
    pub credential: Option<Sealed>,
}

impl VectorLocation {
    /// The type of a dataset whose vectors lie here.
    #[must_use]
    pub fn dataset_type(&self) -> DatasetType {
        match self {
            Self::Embedded => DatasetType::Embedded,
            Self::Database(database) => database.kind.into(),
            Self::Provisioned(kind) => (*kind).into(),
            Self::RemoteSpace(_) => DatasetType::RemoteSpace,
        }
    }

    /// What the database is spoken to with; `None` where there is none.
    #[must_use]
    pub fn kind(&self) -> Option<VectorDatabaseKind> {
        match self {
            Self::Embedded | Self::RemoteSpace(_) => None,
            Self::Database(database) => Some(database.kind),
            Self::Provisioned(kind) => Some(*kind),
        }
    }

    /// The database, where it is somebody's.
    #[must_use]
    pub fn database(&self) -> Option<&StoredVectorDatabase> {
        match self {
            Self::Embedded | Self::Provisioned(_) | Self::RemoteSpace(_) => None,
            Self::Database(database) => Some(database),
        }
    }

    /// The kind of the database, where the space makes it.
    #[must_use]
    pub fn provisioned(&self) -> Option<VectorDatabaseKind> {
        match self {
            Self::Provisioned(kind) => Some(*kind),
            Self::Embedded | Self::Database(_) | Self::RemoteSpace(_) => None,
        }
    }

    /// The endpoint of another space, where that is asked in place of the dataset.
    #[must_use]
    pub fn remote(&self) -> Option<&Arc<RemoteEndpoint>> {
        match self {
            Self::RemoteSpace(endpoint) => Some(endpoint),
            Self::Embedded | Self::Database(_) | Self::Provisioned(_) => None,
        }
    }

    /// Whether this is the same place, whatever credential it is called with.
    #[must_use]
    pub fn is_same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Database(one), Self::Database(other)) => one.kind == other.kind && one.url == other.url,
            (one, other) => one == other,
        }
    }
}

/// Settings of a vector database that do not go with the type of the dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VectorLocationError {
    /// The vectors lie in the space, and a database is described all the same.
    #[error(
        "the vectors of an embedded dataset lie in the space: leave url, credential and provisioned out, or name another dtype"
    )]
    NoDatabase,
    /// Something is described that only an endpoint of another space has.
    #[error(
        "slug, owner, marketplace_id, tenant_name and purpose say which endpoint of another space is asked: leave them out, or name the dtype \
         remote_space"
    )]
    NotRemote,
    /// Something is described that an endpoint of another space has not.
    #[error(
        "another space is asked with a token that the marketplace gives, and nothing is made for that: leave credential and provisioned out"
    )]
    NoRemoteCredential,
    /// A part of what says which endpoint of another space is asked is missing.
    #[error(transparent)]
    RemoteIncomplete(#[from] RemoteIncomplete),
    /// A dataset of documents is to ask another space, or the other way round.
    #[error("a dataset that asks another space stays one, and no other becomes one: make another dataset")]
    RemoteStays,
    /// Nothing says where the database is.
    #[error(
        "a dataset of this dtype needs the url of its vector database, or provisioned: true for one that the space makes"
    )]
    NoUrl,
    /// A database is to be made, and is described as one that is there.
    #[error(
        "a database that the space makes has an address and a credential of its own: leave url and credential out, or provisioned"
    )]
    Described,
    /// Databases of this kind are not made here.
    #[error(
        "this space makes no {0} databases: leave provisioned out and give the url of one; its operator can set provisioning, and an image of that kind"
    )]
    NotOffered(VectorDatabaseKind),
}

/// Where the vectors of a dataset are to lie; `None` leaves a part as it is. In another place nothing is as it was: a credential is
/// sent to nobody but the server that it was given for.
#[derive(Clone, Default)]
pub struct ChangeVectors {
    /// What keeps them.
    pub dataset_type: Option<DatasetType>,
    /// Whether the space makes the database.
    pub provisioned: Option<bool>,
    /// Where the database is.
    pub url: Option<ServerUrl>,
    /// What it knows the space by; `Some(None)` where it asks for nothing any more.
    pub credential: Option<Option<VectorDatabaseCredential>>,
    /// Which endpoint of another space is asked, at `url`.
    pub remote: ChangeRemote,
}

impl ChangeVectors {
    /// Whether everything stays as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dataset_type.is_none()
            && self.provisioned.is_none()
            && self.url.is_none()
            && self.credential.is_none()
            && self.remote.is_empty()
    }

    /// Where they lie once this is changed.
    ///
    /// # Errors
    /// When a part is missing, or of no use; when databases of the kind are to be made and are not made here; and when the credential
    /// cannot be sealed.
    pub(super) fn of<E: From<VectorLocationError> + From<SealError>>(
        &self,
        before: Option<&VectorLocation>,
        databases: &Databases,
        sealer: &dyn Sealer,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<VectorLocation, E> {
        let dataset_type = self
            .dataset_type
            .unwrap_or_else(|| before.map_or(DatasetType::Embedded, VectorLocation::dataset_type));
        let is_remote = dataset_type == DatasetType::RemoteSpace;
        if before.is_some_and(|before| before.remote().is_some() != is_remote) {
            return Err(VectorLocationError::RemoteStays.into());
        }
        if is_remote {
            return Ok(VectorLocation::RemoteSpace(Arc::new(self.of_remote(before)?)));
        }
        if !self.remote.is_empty() {
            return Err(VectorLocationError::NotRemote.into());
        }
        let before = before.unwrap_or(&VectorLocation::Embedded);
        let has_credential = self.credential.as_ref().is_some_and(Option::is_some);
        let is_described = self.url.is_some() || has_credential;
        let Some(kind) = dataset_type.database() else {
            return if is_described || self.provisioned == Some(true) {
                Err(VectorLocationError::NoDatabase.into())
            } else {
                Ok(VectorLocation::Embedded)
            };
        };
        let was_provisioned = before.provisioned() == Some(kind);
        if self.provisioned.unwrap_or(was_provisioned && self.url.is_none()) {
            if is_described {
                return Err(VectorLocationError::Described.into());
            }
            // What was made before stays, whatever is offered by now.
            if !was_provisioned && !databases.offers(kind) {
                return Err(VectorLocationError::NotOffered(kind).into());
            }
            return Ok(VectorLocation::Provisioned(kind));
        }
        let before = before.database().filter(|before| before.kind == kind);
        let url = self.url.clone().or_else(|| before.map(|before| before.url.clone()));
        let url = url.ok_or(VectorLocationError::NoUrl)?;
        let credential = match &self.credential {
            Some(new) => new.as_ref().map(|new| seal(sealer, scope, dataset, new)).transpose()?,
            None => before.filter(|before| before.url == url).and_then(|before| before.credential.clone()),
        };
        Ok(VectorLocation::Database(StoredVectorDatabase { kind, url, credential }))
    }
}

impl ChangeVectors {
    /// The endpoint of another space that is asked once this is changed.
    fn of_remote(&self, before: Option<&VectorLocation>) -> Result<RemoteEndpoint, VectorLocationError> {
        if self.credential.is_some() || self.provisioned == Some(true) {
            return Err(VectorLocationError::NoRemoteCredential);
        }
        let before = before.and_then(VectorLocation::remote);
        Ok(self.remote.of(before.map(|before| &**before), self.url.as_ref())?)
    }
}

impl VectorLocation {
    /// What is another than before.
    pub(super) fn changes_from(&self, before: &Self) -> Vec<ChangeCode> {
        if self.remote().is_some() {
            return if self == before { Vec::new() } else { vec![ChangeCode::ChangedRemoteEndpoint] };
        }
        if !self.is_same_place(before) {
            return vec![ChangeCode::ChangedVectorDatabase];
        }
        if self == before { Vec::new() } else { vec![ChangeCode::ChangedCredential] }
    }
}

/// Where the credential of a dataset's vector database lies, sealed.
fn credential_place(dataset: DatasetId) -> AssociatedData {
    AssociatedData { table: "datasets", column: "vector_credential", row: *dataset.as_bytes() }
}

fn seal(
    sealer: &dyn Sealer,
    scope: &TenantScope,
    dataset: DatasetId,
    credential: &VectorDatabaseCredential,
) -> Result<Sealed, SealError> {
    let plain = Secret::new(credential.secret().expose().clone().into_bytes());
    sealer.seal(scope, &credential_place(dataset), &plain)
}

impl StoredVectorDatabase {
    /// The database as it is called.
    fn open(
        self,
        sealer: &dyn Sealer,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<VectorDatabase, Unsealable> {
        let open = |sealed: Sealed| {
            let plain = sealer.open(scope, &credential_place(dataset), &sealed)?;
            let text = String::from_utf8(plain.expose().clone()).map_err(|_| Unsealable)?;
            VectorDatabaseCredential::parse(text).map_err(|_| Unsealable)
        };
        let credential = self.credential.map(open).transpose()?;
        Ok(VectorDatabase { kind: self.kind, url: self.url, is_provisioned: false, credential })
    }
}

/// Knows where the vectors of datasets lie, as the store has it, and the engine that made their databases.
pub struct StoredVectorDatabases {
    store: Arc<dyn Store>,
    sealer: Arc<dyn Sealer>,
    provisioned: Databases,
}

impl StoredVectorDatabases {
    /// What this store has, and this sealer opens; and the databases that the space makes.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, sealer: Arc<dyn Sealer>, provisioned: Databases) -> Self {
        Self { store, sealer, provisioned }
    }

    /// A database that the space made, as it is called.
    fn provisioned(
        &self,
        kind: VectorDatabaseKind,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<VectorDatabase, VectorDatabasesError> {
        let address = self.provisioned.address(scope, dataset)?;
        let unusable = || VectorDatabasesError::Database(DatabaseError::NotReady);
        let url = ServerUrl::parse(&address.to_string()).map_err(|_| unusable())?;
        let credential = DatabaseCredential::derive(&*self.sealer, scope, dataset)?;
        let credential = VectorDatabaseCredential::parse(credential.expose().to_owned());
        let credential = Some(credential.map_err(|_| unusable())?);
        Ok(VectorDatabase { kind, url, is_provisioned: true, credential })
    }
}

impl StoredVectorDatabases {
    /// Asks the engine whether a database is still reached where it was.
    async fn confirm(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), DatabaseError> {
        let address = self.provisioned.address(scope, dataset)?;
        let provisioner = self.provisioned.provisioner().ok_or(DatabaseError::Off)?;
        match provisioner.status(scope, dataset).await {
            Ok(DatabaseStatus::Ready(now)) if now == address => Ok(()),
            Ok(_) => {
                self.provisioned.lose(scope, dataset, address);
                Err(DatabaseError::NotReady)
            }
            Err(_) => Err(DatabaseError::NotReady),
        }
    }
}

impl VectorDatabases for StoredVectorDatabases {
    fn confirmed<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
    ) -> Pending<'a, Result<Option<VectorDatabase>, VectorDatabasesError>> {
        Box::pin(async move {
            let database = self.database(scope, dataset).await?;
            if database.as_ref().is_some_and(|database| database.is_provisioned) {
                self.confirm(scope, dataset).await?;
            }
            Ok(database)
        })
    }

    fn database<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
    ) -> Pending<'a, Result<Option<VectorDatabase>, VectorDatabasesError>> {
        Box::pin(async move {
            let of = *scope;
            let found = self.store.read(scope, move |view| view.dataset(&of, dataset)).await?;
            match found.map_or(VectorLocation::Embedded, |found| found.vectors) {
                VectorLocation::Embedded | VectorLocation::RemoteSpace(_) => Ok(None),
                VectorLocation::Database(database) => {
                    Ok(Some(database.open(&*self.sealer, scope, dataset)?))
                }
                VectorLocation::Provisioned(kind) => self.provisioned(kind, scope, dataset).map(Some),
            }
        })
    }
}
