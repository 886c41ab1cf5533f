//! The hashes of documents: what each was made of, and which version of its reader read it.

use diesel::prelude::*;
use syft_space_domain::dataset::{ContentHash, Document, DocumentId, MadeOf, ReaderVersion};

use super::read;
use super::schema::{documents, hashes};
use crate::codec::{self, Bytes, unreadable_column};
use crate::error::Failed;

impl From<ContentHash> for Bytes<32> {
    fn from(hash: ContentHash) -> Self {
        Self(*hash.as_bytes())
    }
}

/// What one document was made of.
pub(super) fn of(connection: &mut SqliteConnection, id: &str) -> Result<Option<MadeOf>, Failed> {
    let row = hashes::table.find(id).select((hashes::sha256, hashes::reader));
    let stored: Option<(Bytes<32>, Option<i64>)> = row.first(connection).optional()?;
    if let Some((Bytes(bytes), reader)) = stored {
        return Ok(Some(MadeOf {
            sha256: ContentHash::from_bytes(bytes),
            reader: reader.map(version).transpose()?,
        }));
    }
    // It may be one from before hashes were kept.
    let document = documents::table.find(id).select((documents::content, documents::metadata));
    let row: Option<(String, String)> = document.first(connection).optional()?;
    let hashed = row.map(|(content, metadata)| {
        let sha256 = ContentHash::of_document(&content, &read::metadata(&metadata)?);
        Ok::<_, Failed>(MadeOf { sha256, reader: None })
    });
    hashed.transpose()
}

fn version(stored: i64) -> Result<ReaderVersion, Failed> {
    let version = u32::try_from(stored).map_err(|error| unreadable_column("hashes.reader", &error))?;
    Ok(ReaderVersion(version))
}

pub(super) fn add(connection: &mut SqliteConnection, document: &Document) -> Result<(), Failed> {
    let row = (
        hashes::document_id.eq(document.id.as_str()),
        hashes::sha256.eq(Bytes::from(document.sha256)),
        hashes::reader.eq(document.reader.map(|reader| i64::from(reader.0))),
    );
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
