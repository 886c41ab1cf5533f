//! Making, changing and reading datasets, and reading their jobs.

use futures_executor::block_on;

use crate::access::Permission;
use crate::audit::{Action, ChangeCode, Changes, ObjectKind, RequestContext};
use crate::dataset::ports::DatasetView;
use crate::dataset::{AnalyzerSettings, Dataset, DatasetState, JobSnapshot, JobStatus, Usage};
use crate::identity::{AuthorizationError, Principal};
use crate::ids::{DatasetId, JobId};
use crate::page::{Page, PageRequest};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::{StoreError, View};
use crate::tenant::TenantScope;
use crate::text::{Line, Name};
use crate::unit::{Recorded, check_revision};

/// A dataset is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDataset {
    /// Its name.
    pub name: Name,
    /// One sentence about it.
    pub summary: Line,
    /// Words to find it by.
    pub tags: Line,
    /// How its words are made comparable.
    pub analyzer: AnalyzerSettings,
}

/// A dataset is to be changed; `None` leaves a part as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeDataset {
    /// Its name.
    pub name: Option<Name>,
    /// One sentence about it.
    pub summary: Option<Line>,
    /// Words to find it by.
    pub tags: Option<Line>,
    /// Only if this is still its revision.
    pub if_revision: Option<u64>,
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
    /// The tenant has as many datasets as it may.
    #[error("the tenant has {0} datasets, which is all it may have")]
    LimitReached(u64),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(DatasetError);

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
/// When the name is taken, the tenant is full, the caller's role does not permit it, or a port failed.
pub async fn create_dataset(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    wanted: NewDataset,
) -> Result<Dataset, DatasetError> {
    principal.scope(Permission::WriteDatasets)?;
    let dataset = Dataset {
        id: DatasetId::generate(context.now, &*context.entropy)?,
        name: wanted.name.into(),
        summary: wanted.summary.into(),
        tags: wanted.tags.into(),
        analyzer: wanted.analyzer,
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
    let authorization = principal.authorize(Permission::WriteDatasets, space.clock.now())?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            if tx.dataset_named(&scope, &dataset.name)?.is_some() {
                return Err(DatasetError::NameTaken.into());
            }
            if tx.count_datasets(&scope)? >= limit {
                return Err(DatasetError::LimitReached(limit).into());
            }
            tx.add_dataset(&scope, &dataset)?;
            Ok(Recorded::new(dataset.clone(), event.clone()))
        })
        .await
}

/// Changes a dataset.
///
/// # Errors
/// When there is no such dataset or it has been changed since, the name is taken, the caller's role does not permit it,
/// or a port failed.
pub async fn change_dataset(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: DatasetId,
    change: ChangeDataset,
) -> Result<Dataset, DatasetError> {
    principal.scope(Permission::WriteDatasets)?;
    let event = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Dataset, id);
    let now = context.now;
    let authorization = principal.authorize(Permission::WriteDatasets, space.clock.now())?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let mut dataset = active(tx, &scope, id)?.ok_or(DatasetError::NotFound)?;
            check_revision(change.if_revision, dataset.revision, DatasetError::Changed)?;
            let mut changes = Changes::default();
            if let Some(name) = &change.name {
                if tx.dataset_named(&scope, name.as_str())?.is_some_and(|other| other.id != id) {
                    return Err(DatasetError::NameTaken.into());
                }
                changes.replace(ChangeCode::ChangedName, &mut dataset.name, name.clone().into());
            }
            if let Some(summary) = &change.summary {
                changes.replace(ChangeCode::ChangedSummary, &mut dataset.summary, summary.clone().into());
            }
            if let Some(tags) = &change.tags {
                changes.replace(ChangeCode::ChangedTags, &mut dataset.tags, tags.clone().into());
            }
            dataset.revision += 1;
            dataset.updated_at = now;
            tx.update_dataset(&scope, &dataset)?;
            Ok(Recorded::new(dataset, event.clone().changing(changes)))
        })
        .await
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

/// How much a dataset holds at this moment. Blocks on a disk.
///
/// # Errors
/// When there is no such dataset, the caller's role does not permit it, or a port failed.
pub fn usage(space: &Space, principal: &Principal, id: DatasetId) -> Result<Usage, DatasetError> {
    let scope = principal.scope(Permission::ReadMetadata)?;
    block_on(dataset(space, principal, id))?;
    let usage = space.documents.usage(&scope, id)?;
    // The disk was waited for.
    principal.recheck_reader(space, Permission::ReadMetadata)?;
    Ok(usage)
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
