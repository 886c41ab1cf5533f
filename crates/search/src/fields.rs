//! The fields of an index, and its schema.

use syft_space_domain::dataset::AnalyzerSettings;
use tantivy::schema::{
    FAST, Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};

use crate::analyzer;

/// The name of the field with the document's id.
pub(crate) const DOCUMENT_FIELD: &str = "document";
/// The name of the field with the chunk's position in its document.
pub(crate) const POSITION_FIELD: &str = "place";

/// The fields of an index.
#[derive(Clone, Copy)]
pub(crate) struct Fields {
    /// The document's id: to remove its chunks, to order hits, and to hand out.
    pub(crate) document: Field,
    /// The chunk's number in its document, from 0.
    pub(crate) position: Field,
    /// The chunk's text, to hand out.
    pub(crate) text: Field,
    /// The words that the chunk is found by: its own, and those of its title and headings.
    pub(crate) words: Field,
    /// The stop words of the same text, and the names that look like one, with their marks.
    pub(crate) marked: Field,
    /// Where the chunk stands in its document, as JSON; left out where nothing is known.
    pub(crate) location: Field,
    /// The document's id again, at its first chunk only: where its metadata is.
    pub(crate) head: Field,
    /// The document's metadata as JSON, at its first chunk only.
    pub(crate) metadata: Field,
}

/// The fields of an index with these settings, and the schema that an index on disk must have.
pub(crate) fn fields(settings: AnalyzerSettings) -> (Fields, Schema) {
    current(&analyzer::name(settings))
}

fn current(analyzer: &str) -> (Fields, Schema) {
    let mut schema = Schema::builder();
    let fields = Fields {
        document: schema.add_text_field(DOCUMENT_FIELD, STRING | STORED | FAST),
        position: schema.add_u64_field(POSITION_FIELD, FAST),
        text: schema.add_text_field("text", STORED),
        words: schema.add_text_field("words", word_options(analyzer, true)),
        marked: schema.add_text_field("marked", word_options(&analyzer::marked_name(analyzer), false)),
        location: schema.add_text_field("location", STORED),
        head: schema.add_text_field("head", STRING),
        metadata: schema.add_text_field("metadata", STORED),
    };
    (fields, schema.build())
}

/// The schemas that earlier versions gave an index with these settings.
pub(crate) fn earlier_schemas(settings: AnalyzerSettings) -> Vec<Schema> {
    let first = analyzer::first_name(settings).map(|analyzer| first_schema(&analyzer));
    let second = second_schema(&analyzer::earlier_name(settings, 2));
    let third = third_schema(&analyzer::earlier_name(settings, 3));
    // It took what stands behind "Dr." for the beginning of a sentence.
    let fourth = current(&analyzer::earlier_name(settings, 4)).1;
    first.into_iter().chain([second, third, fourth]).collect()
}

/// It had no titles and headings.
fn first_schema(analyzer: &str) -> Schema {
    let mut schema = Schema::builder();
    schema.add_text_field(DOCUMENT_FIELD, STRING | STORED | FAST);
    schema.add_u64_field(POSITION_FIELD, FAST);
    schema.add_text_field("text", word_options(analyzer, true).set_stored());
    schema.add_text_field("head", STRING);
    schema.add_text_field("metadata", STORED);
    schema.build()
}

/// It had no stop words.
fn second_schema(analyzer: &str) -> Schema {
    let mut schema = Schema::builder();
    schema.add_text_field(DOCUMENT_FIELD, STRING | STORED | FAST);
    schema.add_u64_field(POSITION_FIELD, FAST);
    schema.add_text_field("text", STORED);
    schema.add_text_field("words", word_options(analyzer, true));
    schema.add_text_field("head", STRING);
    schema.add_text_field("metadata", STORED);
    schema.build()
}

/// It had no locations.
fn third_schema(analyzer: &str) -> Schema {
    let mut schema = Schema::builder();
    schema.add_text_field(DOCUMENT_FIELD, STRING | STORED | FAST);
    schema.add_u64_field(POSITION_FIELD, FAST);
    schema.add_text_field("text", STORED);
    schema.add_text_field("words", word_options(analyzer, true));
    schema.add_text_field("marked", word_options(&analyzer::marked_name(analyzer), false));
    schema.add_text_field("head", STRING);
    schema.add_text_field("metadata", STORED);
    schema.build()
}

fn word_options(analyzer: &str, fieldnorms: bool) -> TextOptions {
    let words = TextFieldIndexing::default()
        .set_tokenizer(analyzer)
        .set_index_option(IndexRecordOption::WithFreqs)
        .set_fieldnorms(fieldnorms);
    TextOptions::default().set_indexing_options(words)
}
