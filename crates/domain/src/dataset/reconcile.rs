//! Ending at start what a crash cut short: jobs, removals, and indexes that are behind.

use std::collections::HashSet;

use crate::audit::Origin;
use crate::dataset::ingest::end;
use crate::dataset::ports::SearchError;
use crate::dataset::{
    DatasetState, IngestError, Job, JobFailure, JobStatus, catch_up, finish_ingestion, finish_removal,
};
use crate::fault::Fault;
use crate::ids::{DatasetId, TenantId};
use crate::space::Space;
use crate::tenant::OperatorScope;

/// What was mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reconciled {
    /// Jobs whose documents were stored, and are found now.
    pub jobs_finished: u64,
    /// Jobs whose documents never were.
    pub jobs_failed: u64,
    /// Datasets whose removal was ended.
    pub removals_finished: u64,
    /// Damaged indexes that were built anew.
    pub indexes_rebuilt: u64,
    /// Datasets that held something and that nobody knows.
    pub strays_removed: u64,
}

/// Ends whatever was left half done. Nothing else may run beside it. Blocks on a disk.
///
/// # Errors
/// When a port failed; it can be called again.
pub fn reconcile(space: &Space, operator: &OperatorScope) -> Result<Reconciled, Fault> {
    let call = space.call(Origin::default())?;
    let mut mended = Reconciled::default();
    let known = space.store.read()?.all_datasets(operator)?;
    let ids: HashSet<(TenantId, DatasetId)> = known.iter().map(|(tenant, one)| (*tenant, one.id)).collect();
    for (tenant, dataset) in known {
        let scope = operator.tenant(tenant);
        if dataset.state == DatasetState::Deleting {
            finish_removal(space, &call, &scope, dataset.id)?;
            mended.removals_finished += 1;
            continue;
        }
        // A document that was removed just before a crash must not be found by anybody after it.
        match catch_up(space, &scope, dataset.index()) {
            // An index is derived: a damaged one is built anew, so that it cannot show what was removed.
            Err(Fault::Search(SearchError::Damaged(_))) => {
                space.engine.destroy(&scope, dataset.id)?;
                catch_up(space, &scope, dataset.index())?;
                mended.indexes_rebuilt += 1;
            }
            caught_up => caught_up?,
        }
        let unfinished = space.store.read()?.unfinished_jobs(&scope, dataset.id)?;
        for job in unfinished {
            let ended = if space.documents.put_by(&scope, dataset.id, job.id)?.is_some() {
                mended.jobs_finished += 1;
                finish_ingestion(space, &call, &scope, job)
            } else {
                mended.jobs_failed += 1;
                end(space, &call, &scope, interrupted(&job))
            };
            match ended {
                Ok(_) => {}
                Err(IngestError::Fault(fault)) => return Err(fault),
                Err(other) => return Err(crate::store::StoreError::failed(other).into()),
            }
        }
    }
    for (tenant, dataset) in space.documents.held(operator)? {
        if !ids.contains(&(tenant, dataset)) {
            let scope = operator.tenant(tenant);
            space.engine.destroy(&scope, dataset)?;
            space.documents.destroy(&scope, dataset)?;
            mended.strays_removed += 1;
        }
    }
    Ok(mended)
}

fn interrupted(job: &Job) -> Job {
    let message = "the server stopped before the documents were stored; send them again".to_owned();
    Job { status: JobStatus::Failed, errors: vec![JobFailure { document_id: None, message }], ..job.clone() }
}
