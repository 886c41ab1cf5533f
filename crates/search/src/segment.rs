//! A segment of an opened index.

use std::collections::BTreeMap;
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
    ids: Arc<InvertedIndexReader>,
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
            ids: reader.inverted_index(fields.document)?,
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

    /// The chunks of a document that are wanted by their positions and are in this segment. They are taken out of what is
    /// wanted.
    pub(crate) fn take_chunks<T>(
        &self,
        document: &str,
        wanted: &mut BTreeMap<u64, T>,
    ) -> Result<Vec<(T, DocId)>, IndexError> {
        let mut found = Vec::new();
        let Some(term) = self.ids.terms().get(document)? else { return Ok(found) };
        let mut docs = self.ids.read_postings_from_terminfo(&term, IndexRecordOption::Basic)?;
        while docs.doc() != TERMINATED && !self.is_alive(docs.doc()) {
            docs.advance();
        }
        let first = docs.doc();
        let Some(first_position) =
            Some(first).filter(|doc| *doc != TERMINATED).and_then(|doc| self.position(doc))
        else {
            return Ok(found);
        };
        // Mostly the chunks of a document lie one behind the other: then where one is needs no walk over those before it.
        let positions: Vec<u64> = wanted.keys().copied().collect();
        for position in positions {
            let doc = position.checked_sub(first_position).and_then(|behind| u32::try_from(behind).ok());
            let doc = doc.and_then(|behind| first.checked_add(behind));
            let doc = doc.filter(|doc| self.is_chunk(*doc, first, position));
            found.extend(doc.and_then(|doc| Some((wanted.remove(&position)?, doc))));
        }
        while docs.doc() != TERMINATED && !wanted.is_empty() {
            let position = self.position(docs.doc()).filter(|_| self.is_alive(docs.doc()));
            found.extend(position.and_then(|position| Some((wanted.remove(&position)?, docs.doc()))));
            docs.advance();
        }
        Ok(found)
    }

    /// Whether this is the chunk at a position of the document that another chunk is of.
    fn is_chunk(&self, doc: DocId, of_document: DocId, position: u64) -> bool {
        let document = |doc| self.documents.ords().first(doc);
        doc < self.fieldnorms.num_docs()
            && self.is_alive(doc)
            && self.position(doc) == Some(position)
            && document(doc) == document(of_document)
    }
}

#[cfg(test)]
mod tests {
    use syft_space_domain::dataset::AnalyzerSettings;
    use tantivy::indexer::NoMergePolicy;
    use tantivy::{Index, IndexWriter, TantivyDocument, Term};

    use super::*;
    use crate::analyzer;
    use crate::fields::fields;

    /// A segment with these chunks in this order, of which those before a removal of their document are removed.
    fn segment(chunks: &[(&str, Option<u64>)]) -> Segment {
        let settings = AnalyzerSettings::default();
        let (fields, schema) = fields(settings);
        let index = Index::create_in_ram(schema);
        analyzer::register(index.tokenizers(), settings);
        let mut writer: IndexWriter = index.writer_with_num_threads(1, 15_000_000).unwrap();
        writer.set_merge_policy(Box::new(NoMergePolicy));
        for (document, position) in chunks {
            let Some(position) = position else {
                writer.delete_term(Term::from_field_text(fields.document, document));
                continue;
            };
            let mut entry = TantivyDocument::default();
            entry.add_text(fields.document, document);
            entry.add_u64(fields.position, *position);
            entry.add_text(fields.words, "word");
            writer.add_document(entry).unwrap();
        }
        writer.commit().unwrap();
        let searcher = index.reader().unwrap().searcher();
        let [reader] = searcher.segment_readers() else { panic!("there is one segment") };
        Segment::open(reader, fields).unwrap()
    }

    /// The numbers in the segment of these chunks of a document, and which of them are not there.
    fn take(segment: &Segment, document: &str, wanted: &[u64]) -> (Vec<(u64, DocId)>, Vec<u64>) {
        let mut wanted: BTreeMap<u64, u64> = wanted.iter().map(|position| (*position, *position)).collect();
        let mut found = segment.take_chunks(document, &mut wanted).unwrap();
        found.sort_unstable();
        (found, wanted.into_keys().collect())
    }

    #[test]
    fn q2_a_chunk_is_found_by_its_document_and_position_however_they_lie() {
        let at = |document, positions: &[u64]| -> Vec<(&str, Option<u64>)> {
            positions.iter().map(|position| (document, Some(*position))).collect()
        };
        // As merges leave them: the end of a document lies before its beginning, and another one between.
        let merged = [at("a", &[5, 6]), at("b", &[0, 1, 2]), at("a", &[0, 1, 2, 3]), at("c", &[7])].concat();
        let merged = segment(&merged);
        assert_eq!(
            take(&merged, "a", &[0, 3, 4, 5, 6, 7]),
            (vec![(0, 5), (3, 8), (5, 0), (6, 1)], vec![4, 7])
        );
        // Where the seventh of "b" would be is the seventh of "c".
        assert_eq!(take(&merged, "b", &[0, 2, 3, 7, u64::MAX]), (vec![(0, 2), (2, 4)], vec![3, 7, u64::MAX]));
        assert_eq!(take(&merged, "c", &[0, 7, 8]), (vec![(7, 9)], vec![0, 8]));
        assert_eq!(take(&merged, "d", &[0]), (vec![], vec![0]));
    }

    #[test]
    fn q2_a_chunk_that_was_removed_is_not_found_by_its_document_and_position() {
        let replaced = [("a", Some(0)), ("a", Some(1)), ("b", Some(0)), ("a", None), ("a", Some(0))];
        let gone = [("c", Some(0)), ("c", None)];
        let segment = segment(&[&replaced[..], &gone].concat());
        assert_eq!(take(&segment, "a", &[0, 1]), (vec![(0, 3)], vec![1]));
        assert_eq!(take(&segment, "b", &[0, 1]), (vec![(0, 2)], vec![1]));
        assert_eq!(take(&segment, "c", &[0]), (vec![], vec![0]));
    }
}
