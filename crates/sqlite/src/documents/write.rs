//! Putting documents in, and removing them.
//!
//! Each [`Run`] numbers its changes from behind a gap whose size nobody foresees. Where an older copy of a database is put back and
//! grows, its changes have other numbers than those that it lacks: an index that has seen these is told from one of its own.

use diesel::prelude::*;
use sha2::{Digest, Sha256};
use syft_space_domain::dataset::{ChangeNumber, Document, DocumentId, JobProgress};
use syft_space_domain::ids::{DatasetId, JobId};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::TenantScope;

use super::schema::{chunks, documents, gaps, ingestions, removals, totals};
use super::{hash, progress};
use crate::codec::{Key, to_u64};
use crate::database;
use crate::error::Failed;

#[derive(Queryable, Selectable, AsChangeset)]
#[diesel(table_name = totals)]
struct Totals {
    last_change: i64,
    documents: i64,
    chunks: i64,
    bytes: i64,
    has_remains: bool,
    run: i64,
}

/// What tells one run of the server from all others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runs([u8; 16]);

impl Runs {
    pub(super) fn draw(entropy: &dyn Entropy) -> Result<Self, RandomError> {
        let mut drawn = [0; 16];
        entropy.fill(&mut drawn)?;
        Ok(Self(drawn))
    }

    /// The run of a dataset: of 2^40, so that none of a database is another's, and there is room for millions.
    pub(super) fn of(&self, scope: &TenantScope, dataset: DatasetId) -> Run {
        let digest = Sha256::new()
            .chain_update(self.0)
            .chain_update(scope.tenant().as_bytes())
            .chain_update(dataset.as_bytes())
            .finalize();
        let drawn = digest.iter().take(5).fold(0_i64, |drawn, byte| (drawn << 8) | i64::from(*byte));
        Run(drawn.saturating_add(1))
    }
}

/// One run of the server on one dataset: how many numbers it leaves out before its first change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run(i64);

impl Totals {
    fn read(connection: &mut SqliteConnection) -> Result<Self, Failed> {
        Ok(totals::table.select(Self::as_select()).first(connection)?)
    }

    fn write(&self, connection: &mut SqliteConnection) -> Result<(), Failed> {
        diesel::update(totals::table).set(self).execute(connection)?;
        Ok(())
    }

    fn next_change(&mut self, connection: &mut SqliteConnection, run: Run) -> Result<i64, Failed> {
        let last = self.last_change;
        let is_begun = self.run == run.0;
        let next = last.checked_add(if is_begun { 1 } else { run.0.saturating_add(1) });
        self.last_change = next.ok_or_else(|| StoreError::failed("the numbers of changes are used up"))?;
        if !is_begun {
            self.run = run.0;
            diesel::insert_into(gaps::table)
                .values((gaps::next_change.eq(self.last_change), gaps::last_change.eq(last)))
                .execute(connection)?;
        }
        Ok(self.last_change)
    }

    fn count(&mut self, sign: i64, bytes: i64, chunks: i64) {
        self.documents = self.documents.saturating_add(sign);
        self.bytes = self.bytes.saturating_add(sign.saturating_mul(bytes));
        self.chunks = self.chunks.saturating_add(sign.saturating_mul(chunks));
    }
}

#[derive(Insertable)]
#[diesel(table_name = documents)]
struct NewDocument<'a> {
    id: &'a str,
    change: i64,
    bytes: i64,
    chunks: i64,
    created_at: i64,
    metadata: &'a str,
    content: &'a str,
}

#[derive(Insertable)]
#[diesel(table_name = chunks)]
struct NewChunk<'a> {
    document_id: &'a str,
    position: i64,
    text: &'a str,
    page: Option<i64>,
    heading: Option<&'a str>,
    anchor: Option<&'a str>,
}

/// The change by which a job's documents were put in.
pub(super) fn put_by(connection: &mut SqliteConnection, job: JobId) -> Result<Option<ChangeNumber>, Failed> {
    let query = ingestions::table.find(Key::from(job)).select(ingestions::change);
    let change: Option<i64> = query.first(connection).optional()?;
    Ok(change.map(to_u64).transpose()?.map(ChangeNumber))
}

pub(super) fn put(
    connection: &mut SqliteConnection,
    run: Run,
    job: JobId,
    documents: &[Document],
) -> Result<ChangeNumber, Failed> {
    if let Some(change) = put_by(connection, job)? {
        return Ok(change);
    }
    let (change, replaced) = database::transaction(connection, |connection| {
        let (change, replaced) = put_all(connection, run, documents)?;
        diesel::insert_into(ingestions::table)
            .values((ingestions::job_id.eq(Key::from(job)), ingestions::change.eq(change)))
            .execute(connection)?;
        Ok((change, replaced))
    })?;
    if replaced {
        purge_wal(connection);
    }
    Ok(ChangeNumber(to_u64(change)?))
}

pub(super) fn put_part(
    connection: &mut SqliteConnection,
    run: Run,
    job: JobId,
    documents: &[Document],
    removed: &[DocumentId],
    progress_so_far: &JobProgress,
) -> Result<ChangeNumber, Failed> {
    let (change, replaced) = database::transaction(connection, |connection| {
        progress::set(connection, job, progress_so_far)?;
        let (mut change, mut replaced) = put_all(connection, run, documents)?;
        for id in removed {
            if let Some(removal) = remove_one(connection, run, id)? {
                (change, replaced) = (removal, true);
            }
        }
        Ok((change, replaced))
    })?;
    if replaced {
        purge_wal(connection);
    }
    Ok(ChangeNumber(to_u64(change)?))
}

/// Puts documents in. Answers the last change, and whether an older document gave way.
fn put_all(
    connection: &mut SqliteConnection,
    run: Run,
    documents: &[Document],
) -> Result<(i64, bool), Failed> {
    let mut totals = Totals::read(connection)?;
    let mut replaced = false;
    for document in documents {
        replaced |= delete_existing(connection, &document.id, &mut totals)?;
        add(connection, run, document, &mut totals)?;
    }
    totals.write(connection)?;
    Ok((totals.last_change, replaced))
}

pub(super) fn remove(
    connection: &mut SqliteConnection,
    run: Run,
    id: &DocumentId,
) -> Result<Option<ChangeNumber>, Failed> {
    let change = database::transaction(connection, |connection| remove_one(connection, run, id))?;
    if change.is_some() {
        purge_wal(connection);
    }
    Ok(change.map(to_u64).transpose()?.map(ChangeNumber))
}

fn remove_one(connection: &mut SqliteConnection, run: Run, id: &DocumentId) -> Result<Option<i64>, Failed> {
    let mut totals = Totals::read(connection)?;
    if find_size(connection, id)?.is_none() {
        return Ok(None);
    }
    delete_existing(connection, id, &mut totals)?;
    let change = totals.next_change(connection, run)?;
    diesel::insert_into(removals::table)
        .values((removals::document_id.eq(id.as_str()), removals::change.eq(change)))
        .execute(connection)?;
    totals.write(connection)?;
    Ok(Some(change))
}

/// The bytes and chunks of a document.
fn find_size(connection: &mut SqliteConnection, id: &DocumentId) -> Result<Option<(i64, i64)>, Failed> {
    let document = documents::table.find(id.as_str());
    Ok(document.select((documents::bytes, documents::chunks)).first(connection).optional()?)
}

/// Deletes an older document of this id, or the record of its removal. Answers whether there was a document.
fn delete_existing(
    connection: &mut SqliteConnection,
    id: &DocumentId,
    totals: &mut Totals,
) -> Result<bool, Failed> {
    let Some((bytes, chunks)) = find_size(connection, id)? else {
        diesel::delete(removals::table.find(id.as_str())).execute(connection)?;
        return Ok(false);
    };
    diesel::delete(documents::table.find(id.as_str())).execute(connection)?;
    totals.count(-1, bytes, chunks);
    totals.has_remains = true;
    Ok(true)
}

fn add(
    connection: &mut SqliteConnection,
    run: Run,
    document: &Document,
    totals: &mut Totals,
) -> Result<(), Failed> {
    let metadata = serde_json::to_string(&document.metadata).map_err(StoreError::failed)?;
    let row = NewDocument {
        id: document.id.as_str(),
        change: totals.next_change(connection, run)?,
        bytes: to_i64(document.content.len()),
        chunks: to_i64(document.chunks.len()),
        created_at: document.created_at.as_unix_micros(),
        metadata: &metadata,
        content: &document.content,
    };
    totals.count(1, row.bytes, row.chunks);
    diesel::insert_into(documents::table).values(row).execute(connection)?;
    hash::add(connection, document)?;
    for (position, chunk) in (0..).zip(&document.chunks) {
        let row = NewChunk {
            document_id: document.id.as_str(),
            position,
            text: &chunk.text,
            page: chunk.location.page.map(i64::from),
            heading: chunk.location.heading.as_deref(),
            anchor: chunk.location.anchor.as_deref(),
        };
        diesel::insert_into(chunks::table).values(row).execute(connection)?;
    }
    Ok(())
}

/// The last change, where rows were deleted since what they leave in the file was overwritten last.
pub(super) fn has_remains(connection: &mut SqliteConnection) -> Result<Option<i64>, Failed> {
    let totals = Totals::read(connection)?;
    Ok(totals.has_remains.then_some(totals.last_change))
}

/// Notes that what rows have left is overwritten that were deleted up to this change. Nobody else writes meanwhile.
pub(super) fn note_overwritten(connection: &mut SqliteConnection, change: i64) -> Result<(), Failed> {
    let has_remains = Totals::read(connection)?.last_change != change;
    diesel::update(totals::table)
        .set((totals::overwritten.eq(change), totals::has_remains.eq(has_remains)))
        .execute(connection)?;
    Ok(())
}

/// Empties the write-ahead log, which still holds a text that is gone. In the database it is overwritten already, but for what
/// [`remains`](crate::remains) tells of; who overwrites that at the moment stands against this, and does it then.
fn purge_wal(connection: &mut SqliteConnection) {
    if let Err(error) = database::try_to_empty_wal(connection) {
        tracing::warn!(%error, "a removed text stays in the write-ahead log until the database is closed");
    }
}

fn to_i64(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
