//! The hashes of documents: what each was made of.

use diesel::prelude::*;
use syft_space_domain::dataset::{ContentHash, DocumentId};

use super::read;
use super::schema::{documents, hashes};
use crate::codec::{self, Bytes};
use crate::error::Failed;

impl From<ContentHash> for Bytes<32> {
    fn from(hash: ContentHash) -> Self {
        Self(*hash.as_bytes())
    }
}

/// What one document was made of.
pub(super) fn of(connection: &mut SqliteConnection, id: &str) -> Result<Option<ContentHash>, Failed> {
    let stored: Option<Bytes<32>> =
        hashes::table.find(id).select(hashes::sha256).first(connection).optional()?;
    if let Some(Bytes(bytes)) = stored {
        return Ok(Some(ContentHash::from_bytes(bytes)));
    }
    // It may be one from before hashes were kept.
    let document = documents::table.find(id).select((documents::content, documents::metadata));
    let row: Option<(String, String)> = document.first(connection).optional()?;
    let hashed = row.map(|(content, metadata)| {
        Ok::<_, Failed>(ContentHash::of_document(&content, &read::metadata(&metadata)?))
    });
    hashed.transpose()
}

pub(super) fn add(connection: &mut SqliteConnection, id: &str, hash: ContentHash) -> Result<(), Failed> {
    let row = (hashes::document_id.eq(id), hashes::sha256.eq(Bytes::from(hash)));
    diesel::insert_into(hashes::table).values(row).execute(connection)?;
    Ok(())
}

pub(super) fn made_of(
    connection: &mut SqliteConnection,
    hash: &ContentHash,
) -> Result<Option<DocumentId>, Failed> {
    let first = hashes::table.filter(hashes::sha256.eq(Bytes::from(*hash))).order(hashes::document_id);
    let id: Option<String> = first.select(hashes::document_id).first(connection).optional()?;
    Ok(id.map(|id| codec::parse("hashes.document_id", &id)).transpose()?)
}
