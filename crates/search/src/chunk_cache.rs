//! The chunks found of late, ready to be handed out.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use syft_space_domain::dataset::{DocumentId, Hit, Metadata};
use tantivy::DocAddress;

use crate::engine::Key;

/// What a chunk weighs besides its text and metadata: its place in the cache, and its pointers.
const OVERHEAD: u64 = 256;
/// About how many times more parsed JSON weighs than its text.
const PARSED: u64 = 4;
/// About what a chunk weighs, to size the cache's tables.
const TYPICAL: u64 = 2048;

/// A chunk that was found.
pub(crate) struct Found {
    pub(crate) owner: Key,
    pub(crate) document: DocumentId,
    pub(crate) place: u64,
    pub(crate) content: Arc<str>,
    pub(crate) metadata: Arc<Metadata>,
    /// How long the metadata is as JSON.
    pub(crate) metadata_bytes: usize,
}

impl Found {
    /// What orders chunks of equal score.
    pub(crate) fn order(&self) -> (&DocumentId, u64) {
        (&self.document, self.place)
    }

    pub(crate) fn hit(&self, score: f32) -> Hit {
        Hit {
            document: self.document.clone(),
            content: Arc::clone(&self.content),
            metadata: Arc::clone(&self.metadata),
            score,
        }
    }
}

/// A chunk of a snapshot: the snapshot's number, and where the chunk is in it.
type Address = (u64, DocAddress);

/// Keeps chunks ready, up to a number of bytes.
pub(crate) struct Ready(Cache<Address, Arc<Found>, Bytes>);

#[derive(Clone)]
struct Bytes;

impl Weighter<Address, Arc<Found>> for Bytes {
    fn weight(&self, _: &Address, found: &Arc<Found>) -> u64 {
        let bytes = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        bytes(found.content.len())
            .saturating_add(bytes(found.metadata_bytes).saturating_mul(PARSED))
            .saturating_add(OVERHEAD)
    }
}

impl Ready {
    pub(crate) fn new(bytes: u64) -> Self {
        let items = usize::try_from(bytes / TYPICAL).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(items, bytes, Bytes))
    }

    pub(crate) fn get(&self, address: &Address) -> Option<Arc<Found>> {
        self.0.get(address)
    }

    pub(crate) fn keep(&self, address: Address, found: Arc<Found>) {
        self.0.insert(address, found);
    }

    pub(crate) fn drop_one(&self, address: &Address) {
        self.0.remove(address);
    }

    /// Drops all of one dataset.
    pub(crate) fn forget(&self, owner: Key) {
        self.0.retain(|_, found| found.owner != owner);
    }
}

#[cfg(test)]
mod tests {
    use syft_space_domain::ids::{DatasetId, TenantId};

    use super::*;

    fn found(dataset: u8, bytes: usize) -> Arc<Found> {
        Arc::new(Found {
            owner: (TenantId::from_bytes([1; 16]), DatasetId::from_bytes([dataset; 16])),
            document: DocumentId::parse("a").unwrap(),
            place: 0,
            content: "x".repeat(bytes).into(),
            metadata: Arc::default(),
            metadata_bytes: 2,
        })
    }

    #[test]
    fn no_more_bytes_are_kept_than_were_granted() {
        let ready = Ready::new(1024 * 1024);
        for doc in 0..10_000 {
            ready.keep((1, DocAddress::new(0, doc)), found(1, 1000));
        }
        assert!(ready.0.weight() <= 1024 * 1024);
        assert!(ready.0.weight() > 1024 * 1024 / 2, "hardly anything is kept");
    }

    #[test]
    fn a_dataset_is_forgotten_and_others_are_not() {
        let ready = Ready::new(1024 * 1024);
        let (one, other) = ((1, DocAddress::new(0, 0)), (2, DocAddress::new(0, 0)));
        ready.keep(one, found(1, 10));
        ready.keep(other, found(2, 10));
        ready.forget(found(1, 0).owner);
        assert!(ready.get(&one).is_none());
        assert!(ready.get(&other).is_some());
    }
}
