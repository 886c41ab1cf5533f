//! Making, changing and reading datasets, and reading their jobs.

use futures_executor::block_on;

use crate::access::Permission;
use crate::audit::{Action, ChangeCode, ObjectKind, RequestContext};
use crate::dataset::ports::DatasetView;
use crate::dataset::{
    AnalyzerSettings, ChangeVectors, Dataset, DatasetState, EncodingProgress, JobSnapshot, JobStatus,
    Retrieval, RetrievalError, SearchMode, Usage, VectorLocation, VectorLocationError,
};
use crate::encoder::EncoderName;
use crate::encoder::ports::Encoders;
use crate::identity::{AuthorizationError, Principal};
use crate::ids::{DatasetId, JobId};
use crate::marketplace::Audience;
use crate::marketplace::ports::MarketplaceView;
use crate::page::{Page, PageRequest};
use crate::port_error::{PortError, port_errors};
use crate::provisioning::DatabaseCondition;
use crate::space::Space;
use crate::store::{StoreError, View};
use crate::tenant::TenantScope;
use crate::text::{Line, Name};
use crate::unit::Recorded;

/// A dataset is to be made.
#[derive(Clone)]
pub struct NewDataset {
    /// Its name.
    pub name: Name,
    /// One sentence about it.
    pub summary: Line,
    /// Words to find it by.
    pub tags: Line,
    /// How its words are made comparable.
    pub analyzer: AnalyzerSettings,
    /// How it is searched.
    pub retrieval: NewRetrieval,
    /// Where its vectors are to lie: in the space, unless this says otherwise.
    pub vectors: ChangeVectors,
}

/// How a dataset is to be searched; `None` leaves a part as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewRetrieval {
    /// What is looked for.
    pub mode: Option<SearchMode>,
    /// The encoder of its vectors. Where one is needed and none is named, it is the only one that is installed.
    pub encoder: Option<EncoderName>,
}

/// A dataset was not made, changed, read or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatasetError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such dataset.
    #[error("there is no such dataset")]
    NotFound,
    /// There is no such job.
    #[error("there is no such job")]
    NoJob,
    /// The job has ended, so that there is nothing to stop.
    #[error("the job has ended: it {}", .0.as_str())]
    JobEnded(JobStatus),
    /// Another dataset has the name.
    #[error("there is a dataset of this name already; choose another name")]
    NameTaken,
    /// It has been changed since.
    #[error("the dataset has been changed since; read it again")]
    Changed,
    /// Endpoints search it.
    #[error("endpoints search this dataset: remove them first ({})", .0.join(", "))]
    InUse(Vec<String>),
    /// An encoder that is not installed.
    #[error("no encoder {name} is installed; {}", installed_names(.installed))]
    UnknownEncoder {
        /// The one that was named.
        name: EncoderName,
        /// Those that are, in order.
        installed: Vec<EncoderName>,
    },
    /// An encoder is needed, and none is named where there is not just one.
    #[error("an encoder is needed to search by meaning; {}", installed_names(.0))]
    EncoderNeeded(Vec<EncoderName>),
    /// A mode and an encoder that do not go together.
    #[error(transparent)]
    Retrieval(#[from] RetrievalError),
    /// Settings of a vector database, or of another space, that do not go with the type of the dataset.
    #[error(transparent)]
    Vectors(#[from] VectorLocationError),
    /// The other space is to be asked as an account at a marketplace where the tenant has none.
    #[error(
        "the tenant has no such marketplace: register it first, for the other space is asked as your account there"
    )]
    NoMarketplace,
    /// The other space would be the tenant's own.
    #[error("this is your own account there: ask your own datasets")]
    OwnAccount,
    /// It is said how another space searches.
    #[error(
        "the other space decides how it searches: leave the search, the encoder and how words are compared out"
    )]
    RemoteSearch,
    /// The tenant has as many datasets as it may.
    #[error("the tenant has {0} datasets, which is all it may have")]
    LimitReached(u64),
    /// The space makes as many databases for the tenant as it may.
    #[error(
        "the space makes {} vector databases for a tenant at the most; remove a dataset that has one, move its vectors elsewhere, or give the url of a \
         database of your own",
        MAX_DATABASES
    )]
    TooManyDatabases,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(DatasetError);

/// Which encoders there are to choose from.
fn installed_names(names: &[EncoderName]) -> String {
    if names.is_empty() {
        return "none is here yet: the operator of this installation installs one".to_owned();
    }
    let names: Vec<&str> = names.iter().map(EncoderName::as_str).collect();
    format!("there are: {}", names.join(", "))
}

impl NewRetrieval {
    /// How a dataset is searched once this is changed.
    pub(super) fn of(&self, before: &Retrieval, encoders: &dyn Encoders) -> Result<Retrieval, DatasetError> {
        let mode = self.mode.unwrap_or_else(|| before.mode());
        if mode == SearchMode::Words {
            return Ok(Retrieval::new(mode, self.encoder.clone())?);
        }
        let Some(name) = self.encoder.as_ref().or_else(|| before.encoder()).cloned() else {
            return match <[EncoderName; 1]>::try_from(encoders.names()) {
                Ok([only]) => Ok(Retrieval::new(mode, Some(only))?),
                Err(installed) => Err(DatasetError::EncoderNeeded(installed)),
            };
        };
        if encoders.encoder(&name).is_none() {
            return Err(DatasetError::UnknownEncoder { name, installed: encoders.names() });
        }
        Ok(Retrieval::new(mode, Some(name))?)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.mode.is_none() && self.encoder.is_none()
    }
}

/// A dataset that anybody may see: one that is not being removed.
pub(super) fn active<V: DatasetView + ?Sized>(
    view: &mut V,
    scope: &TenantScope,
    id: DatasetId,
) -> Result<Option<Dataset>, StoreError> {
    Ok(view.dataset(scope, id)?.filter(|dataset| dataset.state == DatasetState::Active))
}

/// Makes a dataset.
///
/// # Errors
/// When the name is taken, its encoder is not installed or not needed, the tenant is full, the caller's role does not permit it, or a port failed.
pub async fn create_dataset(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    wanted: NewDataset,
) -> Result<Dataset, DatasetError> {
    let scope = principal.scope(Permission::WriteDatasets)?;
    let id = DatasetId::generate(context.now, &*context.entropy)?;
    let vectors =
        wanted.vectors.of::<DatasetError>(None, &space.meaning.databases, &*space.sealer, &scope, id)?;
    if vectors.remote().is_some()
        && !(wanted.retrieval.is_empty() && wanted.analyzer == AnalyzerSettings::default())
    {
        return Err(DatasetError::RemoteSearch);
    }
    // A vector database is of no use but to find what is meant.
    let mode = wanted.retrieval.mode.or_else(|| vectors.kind().map(|_| SearchMode::Both));
    let retrieval = NewRetrieval { mode, ..wanted.retrieval };
    let retrieval = retrieval.of(&Retrieval::Words, &*space.meaning.encoders)?;
    let dataset = Dataset {
        id,
        name: wanted.name.into(),
        summary: wanted.summary.into(),
        tags: wanted.tags.into(),
        analyzer: wanted.analyzer,
        retrieval,
        vectors,
        state: DatasetState::Active,
        revision: 1,
        created_at: context.now,
        updated_at: context.now,
    };
    let event = principal
        .event(context, Action::ConfigChange)?
        .on(ObjectKind::Dataset, dataset.id)
        .changing(ChangeCode::Created);
    let limit = principal.snapshot().tenant.limits.datasets;
    let authorization = principal.authorize(permission_for(&dataset.vectors), space.clock.now())?;
    let created: Result<Dataset, DatasetError> = space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            if tx.dataset_named(&scope, &dataset.name)?.is_some() {
                return Err(DatasetError::NameTaken.into());
            }
            if tx.count_datasets(&scope)? >= limit {
                return Err(DatasetError::LimitReached(limit).into());
            }
            if dataset.vectors.provisioned().is_some() {
                check_databases(tx, &scope, dataset.id)?;
            }
            check_marketplace(tx, &scope, &dataset.vectors)?;
            tx.add_dataset(&scope, &dataset)?;
            Ok(Recorded::new(dataset.clone(), event.clone()))
        })
        .await;
    let created = created?;
    want_database(space, &scope, &created);
    Ok(created)
}

/// Checks that no other dataset has the name.
pub(super) fn check_name<V: DatasetView + ?Sized>(
    view: &mut V,
    scope: &TenantScope,
    name: &str,
    id: DatasetId,
) -> Result<(), DatasetError> {
    let is_taken = view.dataset_named(scope, name)?.is_some_and(|other| other.id != id);
    if is_taken { Err(DatasetError::NameTaken) } else { Ok(()) }
}

/// Checks that the tenant's network has room for a database beside those of its other datasets.
pub(super) fn check_databases<V: DatasetView + ?Sized>(
    view: &mut V,
    scope: &TenantScope,
    id: DatasetId,
) -> Result<(), DatasetError> {
    let has_database = |other: &Dataset| other.id != id && other.vectors.provisioned().is_some();
    let others = view.all_datasets(scope)?.into_iter().filter(has_database).count();
    if others < MAX_DATABASES { Ok(()) } else { Err(DatasetError::TooManyDatabases) }
}

/// What it takes to say where the vectors of a dataset lie. Whoever says whom the tenant's account at a marketplace asks, acts as that account.
pub(super) fn permission_for(vectors: &VectorLocation) -> Permission {
    if vectors.remote().is_some() { Permission::ManageMarketplaces } else { Permission::WriteDatasets }
}

/// Checks that the tenant has the account as which another space is asked.
pub(super) fn check_marketplace<V: MarketplaceView + ?Sized>(
    view: &mut V,
    scope: &TenantScope,
    vectors: &VectorLocation,
) -> Result<(), DatasetError> {
    let Some(endpoint) = vectors.remote() else { return Ok(()) };
    let at = view.marketplace(scope, endpoint.marketplace)?.ok_or(DatasetError::NoMarketplace)?;
    let own = [Some(Audience::from(&at.username)), at.satellite.map(Audience::from)];
    if own.contains(&Some(endpoint.owner.clone())) { Err(DatasetError::OwnAccount) } else { Ok(()) }
}

/// The most databases that the space makes for one tenant: so many addresses has a network of theirs.
const MAX_DATABASES: usize = 13;

/// Has the database of a dataset made soon, where the space makes it.
pub(super) fn want_database(space: &Space, scope: &TenantScope, dataset: &Dataset) {
    if dataset.vectors.provisioned().is_some() {
        space.meaning.databases.want(scope, dataset.id);
    }
}

/// One dataset.
///
/// # Errors
/// When there is none, the caller's role does not permit it, or a port failed.
pub async fn dataset(space: &Space, principal: &Principal, id: DatasetId) -> Result<Dataset, DatasetError> {
    let find = move |view: &mut dyn View, scope: &TenantScope| {
        active(view, scope, id)?.ok_or(DatasetError::NotFound)
    };
    space.read(principal, Permission::ReadMetadata, find).await
}

/// How much a dataset holds, and how far its vectors and its database are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetUsage {
    /// What it holds.
    pub held: Usage,
    /// How far its vectors are; `None` where it is searched by words, and where nobody has looked since the start.
    pub vectors: Option<EncodingProgress>,
    /// How the database is that the space makes for it; `None` where its vectors lie elsewhere.
    pub database: Option<DatabaseCondition>,
}

/// How much a dataset holds at this moment. Blocks on a disk.
///
/// # Errors
/// When there is no such dataset, the caller's role does not permit it, or a port failed.
pub fn usage(space: &Space, principal: &Principal, id: DatasetId) -> Result<DatasetUsage, DatasetError> {
    let scope = principal.scope(Permission::ReadMetadata)?;
    let location = block_on(dataset(space, principal, id))?.vectors;
    let held = space.documents.usage(&scope, id)?;
    let vectors = space.meaning.queue.progress(&scope, id);
    let database = location.provisioned().map(|_| space.meaning.databases.condition(&scope, id));
    // The disk was waited for.
    principal.recheck_reader(space, Permission::ReadMetadata)?;
    Ok(DatasetUsage { held, vectors, database })
}

/// The tenant's datasets.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn datasets(
    space: &Space,
    principal: &Principal,
    page: PageRequest<DatasetId>,
) -> Result<Page<Dataset, DatasetId>, DatasetError> {
    space.read(principal, Permission::ReadMetadata, move |view, scope| Ok(view.datasets(scope, page)?)).await
}

/// One job of a dataset, as it is at this moment.
///
/// # Errors
/// When there is none, the caller's role does not permit it, or a port failed.
pub async fn job(
    space: &Space,
    principal: &Principal,
    dataset: DatasetId,
    id: JobId,
) -> Result<JobSnapshot, DatasetError> {
    let found = space.read(principal, Permission::WriteDatasets, move |view, scope| {
        active(view, scope, dataset)?.ok_or(DatasetError::NotFound)?;
        view.job(scope, dataset, id)?.ok_or(DatasetError::NoJob)
    });
    Ok(space.ingestion.now(found.await?, space.clock.now()))
}

/// A dataset's jobs, the newest first, as they are at this moment.
///
/// # Errors
/// When there is no such dataset, the caller's role does not permit it, or a port failed.
pub async fn jobs(
    space: &Space,
    principal: &Principal,
    dataset: DatasetId,
    page: PageRequest<JobId>,
) -> Result<Page<JobSnapshot, JobId>, DatasetError> {
    let found = space.read(principal, Permission::WriteDatasets, move |view, scope| {
        active(view, scope, dataset)?.ok_or(DatasetError::NotFound)?;
        Ok::<_, DatasetError>(view.jobs(scope, dataset, page)?)
    });
    let Page { items, next } = found.await?;
    let now = space.clock.now();
    Ok(Page { items: items.into_iter().map(|job| space.ingestion.now(job, now)).collect(), next })
}
