//! An index as it was at its last commit, opened for questions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use syft_space_domain::dataset::{AnalyzerSettings, SearchQuery, DocumentId, Hits, Metadata};
use tantivy::columnar::{Column, StrColumn};
use tantivy::fastfield::AliveBitSet;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::{InvertedIndexReader, SegmentReader};
use tantivy::schema::{IndexRecordOption, Value};
use tantivy::{DocAddress, DocId, DocSet, ReloadPolicy, Searcher, TERMINATED, TantivyDocument};

use crate::chunk_cache::{Found, Ready};
use crate::engine::Key;
use crate::error::Fault;
use crate::fields::{DOCUMENT, Fields, PLACE, fields};
use crate::folder::Folder;
use crate::ingest;
use crate::rank::{self, Lengths};

/// How many blocks of 16 KiB of stored text each segment keeps unpacked. Whole chunks are kept elsewhere.
const STORE_BLOCKS: usize = 2;

/// An opened index.
pub(crate) struct Snapshot {
    /// Its number; no two of a process have the same.
    number: u64,
    owner: Key,
    settings: AnalyzerSettings,
    fields: Fields,
    searcher: Searcher,
    segments: Vec<Segment>,
    lengths: Lengths,
    /// Whether there is a newer commit, or no index any more.
    outdated: AtomicBool,
}

/// A part of an opened index.
pub(crate) struct Segment {
    pub(crate) words: Arc<InvertedIndexReader>,
    pub(crate) lengths: FieldNormReader,
    alive: Option<AliveBitSet>,
    heads: Arc<InvertedIndexReader>,
    documents: StrColumn,
    places: Column<u64>,
}

impl Segment {
    fn open(reader: &SegmentReader, fields: Fields) -> Result<Self, Fault> {
        let columns = reader.fast_fields();
        Ok(Self {
            words: reader.inverted_index(fields.words)?,
            lengths: reader.get_fieldnorms_reader(fields.words)?,
            alive: reader.alive_bitset().cloned(),
            heads: reader.inverted_index(fields.head)?,
            documents: columns
                .str(DOCUMENT)?
                .ok_or_else(|| Fault::Damaged("it lacks document ids".to_owned()))?,
            places: columns.u64(PLACE)?,
        })
    }

    /// Whether a chunk was not removed. All are, but between a crash and the next change.
    pub(crate) fn is_alive(&self, doc: DocId) -> bool {
        self.alive.as_ref().is_none_or(|alive| alive.is_alive(doc))
    }

    /// What orders the segment's chunks as document id and place in the document do.
    pub(crate) fn order(&self, doc: DocId) -> impl Ord + use<> {
        (self.documents.ords().first(doc), self.places.first(doc))
    }

    fn head(&self, document: &str) -> Result<Option<DocId>, Fault> {
        let Some(term) = self.heads.terms().get(document)? else { return Ok(None) };
        let mut docs = self.heads.read_postings_from_terminfo(&term, IndexRecordOption::Basic)?;
        while docs.doc() != TERMINATED && !self.is_alive(docs.doc()) {
            docs.advance();
        }
        Ok(Some(docs.doc()).filter(|doc| *doc != TERMINATED))
    }
}

impl Snapshot {
    /// Opens the last commit; `None` when there is no index.
    pub(crate) fn open(
        number: u64,
        owner: Key,
        folder: &Folder,
        settings: AnalyzerSettings,
    ) -> Result<Option<Self>, Fault> {
        let Some(index) = ingest::open(folder, settings)? else { return Ok(None) };
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(STORE_BLOCKS)
            .try_into()?;
        let searcher = reader.searcher();
        let (fields, _) = fields(settings);
        let segments: Vec<Segment> = searcher
            .segment_readers()
            .iter()
            .map(|reader| Segment::open(reader, fields))
            .collect::<Result<_, _>>()?;
        let lengths = Lengths::of(&segments);
        let outdated = AtomicBool::new(false);
        Ok(Some(Self { number, owner, settings, fields, searcher, segments, lengths, outdated }))
    }

    /// How its words were made.
    pub(crate) fn settings(&self) -> AnalyzerSettings {
        self.settings
    }

    /// From now on nothing is kept ready from it.
    pub(crate) fn retire(&self) {
        self.outdated.store(true, Ordering::SeqCst);
    }

    /// The chunks closest to a question, the closest first.
    pub(crate) fn search(&self, ask: &SearchQuery, ready: &Ready) -> Result<Hits, Fault> {
        let best = rank::best(&self.segments, &self.lengths, self.settings, ask)?;
        let mut hits = Vec::with_capacity(best.len());
        for entry in best {
            let found = self.found(DocAddress::new(entry.segment, entry.doc), ready)?;
            hits.push((entry.score, found));
        }
        hits.sort_by(|(score, found), (other_score, other)| {
            other_score.total_cmp(score).then_with(|| found.order().cmp(&other.order()))
        });
        hits.truncate(ask.limit);
        Ok(hits.iter().map(|(score, found)| found.hit(*score)).collect())
    }

    fn found(&self, address: DocAddress, ready: &Ready) -> Result<Arc<Found>, Fault> {
        let key = (self.number, address);
        if let Some(found) = ready.get(&key) {
            return Ok(found);
        }
        let found = Arc::new(self.load(address, ready)?);
        ready.keep(key, Arc::clone(&found));
        // It may have been outdated just before, and what is outdated was dropped already.
        if self.outdated.load(Ordering::SeqCst) {
            ready.drop_one(&key);
        }
        Ok(found)
    }

    fn load(&self, address: DocAddress, ready: &Ready) -> Result<Found, Fault> {
        let stored: TantivyDocument = self.searcher.doc(address)?;
        let text = |field| stored.get_first(field).and_then(|value| value.as_str());
        let document = text(self.fields.document).and_then(|id| DocumentId::parse(id).ok());
        let (Some(document), Some(content)) = (document, text(self.fields.text)) else {
            return Err(Fault::Damaged("a chunk lacks its document or its text".to_owned()));
        };
        let (metadata, metadata_bytes) = match text(self.fields.metadata) {
            Some(json) => (Arc::new(parse(json)?), json.len()),
            None => {
                let head = self.found(self.head(&document)?, ready)?;
                (Arc::clone(&head.metadata), head.metadata_bytes)
            }
        };
        let place = self.place(address);
        Ok(Found { owner: self.owner, document, place, content: content.into(), metadata, metadata_bytes })
    }

    fn place(&self, address: DocAddress) -> u64 {
        let segment = usize::try_from(address.segment_ord).ok().and_then(|at| self.segments.get(at));
        segment.and_then(|segment| segment.places.first(address.doc_id)).unwrap_or(0)
    }

    /// The first chunk of a document, which has its metadata.
    fn head(&self, document: &DocumentId) -> Result<DocAddress, Fault> {
        for (at, segment) in (0..).zip(&self.segments) {
            if let Some(doc) = segment.head(document.as_str())? {
                return Ok(DocAddress::new(at, doc));
            }
        }
        Err(Fault::Damaged(format!("the first chunk of {document} is missing")))
    }
}

fn parse(json: &str) -> Result<Metadata, Fault> {
    serde_json::from_str(json).map_err(|error| Fault::Damaged(format!("metadata is no JSON object: {error}")))
}
