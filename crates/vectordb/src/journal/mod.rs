//! The journal of a dataset: which vectors lie outside, under which numbers, and what must leave there.
//!
//! One SQLite database for each dataset, in the dataset's folder. Every function here is a part of one transaction.

mod error;
mod open;
mod schema;

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use syft_space_domain::dataset::{ChangeNumber, DocumentId};
use syft_space_domain::encoder::{MAX_DIMENSION, ModelRevision};

pub(crate) use self::error::JournalError;
pub(crate) use self::open::{DatasetKey, Journals};
use self::schema::{collections, documents, leaving};
use crate::collection::{Collection, Location};
use crate::point::Group;

/// The most values of one statement.
const MAX_VALUES: usize = 500;

/// The vectors of a version of a document: their group, and how many there are.
pub(crate) type Version = (Group, u32);

/// A collection, as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its number in the journal.
    pub(crate) id: i64,
    /// Whose vectors.
    pub(crate) revision: ModelRevision,
    /// Where it lies.
    pub(crate) location: Location,
    /// What it is there.
    pub(crate) collection: Collection,
    /// The last change that its vectors have followed.
    pub(crate) encoded: ChangeNumber,
    /// Whether all of it must leave.
    pub(crate) is_leaving: bool,
}

#[derive(Queryable)]
struct Row {
    id: i64,
    revision: String,
    name: String,
    remote_id: Option<String>,
    kind: String,
    url: String,
    dimension: i64,
    encoded: i64,
    is_leaving: bool,
}

impl Row {
    fn read(self) -> Result<Entry, JournalError> {
        let damaged = || JournalError::Damaged;
        let kind = self.kind.parse().map_err(|_| damaged())?;
        let location = Location::read(kind, &self.url).map_err(|_| damaged())?;
        let dimension = usize::try_from(self.dimension).map_err(|_| damaged())?;
        if !(1..=MAX_DIMENSION).contains(&dimension) {
            return Err(damaged());
        }
        Ok(Entry {
            id: self.id,
            revision: self.revision.parse().map_err(|_| damaged())?,
            location,
            collection: Collection { name: self.name, remote_id: self.remote_id, dimension },
            encoded: ChangeNumber(u64::try_from(self.encoded).map_err(|_| damaged())?),
            is_leaving: self.is_leaving,
        })
    }
}

/// Every collection, in the order in which they were made.
pub(crate) fn entries(connection: &mut SqliteConnection) -> Result<Vec<Entry>, JournalError> {
    let rows = collections::table.order(collections::id).load::<Row>(connection)?;
    rows.into_iter().map(Row::read).collect()
}

/// The collection in use for a revision's vectors.
pub(crate) fn in_use(
    connection: &mut SqliteConnection,
    revision: ModelRevision,
) -> Result<Option<Entry>, JournalError> {
    let row = collections::table
        .filter(collections::revision.eq(revision.to_string()))
        .filter(collections::is_leaving.eq(false))
        .first::<Row>(connection)
        .optional()?;
    row.map(Row::read).transpose()
}

/// Notes a new collection, before it is made.
pub(crate) fn add(
    connection: &mut SqliteConnection,
    revision: ModelRevision,
    location: &Location,
    collection: &Collection,
) -> Result<Entry, JournalError> {
    let dimension = i64::try_from(collection.dimension).map_err(|_| JournalError::Damaged)?;
    diesel::insert_into(collections::table)
        .values((
            collections::revision.eq(revision.to_string()),
            collections::name.eq(&collection.name),
            collections::remote_id.eq(collection.remote_id.as_deref()),
            collections::kind.eq(location.kind.as_str()),
            collections::url.eq(location.url_text()),
            collections::dimension.eq(dimension),
            collections::encoded.eq(0),
            collections::is_leaving.eq(false),
        ))
        .execute(connection)?;
    in_use(connection, revision)?.ok_or(JournalError::Damaged)
}

/// Notes what the server calls a collection, once it is there.
pub(crate) fn set_remote_id(
    connection: &mut SqliteConnection,
    id: i64,
    remote_id: &str,
) -> Result<(), JournalError> {
    diesel::update(collections::table.find(id))
        .set(collections::remote_id.eq(remote_id))
        .execute(connection)?;
    Ok(())
}

/// Notes vectors that are about to be sent: until a document has them they must leave.
pub(crate) fn note_leaving(
    connection: &mut SqliteConnection,
    id: i64,
    versions: impl Iterator<Item = Version>,
) -> Result<(), JournalError> {
    for (group, chunks) in versions {
        diesel::insert_into(leaving::table)
            .values((
                leaving::collection.eq(id),
                leaving::point_group.eq(group.0.cast_signed()),
                leaving::chunks.eq(i64::from(chunks)),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// What must leave of a collection.
pub(crate) fn leaving(connection: &mut SqliteConnection, id: i64) -> Result<Vec<Version>, JournalError> {
    let rows = leaving::table
        .filter(leaving::collection.eq(id))
        .select((leaving::point_group, leaving::chunks))
        .load::<(i64, i64)>(connection)?;
    rows.into_iter().map(version).collect()
}

/// Notes that the server has none of these any more.
pub(crate) fn clear_leaving(
    connection: &mut SqliteConnection,
    id: i64,
    versions: &[Version],
) -> Result<(), JournalError> {
    for some in versions.chunks(MAX_VALUES) {
        let groups = some.iter().map(|(group, _)| group.0.cast_signed());
        diesel::delete(leaving::table.filter(leaving::collection.eq(id)))
            .filter(leaving::point_group.eq_any(groups))
            .execute(connection)?;
    }
    Ok(())
}

/// Gives documents their new vectors, which were sent, or none; what they had must leave.
pub(crate) fn replace(
    connection: &mut SqliteConnection,
    id: i64,
    versions: &BTreeMap<&DocumentId, Option<Version>>,
    encoded: ChangeNumber,
) -> Result<(), JournalError> {
    for (document, version) in versions {
        remove_document(connection, id, document)?;
        let Some((group, chunks)) = version else { continue };
        let sent = diesel::delete(leaving::table.find((id, group.0.cast_signed()))).execute(connection)?;
        if sent != 1 {
            return Err(JournalError::Failed("vectors left while they were sent".to_owned()));
        }
        diesel::insert_into(documents::table)
            .values((
                documents::collection.eq(id),
                documents::document.eq(document.as_str()),
                documents::point_group.eq(group.0.cast_signed()),
                documents::chunks.eq(i64::from(*chunks)),
            ))
            .execute(connection)?;
    }
    let encoded = i64::try_from(encoded.0).map_err(|_| JournalError::Damaged)?;
    diesel::update(collections::table.find(id)).set(collections::encoded.eq(encoded)).execute(connection)?;
    Ok(())
}

/// Takes a document's vectors out; they must leave.
pub(crate) fn remove_document(
    connection: &mut SqliteConnection,
    id: i64,
    document: &DocumentId,
) -> Result<(), JournalError> {
    let held = documents::table
        .find((id, document.as_str()))
        .select((documents::point_group, documents::chunks))
        .first::<(i64, i64)>(connection)
        .optional()?;
    if let Some(held) = held {
        diesel::delete(documents::table.find((id, document.as_str()))).execute(connection)?;
        note_leaving(connection, id, std::iter::once(version(held)?))?;
    }
    Ok(())
}

/// Gives collections up: all of them must leave.
pub(crate) fn give_up(
    connection: &mut SqliteConnection,
    is_meant: impl Fn(&Entry) -> bool,
) -> Result<(), JournalError> {
    for entry in entries(connection)?.iter().filter(|entry| !entry.is_leaving && is_meant(entry)) {
        diesel::delete(documents::table.filter(documents::collection.eq(entry.id))).execute(connection)?;
        diesel::delete(leaving::table.filter(leaving::collection.eq(entry.id))).execute(connection)?;
        diesel::update(collections::table.find(entry.id))
            .set(collections::is_leaving.eq(true))
            .execute(connection)?;
    }
    Ok(())
}

/// Forgets a collection that was given up and is gone.
pub(crate) fn forget(connection: &mut SqliteConnection, id: i64) -> Result<(), JournalError> {
    diesel::delete(collections::table.find(id))
        .filter(collections::is_leaving.eq(true))
        .execute(connection)?;
    Ok(())
}

/// How many vectors documents have.
pub(crate) fn chunks(connection: &mut SqliteConnection, id: i64) -> Result<u64, JournalError> {
    number("SELECT COALESCE(SUM(chunks), 0) AS number FROM documents WHERE collection = ?", id, connection)
}

/// How many vectors must leave.
pub(crate) fn leaving_chunks(connection: &mut SqliteConnection, id: i64) -> Result<u64, JournalError> {
    number("SELECT COALESCE(SUM(chunks), 0) AS number FROM leaving WHERE collection = ?", id, connection)
}

/// The documents that some groups are of, with how many chunks each has.
pub(crate) fn documents_of(
    connection: &mut SqliteConnection,
    id: i64,
    groups: &[Group],
) -> Result<HashMap<Group, (DocumentId, u32)>, JournalError> {
    let mut found = HashMap::with_capacity(groups.len());
    for some in groups.chunks(MAX_VALUES) {
        let rows = documents::table
            .filter(documents::collection.eq(id))
            .filter(documents::point_group.eq_any(some.iter().map(|group| group.0.cast_signed())))
            .select((documents::document, documents::point_group, documents::chunks))
            .load::<(String, i64, i64)>(connection)?;
        for (document, group, chunks) in rows {
            let document = DocumentId::parse(&document).map_err(|_| JournalError::Damaged)?;
            let (group, chunks) = version((group, chunks))?;
            found.insert(group, (document, chunks));
        }
    }
    Ok(found)
}

/// The vectors that some documents have.
pub(crate) fn versions_of(
    connection: &mut SqliteConnection,
    id: i64,
    wanted: &[&DocumentId],
) -> Result<HashMap<String, Version>, JournalError> {
    let mut found = HashMap::with_capacity(wanted.len());
    for some in wanted.chunks(MAX_VALUES) {
        let rows = documents::table
            .filter(documents::collection.eq(id))
            .filter(documents::document.eq_any(some.iter().map(|document| document.as_str())))
            .select((documents::document, documents::point_group, documents::chunks))
            .load::<(String, i64, i64)>(connection)?;
        for (document, group, chunks) in rows {
            found.insert(document, version((group, chunks))?);
        }
    }
    Ok(found)
}

fn version((group, chunks): (i64, i64)) -> Result<Version, JournalError> {
    let chunks = u32::try_from(chunks).map_err(|_| JournalError::Damaged)?;
    Ok((Group(group.cast_unsigned()), chunks))
}

#[derive(QueryableByName)]
struct Total {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn number(query: &str, id: i64, connection: &mut SqliteConnection) -> Result<u64, JournalError> {
    let total = diesel::sql_query(query).bind::<BigInt, _>(id).get_result::<Total>(connection)?.number;
    u64::try_from(total).map_err(|_| JournalError::Damaged)
}
