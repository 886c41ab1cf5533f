//! Stopping a job: what it has stored stays, and the rest of what was brought goes.

use futures_executor::block_on;

use crate::access::Permission;
use crate::audit::{Action, ChangeCode, ObjectKind, RequestContext};
use crate::dataset::manage::active;
use crate::dataset::{DatasetError, Job, JobStatus, catch_up};
use crate::identity::Principal;
use crate::ids::{DatasetId, JobId};
use crate::space::Space;
use crate::store::View;
use crate::tenant::TenantScope;
use crate::unit::Recorded;

/// Stops a job. One that was stopped before stays as it is. Blocks on a disk.
///
/// # Errors
/// When there is no such job, it has ended otherwise, the caller's role does not permit it, or a port failed.
pub fn cancel_job(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    dataset: DatasetId,
    id: JobId,
) -> Result<Job, DatasetError> {
    let scope = principal.scope(Permission::WriteDatasets)?;
    let event =
        principal.event(context, Action::ConfigChange)?.on(ObjectKind::Job, id).changing(ChangeCode::Stopped);
    let find = move |view: &mut dyn View, scope: &TenantScope| {
        let known = active(view, scope, dataset)?.ok_or(DatasetError::NotFound)?;
        Ok::<_, DatasetError>((known, view.job(scope, dataset, id)?.ok_or(DatasetError::NoJob)?))
    };
    let found = space.read_ahead(principal, Permission::WriteDatasets, &event, find);
    let (known, job) = block_on(found)?;
    if job.status == JobStatus::Canceled {
        return Ok(job);
    }
    if job.status.is_final() {
        return Err(DatasetError::JobEnded(job.status));
    }
    // Whoever works on it stops early, and is then waited for.
    space.ingestion.stop(id);
    let canceled = space.datasets.with_lock(dataset, || {
        let part = space.documents.progress(&scope, dataset, id)?;
        let whole = space.documents.put_by(&scope, dataset, id)?.is_some();
        let finished_at = Some(space.clock.now());
        let authorization = principal.authorize(Permission::WriteDatasets, space.clock.now())?;
        space
            .store
            .write(move |tx| {
                let scope = tx.authority(&authorization, &event)?;
                let mut job = tx.job(&scope, dataset, id)?.ok_or(DatasetError::NoJob)?;
                if job.status.is_final() {
                    return Err(DatasetError::JobEnded(job.status).into());
                }
                if let Some(part) = &part {
                    job.progress.clone_from(part);
                }
                if whole {
                    job.progress.documents_done = job.documents_total;
                    job.progress.bytes_done = job.bytes_total;
                }
                job.status = JobStatus::Canceled;
                job.finished_at = finished_at;
                tx.update_job(&scope, &job)?;
                Ok(Recorded::new(job, event.clone()))
            })
            .wait()
    });
    if canceled.is_err() {
        space.ingestion.go_on(id);
    }
    let canceled = canceled?;
    space.ingestion.ended(id);
    space.spool.remove(&scope, dataset, id)?;
    space.documents.forget_progress(&scope, dataset, id)?;
    catch_up(space, &scope, known.index())?;
    Ok(canceled)
}
