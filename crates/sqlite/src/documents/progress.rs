//! The progress of a job of files.

use diesel::prelude::*;
use syft_space_domain::dataset::JobProgress;
use syft_space_domain::ids::JobId;
use syft_space_domain::store::StoreError;

use super::schema::progress;
use crate::codec::{Key, to_i64, to_u64, unreadable_column};
use crate::error::Failed;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = progress)]
struct ProgressRow {
    job_id: Key,
    documents_done: i64,
    documents_unchanged: i64,
    documents_duplicate: i64,
    documents_failed: i64,
    chunks: i64,
    bytes: i64,
    bytes_done: i64,
    errors: String,
}

pub(super) fn get(connection: &mut SqliteConnection, job: JobId) -> Result<Option<JobProgress>, Failed> {
    let query = progress::table.find(Key::from(job)).select(ProgressRow::as_select());
    let row: Option<ProgressRow> = query.first(connection).optional()?;
    let Some(row) = row else { return Ok(None) };
    let errors = serde_json::from_str(&row.errors);
    Ok(Some(JobProgress {
        documents_done: to_u64(row.documents_done)?,
        documents_unchanged: to_u64(row.documents_unchanged)?,
        documents_duplicate: to_u64(row.documents_duplicate)?,
        documents_failed: to_u64(row.documents_failed)?,
        chunks: to_u64(row.chunks)?,
        bytes: to_u64(row.bytes)?,
        bytes_done: to_u64(row.bytes_done)?,
        errors: errors.map_err(|error| unreadable_column("progress.errors", &error))?,
    }))
}

pub(super) fn set(
    connection: &mut SqliteConnection,
    job: JobId,
    progress: &JobProgress,
) -> Result<(), Failed> {
    let row = ProgressRow {
        job_id: job.into(),
        documents_done: to_i64(progress.documents_done)?,
        documents_unchanged: to_i64(progress.documents_unchanged)?,
        documents_duplicate: to_i64(progress.documents_duplicate)?,
        documents_failed: to_i64(progress.documents_failed)?,
        chunks: to_i64(progress.chunks)?,
        bytes: to_i64(progress.bytes)?,
        bytes_done: to_i64(progress.bytes_done)?,
        errors: serde_json::to_string(&progress.errors).map_err(StoreError::failed)?,
    };
    diesel::replace_into(progress::table).values(row).execute(connection)?;
    Ok(())
}

pub(super) fn forget(connection: &mut SqliteConnection, job: JobId) -> Result<(), Failed> {
    diesel::delete(progress::table.find(Key::from(job))).execute(connection)?;
    Ok(())
}
