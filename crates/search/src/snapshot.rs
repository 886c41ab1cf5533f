//! A snapshot: an index as it was at its last commit, opened for searches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use syft_space_domain::dataset::{AnalyzerSettings, ChunkRef, DocumentId, Hits, SearchQuery};
use tantivy::schema::Value;
use tantivy::{DocAddress, ReloadPolicy, Searcher, TantivyDocument};

use crate::chunk_cache::{CachedChunk, ChunkCache};
use crate::error::IndexError;
use crate::fields::{Fields, fields};
use crate::folder::IndexFolder;
use crate::ingest;
use crate::rank::{self, LengthNorms};
use crate::segment::Segment;
use crate::shares;
use crate::types::DatasetKey;
use crate::weights::{self, QueryTerm};
use crate::word_places::WordPlaces;

/// The blocks of 16 KiB of stored text that each segment keeps decompressed. Whole chunks are kept elsewhere.
const CACHED_STORE_BLOCKS: usize = 2;

/// An opened index.
pub(crate) struct Snapshot {
    /// Its number; no two of a process have the same.
    number: u64,
    owner: DatasetKey,
    settings: AnalyzerSettings,
    fields: Fields,
    searcher: Searcher,
    segments: Vec<Segment>,
    norms: LengthNorms,
    /// Whether there is a newer commit, or no index any more.
    outdated: AtomicBool,
}

impl Snapshot {
    /// Opens the last commit; `None` when there is no index.
    pub(crate) fn open(
        number: u64,
        owner: DatasetKey,
        folder: &IndexFolder,
        settings: AnalyzerSettings,
    ) -> Result<Option<Self>, IndexError> {
        let Some(index) = ingest::open(folder, settings)? else { return Ok(None) };
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(CACHED_STORE_BLOCKS)
            .try_into()?;
        let searcher = reader.searcher();
        let (fields, _) = fields(settings);
        let segments: Vec<Segment> = searcher
            .segment_readers()
            .iter()
            .map(|reader| Segment::open(reader, fields))
            .collect::<Result<_, _>>()?;
        let norms = LengthNorms::of(&segments);
        let outdated = AtomicBool::new(false);
        Ok(Some(Self { number, owner, settings, fields, searcher, segments, norms, outdated }))
    }

    /// The settings that its words were analyzed with.
    pub(crate) fn settings(&self) -> AnalyzerSettings {
        self.settings
    }

    /// Marks the snapshot as outdated: none of its chunks is cached any more.
    pub(crate) fn mark_outdated(&self) {
        self.outdated.store(true, Ordering::SeqCst);
    }

    /// The chunks that match a query best, the best first.
    pub(crate) fn search(&self, query: &SearchQuery<'_>, cache: &ChunkCache) -> Result<Hits, IndexError> {
        let (top, terms) = rank::top_chunks(&self.segments, &self.norms, self.settings, query)?;
        let mut hits = Vec::with_capacity(top.len());
        for entry in top {
            let chunk = self.chunk(DocAddress::new(entry.segment, entry.doc), cache)?;
            hits.push((entry.score, chunk));
        }
        hits.sort_by(|(score, chunk), (other_score, other)| {
            other_score.total_cmp(score).then_with(|| chunk.order().cmp(&other.order()))
        });
        hits.truncate(query.limit);
        Ok(hits.iter().map(|(score, chunk)| chunk.hit(*score, &terms)).collect())
    }

    /// The named chunks that there are, in the order of their names, as hits of score 0 for a text.
    pub(crate) fn chunks(
        &self,
        text: &str,
        named: &[ChunkRef],
        cache: &ChunkCache,
    ) -> Result<Hits, IndexError> {
        let terms = weights::weighted_terms(&self.segments, &self.norms, self.settings, text)?;
        let terms: Vec<u32> = terms.iter().flat_map(QueryTerm::hashes).collect();
        let addresses = self.addresses(named)?;
        let addresses = named.iter().filter_map(|name| addresses.get(name));
        addresses.map(|address| Ok(self.chunk(*address, cache)?.hit(0.0, &terms))).collect()
    }

    /// Which share of all chunks can have each text within at most.
    pub(crate) fn shares(&self, texts: &[&str]) -> Result<Vec<f32>, IndexError> {
        let share = |text: &&str| shares::share(&self.segments, &self.norms, self.settings, text);
        texts.iter().map(share).collect()
    }

    /// Where the named chunks are that there are. Each document is looked up once.
    fn addresses<'a>(&self, named: &'a [ChunkRef]) -> Result<BTreeMap<&'a ChunkRef, DocAddress>, IndexError> {
        let distinct: Vec<&ChunkRef> = named.iter().collect::<BTreeSet<_>>().into_iter().collect();
        let mut addresses = BTreeMap::new();
        for of_document in distinct.chunk_by(|one, other| one.document == other.document) {
            let mut wanted: BTreeMap<u64, &ChunkRef> =
                of_document.iter().map(|name| (u64::from(name.chunk), *name)).collect();
            for (at, segment) in (0..).zip(&self.segments) {
                let Some(document) = wanted.values().next().map(|name| &name.document) else { break };
                for (name, doc) in segment.take_chunks(document.as_str(), &mut wanted)? {
                    addresses.insert(name, DocAddress::new(at, doc));
                }
            }
        }
        Ok(addresses)
    }

    fn chunk(&self, address: DocAddress, cache: &ChunkCache) -> Result<Arc<CachedChunk>, IndexError> {
        let key = (self.number, address);
        if let Some(chunk) = cache.get(&key) {
            return Ok(chunk);
        }
        let chunk = Arc::new(self.load(address, cache)?);
        cache.insert(key, Arc::clone(&chunk));
        // It may have been outdated just before, and then its chunks were removed already.
        if self.outdated.load(Ordering::SeqCst) {
            cache.remove(&key);
        }
        Ok(chunk)
    }

    fn load(&self, address: DocAddress, cache: &ChunkCache) -> Result<CachedChunk, IndexError> {
        let stored: TantivyDocument = self.searcher.doc(address)?;
        let text = |field| stored.get_first(field).and_then(|value| value.as_str());
        let document = text(self.fields.document).and_then(|id| DocumentId::parse(id).ok());
        let (Some(document), Some(content)) = (document, text(self.fields.text)) else {
            return Err(IndexError::Damaged("a chunk lacks its document or its text".to_owned()));
        };
        let (metadata, metadata_bytes) = match text(self.fields.metadata) {
            Some(json) => (Arc::new(serde_json::from_str(json).map_err(unreadable("metadata"))?), json.len()),
            None => {
                let head = self.chunk(self.head(&document)?, cache)?;
                (Arc::clone(&head.metadata), head.metadata_bytes)
            }
        };
        let location = text(self.fields.location).unwrap_or_default();
        let location_bytes = location.len();
        let location = if location.is_empty() {
            Arc::default()
        } else {
            Arc::new(serde_json::from_str(location).map_err(unreadable("a location"))?)
        };
        Ok(CachedChunk {
            owner: self.owner,
            document,
            position: self.position(address)?,
            content: content.into(),
            words: WordPlaces::of(self.settings, content),
            metadata,
            metadata_bytes,
            location,
            location_bytes,
        })
    }

    fn position(&self, address: DocAddress) -> Result<u32, IndexError> {
        let segment = usize::try_from(address.segment_ord).ok().and_then(|at| self.segments.get(at));
        let position = segment.and_then(|segment| segment.position(address.doc_id));
        position
            .and_then(|position| u32::try_from(position).ok())
            .ok_or_else(|| IndexError::Damaged("a chunk lacks its place in its document".to_owned()))
    }

    /// The first chunk of a document, which has its metadata.
    fn head(&self, document: &DocumentId) -> Result<DocAddress, IndexError> {
        for (at, segment) in (0..).zip(&self.segments) {
            if let Some(doc) = segment.head(document.as_str())? {
                return Ok(DocAddress::new(at, doc));
            }
        }
        Err(IndexError::Damaged(format!("the first chunk of {document} is missing")))
    }
}

/// The error for JSON that is none.
fn unreadable(what: &str) -> impl Fn(serde_json::Error) -> IndexError {
    move |error| IndexError::Damaged(format!("{what} cannot be read: {error}"))
}
