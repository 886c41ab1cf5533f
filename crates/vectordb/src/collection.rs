//! A collection in a vector database: what it is called, and where it lies.

use syft_space_domain::dataset::{VectorDatabase, VectorDatabaseKind, VectorDatabaseUrl};
use syft_space_domain::random::{Entropy, RandomError};

use crate::journal::DatasetKey;

/// Where collections lie: a database without what it knows the space by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) kind: VectorDatabaseKind,
    pub(crate) url: VectorDatabaseUrl,
}

impl From<&VectorDatabase> for Location {
    fn from(database: &VectorDatabase) -> Self {
        Self { kind: database.kind, url: database.url.clone() }
    }
}

/// A collection, as a database is asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collection {
    /// Its name. No two that were ever made have the same.
    pub(crate) name: String,
    /// What the database calls it, once it is known to be there.
    pub(crate) remote_id: Option<String>,
    /// How many components its vectors have.
    pub(crate) dimension: usize,
}

/// What the names of a dataset's collections begin with: ids, and nothing that a person wrote.
pub(crate) fn prefix((tenant, dataset): DatasetKey) -> String {
    format!("syft-{tenant}-{dataset}-")
}

/// The name of a new collection.
///
/// # Errors
/// When the source of randomness fails.
pub(crate) fn new_name(dataset: DatasetKey, entropy: &dyn Entropy) -> Result<String, RandomError> {
    let mut random = [0; 8];
    entropy.fill(&mut random)?;
    Ok(format!("{}{:016x}", prefix(dataset), u64::from_be_bytes(random)))
}
