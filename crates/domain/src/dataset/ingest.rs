//! Getting documents in, and out again.
//!
//! Documents live in a store of their own, which shares no transaction with the rest, so this goes in steps that
//! can be repeated: the job and its event are committed, then the documents are made durable, and only then is
//! anything acknowledged; the index follows. [`super::reconcile`] ends at start what a crash cut short.
//!
//! Everything here blocks on a disk.

use futures_executor::block_on;

use crate::access::Permission;
use crate::audit::{Action, Actor, Event, ObjectKind, ReasonCode, RequestContext};
use crate::dataset::encode::outdate;
use crate::dataset::manage::active;
use crate::dataset::ports::{SearchError, TextExtractor};
use crate::dataset::task::Task;
use crate::dataset::{
    ContentHash, Dataset, Document, DocumentId, DocumentSummary, FileFormat, FileName, IndexKey, IngestQueue,
    Job, JobFailure, JobProgress, JobStatus, MadeOf, NewDocument, chunks,
};
use crate::identity::{AuthorizationError, Principal};
use crate::ids::{DatasetId, JobId};
use crate::page::{Page, PageRequest};
use crate::port_error::{PortError, port_errors};
use crate::privacy::DeletedContent;
use crate::space::Space;
use crate::store::{StoreError, View};
use crate::tenant::{TenantScope, WriteScope};
use crate::unit::Recorded;

/// Documents did not get in, or could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IngestError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such dataset.
    #[error("there is no such dataset")]
    NoDataset,
    /// There is no such document.
    #[error("there is no such document")]
    NoDocument,
    /// It holds no documents: another space is asked in its place.
    #[error("this dataset asks an endpoint of another space, and holds no documents: bring them there")]
    Remote,
    /// The dataset would hold more documents than it may.
    #[error("the dataset may hold {0} documents, and would hold more")]
    TooManyDocuments(u64),
    /// The dataset would hold more text than it may.
    #[error("the dataset may hold {0} bytes of text, and would hold more")]
    TooManyBytes(u64),
    /// Too many jobs of the tenant are not worked off yet.
    #[error(
        "{} jobs of your tenant wait already, or their files are too many: bring more once some have ended",
        IngestQueue::MAX_JOBS_PER_TENANT
    )]
    TooManyJobs,
    /// The job has ended meanwhile: it was stopped.
    #[error("the job has ended already")]
    Ended(Box<Job>),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(IngestError);

/// A document was not removed.
pub type RemoveDocumentError = IngestError;

/// The most changes that an index is brought in one step.
pub(super) const STEP: usize = 1_000;

/// Takes documents in: once this answers, they are durable, and the job is known. They are found by a search once
/// [`finish_ingestion`] has run.
///
/// # Errors
/// When there is no such dataset, it or the tenant would hold too much, the caller's role does not permit it, or a port
/// failed.
pub fn start_ingestion(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    dataset: DatasetId,
    documents: Vec<NewDocument>,
) -> Result<Job, IngestError> {
    let scope = principal.scope(Permission::WriteDatasets)?;
    let documents: Vec<Document> = documents.into_iter().map(|document| cut(document, context)).collect();
    let id = JobId::generate(context.now, &*context.entropy)?;
    let event = principal.event(context, Action::SensitiveCreate)?.on(ObjectKind::Job, id);
    let limits = principal.snapshot().tenant.limits;
    let documents_total = count(documents.len());
    let bytes_total = documents.iter().map(|document| count(document.content.len())).sum();

    // A dataset on its way out takes its lock for good before its documents go: nothing is put in behind it.
    space.datasets.with_lock(dataset, || {
        check_queue(space, &scope)?;
        let (documents, unchanged) = changed(space, &scope, dataset, documents)?;
        let progress = JobProgress {
            documents_done: unchanged,
            documents_unchanged: unchanged,
            chunks: documents.iter().map(|document| count(document.chunks.len())).sum(),
            bytes: documents.iter().map(|document| count(document.content.len())).sum(),
            ..JobProgress::default()
        };
        let job = Job {
            id,
            dataset,
            status: JobStatus::Queued,
            documents_total,
            bytes_total,
            progress,
            created_at: context.now,
            finished_at: None,
        };
        let usage = space.documents.usage(&scope, dataset)?;
        if usage.documents.saturating_add(count(documents.len())) > limits.documents {
            return Err(IngestError::TooManyDocuments(limits.documents));
        }
        if usage.bytes.saturating_add(job.progress.bytes) > limits.bytes {
            return Err(IngestError::TooManyBytes(limits.bytes));
        }
        add_job(space, principal, job.clone(), event)?;
        if let Err(error) = space.documents.put(&scope, dataset, job.id, &documents) {
            // What a store says of a fault of its own names files of the server: whoever gets the error has it in the log.
            let failure = match &error {
                StoreError::Failed(_) => {
                    JobFailure::of_all(&"the documents could not be stored; send them again")
                }
                told => JobFailure::of_all(told),
            };
            end(space, context, &scope, failed(&job, failure))?;
            return Err(error.into());
        }
        Ok(Job { status: JobStatus::Running, ..job })
    })
}

/// Refuses a job more where too many wait.
pub(super) fn check_queue(space: &Space, scope: &TenantScope) -> Result<(), IngestError> {
    if space.ingestion.has_room(scope.tenant()) { Ok(()) } else { Err(IngestError::TooManyJobs) }
}

/// Makes a job known, while its dataset is there and the principal may bring documents.
pub(super) fn add_job(
    space: &Space,
    principal: &Principal,
    job: Job,
    event: Event,
) -> Result<(), IngestError> {
    let authorization = principal.authorize(Permission::WriteDatasets, space.clock.now())?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            check_local(&active(tx, &scope, job.dataset)?.ok_or(IngestError::NoDataset)?)?;
            tx.add_job(&scope, &job)?;
            Ok(Recorded::new((), event.clone()))
        })
        .wait()
}

/// Checks that a dataset is one that holds documents.
pub(super) fn check_local(dataset: &Dataset) -> Result<(), IngestError> {
    if dataset.vectors.remote().is_some() { Err(IngestError::Remote) } else { Ok(()) }
}

/// A job none of whose documents were stored.
pub(super) fn failed(job: &Job, why: JobFailure) -> Job {
    let progress =
        JobProgress { documents_failed: job.documents_total, errors: vec![why], ..JobProgress::default() };
    Job { status: JobStatus::Failed, progress, ..job.clone() }
}

/// The documents that are not stored as they are, and how many are.
fn changed(
    space: &Space,
    scope: &TenantScope,
    dataset: DatasetId,
    documents: Vec<Document>,
) -> Result<(Vec<Document>, u64), StoreError> {
    let total = documents.len();
    let ids: Vec<DocumentId> = documents.iter().map(|document| document.id.clone()).collect();
    let stored = space.documents.hashes(scope, dataset, &ids)?;
    let new = |(document, stored): (Document, Option<MadeOf>)| {
        let is_stored = stored.is_some_and(|stored| stored.sha256 == document.sha256);
        (!is_stored).then_some(document)
    };
    let documents: Vec<Document> = documents.into_iter().zip(stored).filter_map(new).collect();
    let unchanged = count(total.saturating_sub(documents.len()));
    Ok((documents, unchanged))
}

/// Leaves it to the background to bring the index what a job put in, and to end the job.
pub fn finish_later(space: &Space, scope: &TenantScope, job: Job) {
    space.ingestion.add(*scope, Task::Stored(job));
}

/// Brings the index what a job put in, and ends the job.
///
/// # Errors
/// When a port failed. The job stays as it is: [`finish_later`] ends it, or the next start.
pub fn finish_ingestion(
    space: &Space,
    context: &RequestContext,
    scope: &TenantScope,
    job: Job,
) -> Result<Job, IngestError> {
    let (of, id) = (*scope, job.dataset);
    let found = space.store.read(scope, move |view| active(view, &of, id));
    let dataset = found.wait()?.ok_or(IngestError::NoDataset)?;
    catch_up(space, scope, dataset.index())?;
    let progress =
        JobProgress { documents_done: job.documents_total, bytes_done: job.bytes_total, ..job.progress };
    end(space, context, scope, Job { status: JobStatus::Succeeded, progress, ..job })
}

/// The scope under which a job that was started is finished in the background.
///
/// # Errors
/// When the caller's role does not permit writing.
pub fn ingestion_scope(principal: &Principal) -> Result<TenantScope, AuthorizationError> {
    principal.scope(Permission::WriteDatasets)
}

pub(super) fn end(
    space: &Space,
    context: &RequestContext,
    scope: &TenantScope,
    job: Job,
) -> Result<Job, IngestError> {
    let job = Job { finished_at: Some(space.clock.now()), ..job };
    let event = context.event(scope, Action::SensitiveCreate, Actor::System)?.on(ObjectKind::Job, job.id);
    let event = if job.status == JobStatus::Failed { event.failed(ReasonCode::JobFailed) } else { event };
    let scope = *scope;
    space
        .store
        .write(move |tx| {
            // Its dataset may have been removed meanwhile, and the job with it; or it was stopped.
            match tx.job(&scope, job.dataset, job.id)? {
                None => return Err(IngestError::NoDataset.into()),
                Some(stored) if stored.status.is_final() => {
                    return Err(IngestError::Ended(Box::new(stored)).into());
                }
                Some(_) => {}
            }
            tx.update_job(&WriteScope::of_system(&scope), &job)?;
            Ok(Recorded::new(job.clone(), event.clone()))
        })
        .wait()
}

/// Brings an index whatever changes to the documents it has not seen.
///
/// # Errors
/// When the store of documents or the engine failed; the index has then seen a part, and can be brought the rest.
/// [`SearchError::Damaged`] also where it has seen changes of other documents: an older copy of these was put back.
pub fn catch_up(space: &Space, scope: &TenantScope, index: IndexKey) -> Result<(), PortError> {
    space.datasets.with_lock(index.dataset, || {
        loop {
            let seen = space.engine.indexed(scope, index)?;
            let changes = space.documents.changes(scope, index.dataset, seen, STEP)?;
            let changes = changes.ok_or(SearchError::Damaged(index.dataset))?;
            if changes.is_empty() {
                return Ok(());
            }
            // First, so that a removal which the words have seen is nowhere found by its meaning.
            outdate(space, scope, index.dataset, &changes)?;
            space.engine.apply(scope, index, &changes)?;
            space.meaning.queue.add(*scope, index.dataset);
            space.meaning.removals.add_changed(*scope, index.dataset);
        }
    })
}

/// Removes a document from the store and from the index.
///
/// # Errors
/// When there is no such dataset or document, the caller's role does not permit it, or a port failed.
pub fn remove_document(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    dataset: DatasetId,
    id: &DocumentId,
) -> Result<(), RemoveDocumentError> {
    let scope = principal.scope(Permission::WriteDatasets)?;
    let event = principal
        .event(context, Action::SensitiveDelete)?
        .on(ObjectKind::Document, format_args!("{dataset}/{id}"));
    let known = find_dataset(space, principal, Permission::WriteDatasets, &event, dataset)?;
    let document = space.documents.document(&scope, dataset, id)?.ok_or(IngestError::NoDocument)?;
    let deleted = DeletedContent {
        documents: None,
        chunks: Some(count(document.chunks.len())),
        bytes: Some(count(document.content.len())),
    };
    let event = event.changing(deleted.changes());
    // The event comes first: a removal that nobody recorded would be worse than a record of one that was cut short.
    space.record::<IngestError>(principal, Permission::WriteDatasets, event)?.wait()?;
    space.datasets.with_lock(dataset, || space.documents.remove(&scope, dataset, id))?;
    Ok(catch_up(space, &scope, known.index())?)
}

/// One document with its text. That it was read is recorded.
///
/// # Errors
/// When there is none, the caller's role does not permit it, or a port failed.
pub fn document(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    dataset: DatasetId,
    id: &DocumentId,
) -> Result<Document, IngestError> {
    let scope = principal.scope(Permission::ReadContent)?;
    let event = principal
        .event(context, Action::SensitiveRead)?
        .on(ObjectKind::Document, format_args!("{dataset}/{id}"));
    find_dataset(space, principal, Permission::ReadContent, &event, dataset)?;
    let document = space.documents.document(&scope, dataset, id)?.ok_or(IngestError::NoDocument)?;
    space.record::<IngestError>(principal, Permission::ReadContent, event)?.wait()?;
    Ok(document)
}

/// A dataset's documents, without their text.
///
/// # Errors
/// When there is no such dataset, the caller's role does not permit it, or a port failed.
pub fn documents(
    space: &Space,
    principal: &Principal,
    dataset: DatasetId,
    page: PageRequest<DocumentId>,
) -> Result<Page<DocumentSummary, DocumentId>, IngestError> {
    let scope = principal.scope(Permission::WriteDatasets)?;
    block_on(space.read(principal, Permission::WriteDatasets, finding(dataset)))?;
    let documents = space.documents.documents(&scope, dataset, page)?;
    // The disk was waited for.
    principal.recheck_reader(space, Permission::WriteDatasets)?;
    Ok(documents)
}

/// Whether a document was made of a file that another version of its reader has read than this one is.
#[must_use]
pub fn is_outdated(document: &DocumentSummary, extractor: &dyn TextExtractor) -> bool {
    let source = document.metadata.get("source").and_then(|source| FileName::parse(source.as_str()?).ok());
    let file = source.filter(|name| name.document_id() == document.id);
    let format = file.and_then(|name| FileFormat::of(&name).ok());
    format.is_some_and(|format| document.reader != Some(extractor.version(format)))
}

/// The dataset that something is to be done to, for somebody who still may. `tried` tells of that.
pub(super) fn find_dataset(
    space: &Space,
    principal: &Principal,
    permission: Permission,
    tried: &Event,
    id: DatasetId,
) -> Result<Dataset, IngestError> {
    block_on(space.read_ahead(principal, permission, tried, finding(id)))
}

fn finding(id: DatasetId) -> impl FnOnce(&mut dyn View, &TenantScope) -> Result<Dataset, IngestError> {
    move |view, scope| active(view, scope, id)?.ok_or(IngestError::NoDataset)
}

fn cut(document: NewDocument, context: &RequestContext) -> Document {
    let NewDocument { id, content, metadata } = document;
    let sha256 = ContentHash::of_document(&content, &metadata);
    Document {
        id,
        chunks: chunks(&content),
        content,
        metadata,
        sha256,
        reader: None,
        created_at: context.now,
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
