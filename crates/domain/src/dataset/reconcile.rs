//! Ending at start what a crash cut short: jobs, removals, and indexes that are behind. Jobs of files go on in the
//! background.

use std::collections::HashSet;
use std::sync::Arc;

use crate::audit::ports::EventFilter;
use crate::audit::{Action, Object, ObjectKind, Origin, Outcome, RequestContext};
use crate::dataset::ingest::{STEP, end, failed};
use crate::dataset::ports::SearchError;
use crate::dataset::task::Task;
use crate::dataset::{
    ChangeNumber, Dataset, DatasetState, IngestError, Job, JobFailure, catch_up, finish_ingestion,
    finish_removal,
};
use crate::ids::{DatasetId, TenantId};
use crate::page::{PageLimit, PageRequest};
use crate::port_error::PortError;
use crate::privacy::is_end_of_deletion;
use crate::space::Space;
use crate::store::{Flow, StoreError, View};
use crate::tenant::{OperatorScope, TenantScope};

/// What was mended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reconciled {
    /// Jobs whose documents were stored, and are found now.
    pub jobs_finished: u64,
    /// Jobs of files that go on in the background.
    pub jobs_resumed: u64,
    /// Jobs whose documents never were.
    pub jobs_failed: u64,
    /// Datasets whose removal was ended.
    pub removals_finished: u64,
    /// Indexes that were built anew: they were damaged, or ahead of their documents, of which an older copy was put back.
    pub indexes_rebuilt: u64,
    /// Spools that held something and that nobody knows, and datasets that had been removed.
    pub strays_removed: u64,
    /// Datasets that nobody knows and that nobody removed: somebody has put an older copy of the rest there. They stay as they are.
    pub unknown: Vec<(TenantId, DatasetId)>,
    /// Datasets into which documents were brought, and of which nothing is there: they were left as they are.
    pub lost: Vec<(TenantId, DatasetId)>,
    /// Datasets of whose documents another copy was put in: their index had seen changes that it lacks, and was built anew.
    pub outdated: Vec<(TenantId, DatasetId)>,
    /// Tenants that were left as they are, for what is stored of them cannot be read.
    pub tenants_skipped: u64,
}

/// Ends whatever was left half done, and queues the jobs of files that go on. Nothing else may run beside it. Blocks
/// on a disk.
///
/// # Errors
/// When a port failed; it can be called again.
pub fn reconcile(space: &Space, operator: &OperatorScope) -> Result<Reconciled, PortError> {
    let context = space.request_context(Origin::default())?;
    let mut mended = Reconciled::default();
    let mut skipped = HashSet::new();
    let mut known = HashSet::new();
    let held: Arc<HashSet<_>> = Arc::new(space.documents.held(operator)?.into_iter().collect());
    let everywhere = operator.clone();
    let tenants = space.store.read(Flow::Installation, move |view| view.tenant_ids(&everywhere));
    for tenant in tenants.wait()? {
        let scope = operator.tenant(tenant);
        let datasets = match stored(space, &scope, &held) {
            Ok(Some(datasets)) => datasets,
            // What there is of it goes in the background.
            Ok(None) => {
                skipped.insert(tenant);
                continue;
            }
            // What is stored of one tenant keeps no other from being served.
            Err(StoreError::Failed(_)) => {
                skipped.insert(tenant);
                mended.tenants_skipped += 1;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        for Stored { dataset, unfinished, is_lost } in datasets {
            known.insert((tenant, dataset.id));
            if is_lost {
                mended.lost.push((tenant, dataset.id));
                continue;
            }
            reconcile_dataset(space, &context, &scope, &dataset, unfinished, &mut mended)?;
        }
    }
    let mut unknown: Vec<_> = held.iter().filter(|held| !known.contains(held)).copied().collect();
    unknown.sort_unstable();
    for (tenant, dataset) in unknown.into_iter().filter(|(tenant, _)| !skipped.contains(tenant)) {
        let scope = operator.tenant(tenant);
        // Files of an upload that nobody has worked off are documents to be, too.
        if !was_removed(space, &scope, dataset)? {
            mended.unknown.push((tenant, dataset));
            continue;
        }
        space.engine.destroy(&scope, dataset)?;
        // Where a vector database is away it is asked again, and what says so stays with the documents until then.
        if space.meaning.vectors.destroy_all(&scope, dataset).is_err() {
            continue;
        }
        space.spool.destroy(&scope, dataset)?;
        space.documents.destroy(&scope, dataset)?;
        mended.strays_removed += 1;
    }
    Ok(mended)
}

/// A dataset as it is stored.
struct Stored {
    dataset: Dataset,
    /// Its jobs that have not ended.
    unfinished: Vec<Job>,
    /// Whether documents were brought into it, and nothing is there of it.
    is_lost: bool,
}

/// The tenant's datasets; `None` where the tenant is being removed.
fn stored(
    space: &Space,
    scope: &TenantScope,
    held: &Arc<HashSet<(TenantId, DatasetId)>>,
) -> Result<Option<Vec<Stored>>, StoreError> {
    let (scope, held) = (*scope, Arc::clone(held));
    let stored = space.store.read(&scope, move |view| {
        if view.tenant(&scope)?.is_some_and(|tenant| tenant.is_going()) {
            return Ok(None);
        }
        let datasets = view.all_datasets(&scope)?;
        let with_jobs = |dataset: Dataset| {
            let is_there = held.contains(&(scope.tenant(), dataset.id));
            let is_lost =
                !is_there && dataset.state == DatasetState::Active && was_filled(view, &scope, dataset.id)?;
            let unfinished = view.unfinished_jobs(&scope, dataset.id)?;
            Ok(Stored { dataset, unfinished, is_lost })
        };
        datasets.into_iter().map(with_jobs).collect::<Result<_, _>>().map(Some)
    });
    stored.wait()
}

/// Whether any job has brought documents into a dataset.
fn was_filled(view: &mut dyn View, scope: &TenantScope, dataset: DatasetId) -> Result<bool, StoreError> {
    let mut page = PageRequest { limit: PageLimit::LARGEST, after: None };
    loop {
        let jobs = view.jobs(scope, dataset, page)?;
        if jobs.items.iter().any(|job| job.progress.documents_done > 0) {
            return Ok(true);
        }
        page.after = jobs.next;
        if page.after.is_none() {
            return Ok(false);
        }
    }
}

/// Reads all documents of a dataset.
fn read_through(space: &Space, scope: &TenantScope, dataset: DatasetId) -> Result<(), StoreError> {
    let mut after = ChangeNumber::default();
    loop {
        let changes = space.documents.changes(scope, dataset, after, STEP)?;
        let Some(last) = changes.iter().flatten().last() else { return Ok(()) };
        after = last.number();
    }
}

/// The datasets into which documents were brought, and of which nothing is there. Blocks on a disk.
///
/// # Errors
/// When the store or the store of documents failed. A tenant whose state cannot be read is passed over.
pub fn lost_datasets(
    space: &Space,
    operator: &OperatorScope,
) -> Result<Vec<(TenantId, DatasetId)>, StoreError> {
    let held: Arc<HashSet<_>> = Arc::new(space.documents.held(operator)?.into_iter().collect());
    let everywhere = operator.clone();
    let tenants = space.store.read(Flow::Installation, move |view| view.tenant_ids(&everywhere));
    let mut lost = Vec::new();
    for tenant in tenants.wait()? {
        let datasets = match stored(space, &operator.tenant(tenant), &held) {
            Err(StoreError::Failed(_)) => None,
            datasets => datasets?,
        };
        let datasets = datasets.unwrap_or_default().into_iter();
        lost.extend(datasets.filter(|stored| stored.is_lost).map(|stored| (tenant, stored.dataset.id)));
    }
    Ok(lost)
}

/// Whether somebody had a dataset removed, or its tenant: then an older copy of its documents was put back.
fn was_removed(space: &Space, scope: &TenantScope, dataset: DatasetId) -> Result<bool, StoreError> {
    let scope = *scope;
    let filter = EventFilter {
        action: Some(Action::SensitiveDelete),
        outcome: Some(Outcome::Success),
        any_object: Some(vec![Object::new(ObjectKind::Dataset, dataset)]),
        ..EventFilter::default()
    };
    let removed = space.store.read(&scope, move |view| {
        if view.tenant_removal(&scope)?.is_some() {
            return Ok(true);
        }
        let page = PageRequest { limit: PageLimit::LARGEST, after: None };
        let told = view.events(&scope, &filter, page)?.events;
        Ok(told.items.iter().any(|recorded| is_end_of_deletion(&recorded.event)))
    });
    removed.wait()
}

/// Ends what was left half done in one dataset.
fn reconcile_dataset(
    space: &Space,
    context: &RequestContext,
    scope: &TenantScope,
    dataset: &Dataset,
    unfinished: Vec<Job>,
    mended: &mut Reconciled,
) -> Result<(), PortError> {
    if dataset.state == DatasetState::Deleting {
        return match finish_removal(space, context, scope, dataset.id) {
            // A vector database may be away, and no engine is asked yet. They are asked again, and keep no space from its start.
            Err(PortError::Vectors(_) | PortError::Database(_)) => Ok(()),
            removed => {
                mended.removals_finished += 1;
                removed
            }
        };
    }
    // A document that was removed just before a crash must not be found by anybody after it.
    match catch_up(space, scope, dataset.index()) {
        // An index is derived: a damaged one is built anew, so that it cannot show what was removed.
        Err(PortError::Search(SearchError::Damaged(_))) => {
            // Before it is gone: it may be all that is left of documents that cannot be read.
            read_through(space, scope, dataset.id)?;
            let seen = space.engine.indexed(scope, dataset.index());
            if let Ok(seen) = seen
                && space.documents.changes(scope, dataset.id, seen, 1)?.is_none()
            {
                // So may be the vectors, and what is removed from now on would be found by its meaning until they are encoded.
                if space.meaning.vectors.destroy_all(scope, dataset.id).is_err() {
                    space.meaning.queue.add_damaged(*scope, dataset.id);
                }
                mended.outdated.push((scope.tenant(), dataset.id));
            }
            space.engine.destroy(scope, dataset.id)?;
            catch_up(space, scope, dataset.index())?;
            mended.indexes_rebuilt += 1;
        }
        caught_up => caught_up?,
    }
    space.meaning.removals.add_changed(*scope, dataset.id);
    // Vectors follow in the background; those that nobody wants any more go there too.
    let has_vectors = || space.meaning.vectors.revisions(scope, dataset.id).map(|held| !held.is_empty());
    if dataset.retrieval.encoder().is_some() || has_vectors()? {
        space.meaning.queue.add(*scope, dataset.id);
    }
    let spooled = space.spool.jobs(scope, dataset.id)?;
    for job in &spooled {
        // Whoever brought these was never told so, or the job has ended.
        if !unfinished.iter().any(|unfinished| unfinished.id == *job) {
            space.documents.forget_progress(scope, dataset.id, *job)?;
            space.spool.remove(scope, dataset.id, *job)?;
            mended.strays_removed += 1;
        }
    }
    for job in unfinished {
        resume(space, context, scope, job, mended)?;
    }
    Ok(())
}

/// Ends a job, or lets it be worked off in the background.
fn resume(
    space: &Space,
    context: &RequestContext,
    scope: &TenantScope,
    mut job: Job,
    mended: &mut Reconciled,
) -> Result<(), PortError> {
    let ended = if space.documents.put_by(scope, job.dataset, job.id)?.is_some() {
        mended.jobs_finished += 1;
        finish_ingestion(space, context, scope, job)
    } else if let Some(files) = space.spool.files(scope, job.dataset, job.id)? {
        if let Some(progress) = space.documents.progress(scope, job.dataset, job.id)? {
            // The files that came before are documents, and were not to stay.
            let next = usize::try_from(progress.position()).unwrap_or(usize::MAX);
            space.spool.remove_files_before(scope, job.dataset, job.id, next)?;
            job.progress = progress;
        }
        mended.jobs_resumed += 1;
        space.ingestion.add(*scope, Task::files(job, files));
        return Ok(());
    } else {
        mended.jobs_failed += 1;
        let why = "the server stopped before the documents were stored; send them again";
        end(space, context, scope, failed(&job, JobFailure::of_all(&why)))
    };
    match ended {
        Ok(_) => Ok(()),
        Err(IngestError::PortError(fault)) => Err(fault),
        Err(other) => Err(StoreError::failed(other).into()),
    }
}
