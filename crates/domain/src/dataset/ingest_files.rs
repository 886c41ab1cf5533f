//! Working jobs off in the background: files become documents, group by group, and the index follows.
//!
//! A group's documents and the job's progress are one transaction of the store of documents. So after a crash a job
//! goes on behind the last group that is durable, no file is taken in twice, and every count is right.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::audit::{Action, Actor, Event, ObjectKind, Origin};
use crate::dataset::ingest::end;
use crate::dataset::ingest_queue::{Lease, Outcome};
use crate::dataset::manage::active;
use crate::dataset::read_group::{ExtractedFile, Stored, read_group, with_removal};
use crate::dataset::task::{FileTask, Task};
use crate::dataset::{
    Dataset, Document, DocumentId, IngestError, Job, JobFailure, JobStatus, catch_up, finish_ingestion,
};
use crate::ids::{DatasetId, JobId};
use crate::port_error::PortError;
use crate::space::Space;
use crate::store::{MAX_EVENTS_PER_UNIT, StoreError};
use crate::tenant::{TenantLimits, TenantScope};

/// How long documents that are stored wait at most for the index, as long as that is quick.
const INDEX_INTERVAL: Duration = Duration::from_secs(1);

/// Works off what is queued, one group at a time, until the queue is closed. Several threads may do so at once. What
/// fails is reported and tried again later.
///
/// It blocks; [`IngestQueue::close`](super::IngestQueue::close) ends it behind the group it is at.
pub fn work_off(space: &Space, report: &dyn Fn(DatasetId, JobId, &PortError)) {
    while let Some(Lease { scope, dataset, task }) = space.ingestion.next(&*space.clock) {
        let job = task.job().id;
        let outcome = match task {
            Task::Stored(job) => {
                let done = space.request_context(Origin::default()).map_err(IngestError::from);
                match done.and_then(|context| finish_ingestion(space, &context, &scope, job.clone())) {
                    Err(IngestError::PortError(fault)) => {
                        report(dataset, job.id, &fault);
                        Outcome::Failed(Task::Stored(job))
                    }
                    // It has ended, or is gone with its dataset.
                    _ => Outcome::Ended,
                }
            }
            Task::FileTask(mut files) => match step(space, &scope, &mut files) {
                Ok(true) => Outcome::More(Task::FileTask(files)),
                Ok(false) => Outcome::Ended,
                Err(fault) => {
                    report(dataset, job, &fault);
                    Outcome::Failed(Task::FileTask(files))
                }
            },
        };
        if matches!(outcome, Outcome::Ended) {
            space.ingestion.ended(job);
        }
        space.ingestion.done(scope, dataset, outcome, space.clock.now());
    }
}

/// Takes the next group of files in. Whether there is more to do.
fn step(space: &Space, scope: &TenantScope, files: &mut FileTask) -> Result<bool, PortError> {
    let id = files.job.id;
    let Some(dataset) = working_for(space, scope, &files.job)? else {
        return Ok(false);
    };
    space.ingestion.note(id, JobStatus::Running, &files.job.progress, space.clock.now());
    let position = usize::try_from(files.job.progress.position()).unwrap_or(usize::MAX);
    let extracted = catch_unwind(AssertUnwindSafe(|| read_group(space, scope, files, position)))
        .map_err(|_panic| StoreError::failed("a thread that takes files in panicked"))??;
    let until = position.saturating_add(extracted.len());
    if !extracted.is_empty() {
        let limits = space.snapshots.tenant(scope)?.tenant.limits;
        if !keep(space, scope, files, extracted, limits)? {
            return Ok(false);
        }
        space.spool.remove_files_before(scope, dataset.id, id, until)?;
        space.ingestion.note(id, JobStatus::Running, &files.job.progress, space.clock.now());
    }
    if until < files.list.len() {
        let now = space.clock.now();
        if *files.index_at.get_or_insert(now.plus(INDEX_INTERVAL)) <= now {
            catch_up(space, scope, dataset.index())?;
            // What a large index takes is spread: the index takes no more than a small part of the time.
            let after = space.clock.now();
            let pause = after.since(now).saturating_mul(4).max(INDEX_INTERVAL);
            files.index_at = Some(after.plus(pause));
        }
        return Ok(true);
    }
    catch_up(space, scope, dataset.index())?;
    finish(space, scope, &files.job)?;
    Ok(false)
}

/// The dataset that a job is for; `None` when the job is not to go on, as it was stopped or its dataset is gone.
fn working_for(space: &Space, scope: &TenantScope, job: &Job) -> Result<Option<Dataset>, StoreError> {
    let (scope, dataset, id) = (*scope, job.dataset, job.id);
    let found = space.store.read(&scope, move |view| {
        let stored = view.job(&scope, dataset, id)?;
        let dataset = active(view, &scope, dataset)?;
        Ok(dataset.filter(|_| stored.is_some_and(|job| !job.status.is_final())))
    });
    found.wait()
}

/// Stores what was read, and how far that brings the job. `false` when the job is not to go on.
fn keep(
    space: &Space,
    scope: &TenantScope,
    files: &mut FileTask,
    extracted: Vec<(u64, ExtractedFile)>,
    limits: TenantLimits,
) -> Result<bool, PortError> {
    let FileTask { job, recorded_removals, .. } = files;
    space.datasets.with_lock(job.dataset, || {
        // Whoever stops a job or removes a dataset says so before it takes the lock.
        if working_for(space, scope, job)?.is_none() {
            return Ok(false);
        }
        let mut usage = space.documents.usage(scope, job.dataset)?;
        let mut progress = job.progress.clone();
        let mut part = Part::default();
        for (bytes, one) in extracted {
            progress.bytes_done = progress.bytes_done.saturating_add(bytes);
            match one {
                ExtractedFile::Unchanged => {
                    progress.documents_done += 1;
                    progress.documents_unchanged += 1;
                }
                ExtractedFile::Duplicate { id, file, of } => match part.unfit.get(&of) {
                    // What it is like is not stored, as it does not fit.
                    Some(why) => progress.fail(failure(&id, file, why.clone())),
                    None => {
                        progress.documents_done += 1;
                        progress.documents_duplicate += 1;
                    }
                },
                ExtractedFile::Refused { failure, removes } => {
                    progress.fail(failure);
                    part.removed.extend(removes);
                }
                ExtractedFile::Read { document, file, stored } => {
                    let is_new = stored == Stored::Nothing;
                    let length = count(document.content.len());
                    let with = (usage.documents + u64::from(is_new), usage.bytes.saturating_add(length));
                    let refused = if is_new && with.0 > limits.documents {
                        Some(IngestError::TooManyDocuments(limits.documents))
                    } else if with.1 > limits.bytes {
                        Some(IngestError::TooManyBytes(limits.bytes))
                    } else {
                        None
                    };
                    if let Some(refused) = refused {
                        let why = refused.to_string();
                        // What the same bytes gave before is still true of them, and stays.
                        if stored != Stored::SameContent {
                            part.unfit.insert(document.id.clone(), why.clone());
                        }
                        let is_stale = stored == Stored::OtherContent;
                        let why = if is_stale { with_removal(&why) } else { why };
                        progress.fail(failure(&document.id, file, why));
                        part.removed.extend(is_stale.then_some(document.id));
                        continue;
                    }
                    (usage.documents, usage.bytes) = with;
                    progress.documents_done += 1;
                    progress.chunks += count(document.chunks.len());
                    progress.bytes += length;
                    part.documents.push(document);
                }
            }
        }
        let Part { documents, removed, .. } = part;
        record_removals(space, scope, job.dataset, &removed, recorded_removals)?;
        space.documents.put_part(scope, job.dataset, job.id, &documents, &removed, &progress)?;
        job.progress = progress;
        Ok(true)
    })
}

/// Records that documents are about to be removed, in an event each; those that are not there, or of which that is
/// recorded, are left out.
///
/// The events come first, as where a caller removes a document: after a crash in between a document may be told of twice.
fn record_removals(
    space: &Space,
    scope: &TenantScope,
    dataset: DatasetId,
    removed: &[DocumentId],
    recorded: &mut HashSet<DocumentId>,
) -> Result<(), PortError> {
    if removed.is_empty() {
        return Ok(());
    }
    let stored = space.documents.hashes(scope, dataset, removed)?;
    let is_stored = removed.iter().zip(stored).filter_map(|(id, made_of)| made_of.map(|_| id));
    let new: Vec<&DocumentId> = is_stored.filter(|id| !recorded.contains(*id)).collect();
    let context = space.request_context(Origin::default())?;
    for part in new.chunks(MAX_EVENTS_PER_UNIT) {
        let event = |id: &&DocumentId| {
            let event = context.event(scope, Action::SensitiveDelete, Actor::System)?;
            Ok(event.on(ObjectKind::Document, format_args!("{dataset}/{id}")))
        };
        let events: Vec<Event> = part.iter().map(event).collect::<Result<_, PortError>>()?;
        space.store.record_all(events).wait()?;
        recorded.extend(part.iter().map(|id| (*id).clone()));
    }
    Ok(())
}

/// What a group changes.
#[derive(Default)]
struct Part {
    documents: Vec<Document>,
    removed: Vec<DocumentId>,
    /// The documents that do not fit, with why: nothing is stored under their ids.
    unfit: HashMap<DocumentId, String>,
}

fn failure(id: &DocumentId, file: String, message: String) -> JobFailure {
    JobFailure { document_id: Some(id.to_string()), file: Some(file), message }
}

/// Ends a job whose files are all worked off, and removes what is left of them.
fn finish(space: &Space, scope: &TenantScope, job: &Job) -> Result<(), PortError> {
    let failed = job.progress.documents_failed == job.documents_total;
    let status = if failed { JobStatus::Failed } else { JobStatus::Succeeded };
    let context = space.request_context(Origin::default())?;
    // Any other refusal means that it was stopped at the last moment, or is gone with its dataset.
    if let Err(IngestError::PortError(fault)) = end(space, &context, scope, Job { status, ..job.clone() }) {
        return Err(fault);
    }
    // Once the job has ended nobody needs these; what a crash leaves is removed at the next start.
    space.spool.remove(scope, job.dataset, job.id)?;
    space.documents.forget_progress(scope, job.dataset, job.id)?;
    Ok(())
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
