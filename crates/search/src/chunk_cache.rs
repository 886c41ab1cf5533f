//! The cache of chunks that were found of late.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use syft_space_domain::dataset::{DocumentId, Hit, Location, Metadata};
use tantivy::DocAddress;

use crate::types::DatasetKey;
use crate::word_places::WordPlaces;

/// The weight of a chunk besides its text and metadata: its place in the cache, and its pointers.
const ENTRY_OVERHEAD_BYTES: u64 = 256;
/// The weight of parsed JSON, as a multiple of its text. It is an estimate.
const JSON_EXPANSION_FACTOR: u64 = 4;
/// The typical weight of a chunk, to size the cache's tables.
const TYPICAL_CHUNK_BYTES: u64 = 2048;

/// A chunk as it is handed out.
pub(crate) struct CachedChunk {
    pub(crate) owner: DatasetKey,
    pub(crate) document: DocumentId,
    /// Which of the document's chunks it is, counted from 0.
    pub(crate) position: u32,
    pub(crate) content: Arc<str>,
    pub(crate) words: WordPlaces,
    pub(crate) metadata: Arc<Metadata>,
    /// The length of the metadata as JSON.
    pub(crate) metadata_bytes: usize,
    pub(crate) location: Arc<Location>,
    /// The length of the location as JSON.
    pub(crate) location_bytes: usize,
}

impl CachedChunk {
    /// The key that orders chunks of equal score.
    pub(crate) fn order(&self) -> (&DocumentId, u32) {
        (&self.document, self.position)
    }

    /// The chunk as a hit for terms with these hashes.
    pub(crate) fn hit(&self, score: f32, terms: &[u32]) -> Hit {
        Hit {
            document: self.document.clone(),
            chunk: self.position,
            content: Arc::clone(&self.content),
            metadata: Arc::clone(&self.metadata),
            location: Arc::clone(&self.location),
            highlight: self.words.find(terms),
            score,
        }
    }
}

/// The address of a chunk: the number of its snapshot, and where it is in that.
type Address = (u64, DocAddress);

/// A cache of chunks, up to a number of bytes.
pub(crate) struct ChunkCache(Cache<Address, Arc<CachedChunk>, ByteWeighter>);

#[derive(Clone)]
struct ByteWeighter;

impl Weighter<Address, Arc<CachedChunk>> for ByteWeighter {
    fn weight(&self, _: &Address, chunk: &Arc<CachedChunk>) -> u64 {
        let bytes = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        bytes(chunk.content.len())
            .saturating_add(bytes(chunk.location_bytes))
            .saturating_add(bytes(chunk.words.bytes()))
            .saturating_add(bytes(chunk.metadata_bytes).saturating_mul(JSON_EXPANSION_FACTOR))
            .saturating_add(ENTRY_OVERHEAD_BYTES)
    }
}

impl ChunkCache {
    pub(crate) fn new(bytes: u64) -> Self {
        let items = usize::try_from(bytes / TYPICAL_CHUNK_BYTES).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(items, bytes, ByteWeighter))
    }

    pub(crate) fn get(&self, address: &Address) -> Option<Arc<CachedChunk>> {
        self.0.get(address)
    }

    pub(crate) fn insert(&self, address: Address, chunk: Arc<CachedChunk>) {
        self.0.insert(address, chunk);
    }

    pub(crate) fn remove(&self, address: &Address) {
        self.0.remove(address);
    }

    /// Removes all chunks of one dataset.
    pub(crate) fn remove_dataset(&self, owner: DatasetKey) {
        self.0.retain(|_, chunk| chunk.owner != owner);
    }
}

#[cfg(test)]
mod tests {
    use syft_space_domain::ids::{DatasetId, TenantId};

    use super::*;

    fn chunk(dataset: u8, bytes: usize) -> Arc<CachedChunk> {
        Arc::new(CachedChunk {
            owner: (TenantId::from_bytes([1; 16]), DatasetId::from_bytes([dataset; 16])),
            document: DocumentId::parse("a").unwrap(),
            position: 0,
            content: "x".repeat(bytes).into(),
            words: WordPlaces::default(),
            metadata: Arc::default(),
            metadata_bytes: 2,
            location: Arc::default(),
            location_bytes: 0,
        })
    }

    #[test]
    fn no_more_bytes_are_kept_than_were_granted() {
        let cache = ChunkCache::new(1024 * 1024);
        for doc in 0..10_000 {
            cache.insert((1, DocAddress::new(0, doc)), chunk(1, 1000));
        }
        assert!(cache.0.weight() <= 1024 * 1024);
        assert!(cache.0.weight() > 1024 * 1024 / 2, "hardly anything is kept");
    }

    #[test]
    fn a_dataset_is_forgotten_and_others_are_not() {
        let cache = ChunkCache::new(1024 * 1024);
        let (one, other) = ((1, DocAddress::new(0, 0)), (2, DocAddress::new(0, 0)));
        cache.insert(one, chunk(1, 10));
        cache.insert(other, chunk(2, 10));
        cache.remove_dataset(chunk(1, 0).owner);
        assert!(cache.get(&one).is_none());
        assert!(cache.get(&other).is_some());
    }
}
