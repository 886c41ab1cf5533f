//! A collection in a vector database: what it is called, and where it lies.

use std::fmt;

use syft_space_domain::dataset::{ServerUrl, ServerUrlError, VectorDatabase, VectorDatabaseKind};
use syft_space_domain::random::{Entropy, RandomError};

use crate::journal::DatasetKey;

/// Where collections lie: a database without what it knows the space by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) kind: VectorDatabaseKind,
    /// `None` is the database that the space made for the dataset: its address is another whenever it is started anew.
    pub(crate) url: Option<ServerUrl>,
}

/// Stands in a journal where the URL of a database would, of one that the space made. It is no URL.
const PROVISIONED: &str = "provisioned";

impl Location {
    /// What a journal has of where it is.
    pub(crate) fn url_text(&self) -> &str {
        self.url.as_ref().map_or(PROVISIONED, ServerUrl::as_str)
    }

    /// The one that a journal has.
    pub(crate) fn read(kind: VectorDatabaseKind, url: &str) -> Result<Self, ServerUrlError> {
        let url = if url == PROVISIONED { None } else { Some(ServerUrl::parse(url)?) };
        Ok(Self { kind, url })
    }

    /// Whether the space made the database.
    pub(crate) fn is_provisioned(&self) -> bool {
        self.url.is_none()
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.url {
            Some(url) => write!(f, "{} at {url}", self.kind),
            None => write!(f, "the {} database of the dataset's own", self.kind),
        }
    }
}

impl From<&VectorDatabase> for Location {
    fn from(database: &VectorDatabase) -> Self {
        let url = (!database.is_provisioned).then(|| database.url.clone());
        Self { kind: database.kind, url }
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
