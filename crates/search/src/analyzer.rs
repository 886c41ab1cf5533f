//! How text becomes words that can be compared: the same way for documents and for questions.

use std::cell::RefCell;
use std::collections::HashMap;

use syft_space_domain::dataset::{AnalyzerSettings, Language};
use tantivy::tokenizer::{
    Language as Stems, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, StopWordFilter, TextAnalyzer,
};

use crate::stop_words;

/// Longer words, in bytes, are not words: encoded data, keys.
const LONGEST_WORD: usize = 64;

/// The name of an analyzer. An index records it, so the number changes whenever the words come out differently.
pub(crate) fn name(settings: AnalyzerSettings) -> &'static str {
    match (settings.stemming, settings.stop_words) {
        (Language::None, Language::None) => "words-1",
        (Language::English, Language::None) => "words-1-stemmed-en",
        (Language::None, Language::English) => "words-1-stopped-en",
        (Language::English, Language::English) => "words-1-stopped-en-stemmed-en",
    }
}

/// Makes an analyzer.
pub(crate) fn build(settings: AnalyzerSettings) -> TextAnalyzer {
    let words = TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(LONGEST_WORD))
        .filter(LowerCaser);
    let stop = || StopWordFilter::remove(stop_words::ENGLISH.iter().map(|&word| word.to_owned()));
    match (settings.stemming, settings.stop_words) {
        (Language::None, Language::None) => words.build(),
        (Language::English, Language::None) => words.filter(Stemmer::new(Stems::English)).build(),
        (Language::None, Language::English) => words.filter(stop()).build(),
        (Language::English, Language::English) => {
            words.filter(stop()).filter(Stemmer::new(Stems::English)).build()
        }
    }
}

thread_local! {
    // An analyzer has buffers and cannot be shared; making one for each question costs more than using it.
    static ANALYZERS: RefCell<HashMap<AnalyzerSettings, TextAnalyzer>> = RefCell::default();
}

/// The words of a text, each once, in bytewise order.
pub(crate) fn words(settings: AnalyzerSettings, text: &str) -> Vec<String> {
    let mut words = ANALYZERS.with_borrow_mut(|analyzers| {
        let analyzer = analyzers.entry(settings).or_insert_with(|| build(settings));
        let mut stream = analyzer.token_stream(text);
        let mut words = Vec::new();
        while stream.advance() {
            words.push(stream.token().text.clone());
        }
        words
    });
    words.sort_unstable();
    words.dedup();
    words
}
