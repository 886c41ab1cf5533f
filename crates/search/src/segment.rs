//! A segment of an opened index.

use std::sync::Arc;

use tantivy::columnar::{Column, StrColumn};
use tantivy::fastfield::AliveBitSet;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::{InvertedIndexReader, SegmentReader};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, TERMINATED};

use crate::error::IndexError;
use crate::fields::{DOCUMENT_FIELD, Fields, POSITION_FIELD};

/// A segment of an opened index, with the columns and postings that a search reads.
pub(crate) struct Segment {
    words: Arc<InvertedIndexReader>,
    marked: Arc<InvertedIndexReader>,
    pub(crate) fieldnorms: FieldNormReader,
    alive: Option<AliveBitSet>,
    heads: Arc<InvertedIndexReader>,
    documents: StrColumn,
    positions: Column<u64>,
}

impl Segment {
    pub(crate) fn open(reader: &SegmentReader, fields: Fields) -> Result<Self, IndexError> {
        let columns = reader.fast_fields();
        Ok(Self {
            words: reader.inverted_index(fields.words)?,
            marked: reader.inverted_index(fields.marked)?,
            fieldnorms: reader.get_fieldnorms_reader(fields.words)?,
            alive: reader.alive_bitset().cloned(),
            heads: reader.inverted_index(fields.head)?,
            documents: columns
                .str(DOCUMENT_FIELD)?
                .ok_or_else(|| IndexError::Damaged("it lacks document ids".to_owned()))?,
            positions: columns.u64(POSITION_FIELD)?,
        })
    }

    /// The postings of a term.
    pub(crate) fn inverted_index(&self, is_marked: bool) -> &InvertedIndexReader {
        if is_marked { &self.marked } else { &self.words }
    }

    /// Whether a chunk was not removed. All are alive, but between a crash and the next change.
    pub(crate) fn is_alive(&self, doc: DocId) -> bool {
        self.alive.as_ref().is_none_or(|alive| alive.is_alive(doc))
    }

    /// A key that orders the segment's chunks as document id and position in the document do.
    pub(crate) fn order(&self, doc: DocId) -> impl Ord + use<> {
        (self.documents.ords().first(doc), self.positions.first(doc))
    }

    /// The position of a chunk in its document.
    pub(crate) fn position(&self, doc: DocId) -> Option<u64> {
        self.positions.first(doc)
    }

    /// The first chunk of a document, which has its metadata.
    pub(crate) fn head(&self, document: &str) -> Result<Option<DocId>, IndexError> {
        let Some(term) = self.heads.terms().get(document)? else { return Ok(None) };
        let mut docs = self.heads.read_postings_from_terminfo(&term, IndexRecordOption::Basic)?;
        while docs.doc() != TERMINATED && !self.is_alive(docs.doc()) {
            docs.advance();
        }
        Ok(Some(docs.doc()).filter(|doc| *doc != TERMINATED))
    }
}
