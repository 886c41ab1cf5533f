//! Reading documents, and the changes to them.

use diesel::prelude::*;
use syft_space_domain::dataset::ports::Removal;
use syft_space_domain::dataset::{
    Change, ChangeNumber, Chunk, ContentHash, Document, DocumentId, DocumentSummary, Location, MadeOf,
    Metadata, Usage,
};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::store::StoreError;
use syft_space_domain::time::Timestamp;

use super::hash;
use super::schema::{chunks, documents, gaps, removals, totals};
use crate::codec::{limit_plus_one, parse, to_u64, unreadable_column};
use crate::error::Failed;

/// The most text of the changes that are read at once: a thousand large documents are not held in memory together.
const MAX_CHANGES_BYTES: i64 = 32 << 20;

#[derive(Queryable, Selectable)]
#[diesel(table_name = documents)]
struct DocumentRow {
    created_at: i64,
    metadata: String,
    content: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = documents)]
struct SummaryRow {
    id: String,
    bytes: i64,
    chunks: i64,
    created_at: i64,
    metadata: String,
}

impl SummaryRow {
    fn read(self, connection: &mut SqliteConnection) -> Result<DocumentSummary, Failed> {
        let row = self;
        let Some(MadeOf { sha256, reader }) = hash::of(connection, &row.id)? else {
            return Err(StoreError::failed("a document is gone that was there just now").into());
        };
        Ok(DocumentSummary {
            sha256,
            reader,
            id: parse("documents.id", &row.id)?,
            metadata: metadata(&row.metadata)?,
            bytes: to_u64(row.bytes)?,
            chunks: to_u64(row.chunks)?,
            created_at: Timestamp::from_unix_micros(row.created_at),
        })
    }
}

pub(super) fn metadata(json: &str) -> Result<Metadata, StoreError> {
    serde_json::from_str(json).map_err(|error| unreadable_column("documents.metadata", &error))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = chunks)]
struct ChunkRow {
    text: String,
    page: Option<i64>,
    heading: Option<String>,
    anchor: Option<String>,
}

impl ChunkRow {
    fn read(self) -> Result<Chunk, Failed> {
        let Self { text, page, heading, anchor } = self;
        let page = page.map(u32::try_from).transpose();
        let page = page.map_err(|error| unreadable_column("chunks.page", &error))?;
        Ok(Chunk { text, location: Location { page, heading, anchor } })
    }
}

pub(super) fn document(
    connection: &mut SqliteConnection,
    id: &DocumentId,
) -> Result<Option<Document>, Failed> {
    let query = documents::table.find(id.as_str()).select(DocumentRow::as_select());
    let row: Option<DocumentRow> = query.first(connection).optional()?;
    let Some(row) = row else { return Ok(None) };
    let metadata = metadata(&row.metadata)?;
    let MadeOf { sha256, reader } = match hash::of(connection, id.as_str())? {
        Some(made_of) => made_of,
        None => MadeOf { sha256: ContentHash::of_document(&row.content, &metadata), reader: None },
    };
    let rows: Vec<ChunkRow> = chunks::table
        .filter(chunks::document_id.eq(id.as_str()))
        .order(chunks::position)
        .select(ChunkRow::as_select())
        .load(connection)?;
    Ok(Some(Document {
        id: id.clone(),
        content: row.content,
        metadata,
        sha256,
        reader,
        chunks: rows.into_iter().map(ChunkRow::read).collect::<Result<_, _>>()?,
        created_at: Timestamp::from_unix_micros(row.created_at),
    }))
}

pub(super) fn summaries(
    connection: &mut SqliteConnection,
    page: &PageRequest<DocumentId>,
) -> Result<Page<DocumentSummary, DocumentId>, Failed> {
    // No id is as small as nothing, where the first page begins.
    let after = page.after.as_ref().map_or("", |cursor| cursor.0.as_str());
    let rows: Vec<SummaryRow> = documents::table
        .filter(documents::id.gt(after))
        .order(documents::id)
        .limit(limit_plus_one(page.limit))
        .select(SummaryRow::as_select())
        .load(connection)?;
    Page::read(rows, page.limit, |row| {
        let document = row.read(connection)?;
        Ok((document.id.clone(), document))
    })
}

pub(super) fn usage(connection: &mut SqliteConnection) -> Result<Usage, Failed> {
    let sums = (totals::documents, totals::chunks, totals::bytes);
    let (documents, chunks, bytes): (i64, i64, i64) = totals::table.select(sums).first(connection)?;
    Ok(Usage { documents: to_u64(documents)?, chunks: to_u64(chunks)?, bytes: to_u64(bytes)? })
}

/// The removal of a document, if it was removed and not put in again.
pub(super) fn removal(connection: &mut SqliteConnection, id: &DocumentId) -> Result<Option<Removal>, Failed> {
    let removed = removals::table.find(id.as_str()).select(removals::change);
    let Some(change) = removed.first::<i64>(connection).optional()? else { return Ok(None) };
    let of_all = totals::table.select((totals::has_remains, totals::overwritten));
    let (has_remains, overwritten): (bool, i64) = of_all.first(connection)?;
    let is_overwritten = !has_remains || overwritten >= change;
    Ok(Some(Removal { change: ChangeNumber(to_u64(change)?), is_overwritten }))
}

/// Whether a change has had this number; 0 counts as one.
fn is_of_change(connection: &mut SqliteConnection, number: i64) -> Result<bool, Failed> {
    if number == 0 {
        return Ok(true);
    }
    let last: i64 = totals::table.select(totals::last_change).first(connection)?;
    let gap = gaps::table.filter(gaps::next_change.gt(number)).order(gaps::next_change);
    let before: Option<i64> = gap.select(gaps::last_change).first(connection).optional()?;
    Ok(number <= last && before.is_none_or(|before| number <= before))
}

pub(super) fn changes(
    connection: &mut SqliteConnection,
    after: ChangeNumber,
    limit: usize,
) -> Result<Option<Vec<Change>>, Failed> {
    let after = i64::try_from(after.0).unwrap_or(i64::MAX);
    if !is_of_change(connection, after)? {
        return Ok(None);
    }
    let max_rows = i64::try_from(limit).unwrap_or(i64::MAX);
    let put: Vec<(i64, String)> = documents::table
        .filter(documents::change.gt(after))
        .order(documents::change)
        .limit(max_rows)
        .select((documents::change, documents::id))
        .load(connection)?;
    let removed: Vec<(i64, String)> = removals::table
        .filter(removals::change.gt(after))
        .order(removals::change)
        .limit(max_rows)
        .select((removals::change, removals::document_id))
        .load(connection)?;
    let put = put.into_iter().map(|(change, id)| (change, id, true));
    let mut listed: Vec<_> = put.chain(removed.into_iter().map(|(change, id)| (change, id, false))).collect();
    listed.sort_unstable_by_key(|(change, ..)| *change);
    listed.truncate(limit);

    let mut changes = Vec::new();
    let mut bytes = 0_i64;
    for (change, id, is_put) in listed {
        let id: DocumentId = parse("documents.id", &id)?;
        let change = ChangeNumber(to_u64(change)?);
        if !is_put {
            changes.push(Change::Removed(change, id));
            continue;
        }
        let Some(document) = document(connection, &id)? else {
            return Err(StoreError::failed("a document is gone that was there just now").into());
        };
        bytes = bytes.saturating_add(i64::try_from(document.content.len()).unwrap_or(i64::MAX));
        changes.push(Change::Put(change, document));
        if bytes >= MAX_CHANGES_BYTES {
            break;
        }
    }
    Ok(Some(changes))
}
