//! The analyzers: how text becomes terms, for documents and for queries.

use std::cell::RefCell;
use std::collections::HashMap;

use syft_space_domain::dataset::{AnalyzerSettings, Stemming, StopWords, Tokenizer};
use tantivy::tokenizer::{Language, Stemmer, StopWordFilter, TextAnalyzer};

use crate::stop_words;
use crate::tokenizer::{Casing, CjkMode, UnicodeTokenizer};

/// The name of an analyzer. An index records it, so the number changes whenever the terms come out differently.
pub(crate) fn name(settings: AnalyzerSettings) -> String {
    let AnalyzerSettings { tokenizer, stemming, stop_words } = settings;
    let (tokenizer, stop_words, stemming) = (tokenizer.as_str(), stop_words.as_str(), stemming.as_str());
    format!("{tokenizer}-2-stopped-{stop_words}-stemmed-{stemming}")
}

/// The name that the first version gave an analyzer, if it had one with these settings.
pub(crate) fn legacy_name(settings: AnalyzerSettings) -> Option<String> {
    let stopped = match settings.stop_words {
        StopWords::None => "",
        StopWords::English => "-stopped-en",
        _ => return None,
    };
    let stemmed = match settings.stemming {
        Stemming::None => "",
        Stemming::English => "-stemmed-en",
        _ => return None,
    };
    (settings.tokenizer == Tokenizer::Words).then(|| format!("words-1{stopped}{stemmed}"))
}

/// Builds the analyzer for documents.
pub(crate) fn build(settings: AnalyzerSettings) -> TextAnalyzer {
    build_for(settings, CjkMode::BigramsAndUnigrams)
}

fn build_for(settings: AnalyzerSettings, cjk: CjkMode) -> TextAnalyzer {
    let cjk = if settings.tokenizer == Tokenizer::Cjk { cjk } else { CjkMode::Letters };
    let casing = if settings.stemming == Stemming::Turkish { Casing::Turkish } else { Casing::Standard };
    let tokenizer = TextAnalyzer::builder(UnicodeTokenizer::new(cjk, casing));
    match (stop_filter(settings.stop_words), stemmer_language(settings.stemming)) {
        (None, None) => tokenizer.build(),
        (Some(stop), None) => tokenizer.filter(stop).build(),
        (None, Some(language)) => tokenizer.filter(Stemmer::new(language)).build(),
        (Some(stop), Some(language)) => tokenizer.filter(stop).filter(Stemmer::new(language)).build(),
    }
}

fn stop_filter(words: StopWords) -> Option<StopWordFilter> {
    let language = match words {
        StopWords::None => return None,
        StopWords::English => {
            return Some(StopWordFilter::remove(stop_words::ENGLISH.iter().map(|&word| word.to_owned())));
        }
        StopWords::Danish => Language::Danish,
        StopWords::Dutch => Language::Dutch,
        StopWords::Finnish => Language::Finnish,
        StopWords::French => Language::French,
        StopWords::German => Language::German,
        StopWords::Hungarian => Language::Hungarian,
        StopWords::Italian => Language::Italian,
        StopWords::Norwegian => Language::Norwegian,
        StopWords::Portuguese => Language::Portuguese,
        StopWords::Russian => Language::Russian,
        StopWords::Spanish => Language::Spanish,
        StopWords::Swedish => Language::Swedish,
    };
    StopWordFilter::new(language)
}

fn stemmer_language(stemming: Stemming) -> Option<Language> {
    Some(match stemming {
        Stemming::None => return None,
        Stemming::Arabic => Language::Arabic,
        Stemming::Danish => Language::Danish,
        Stemming::Dutch => Language::Dutch,
        Stemming::English => Language::English,
        Stemming::Finnish => Language::Finnish,
        Stemming::French => Language::French,
        Stemming::German => Language::German,
        Stemming::Greek => Language::Greek,
        Stemming::Hungarian => Language::Hungarian,
        Stemming::Italian => Language::Italian,
        Stemming::Norwegian => Language::Norwegian,
        Stemming::Portuguese => Language::Portuguese,
        Stemming::Romanian => Language::Romanian,
        Stemming::Russian => Language::Russian,
        Stemming::Spanish => Language::Spanish,
        Stemming::Swedish => Language::Swedish,
        Stemming::Tamil => Language::Tamil,
        Stemming::Turkish => Language::Turkish,
    })
}

thread_local! {
    // An analyzer has buffers and cannot be shared; making one for each query costs more than using it.
    static ANALYZERS: RefCell<HashMap<AnalyzerSettings, TextAnalyzer>> = RefCell::default();
}

/// The terms of a query, each once, in bytewise order.
pub(crate) fn query_terms(settings: AnalyzerSettings, text: &str) -> Vec<String> {
    let mut terms = ANALYZERS.with_borrow_mut(|analyzers| {
        let analyzer = analyzers.entry(settings).or_insert_with(|| build_for(settings, CjkMode::Bigrams));
        let mut stream = analyzer.token_stream(text);
        let mut terms = Vec::new();
        while stream.advance() {
            terms.push(stream.token().text.clone());
        }
        terms
    });
    terms.sort_unstable();
    terms.dedup();
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_of_the_first_version_is_known_by_its_name() {
        let named = |stemming, stop_words| {
            legacy_name(AnalyzerSettings { tokenizer: Tokenizer::Words, stemming, stop_words })
        };
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(named(Stemming::None, StopWords::None), some("words-1"));
        assert_eq!(named(Stemming::English, StopWords::None), some("words-1-stemmed-en"));
        assert_eq!(named(Stemming::None, StopWords::English), some("words-1-stopped-en"));
        assert_eq!(named(Stemming::English, StopWords::English), some("words-1-stopped-en-stemmed-en"));
        assert_eq!(named(Stemming::German, StopWords::English), None);
    }

    #[test]
    fn no_two_settings_share_a_name() {
        let mut names = Vec::new();
        for &tokenizer in Tokenizer::ALL {
            for &stemming in Stemming::ALL {
                for &stop_words in StopWords::ALL {
                    names.push(name(AnalyzerSettings { tokenizer, stemming, stop_words }));
                }
            }
        }
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn every_language_with_stop_words_has_some() {
        for &words in StopWords::ALL {
            assert_eq!(stop_filter(words).is_none(), words == StopWords::None, "{words:?}");
        }
    }

    /// Two forms of one word in each language that is stemmed.
    #[test]
    fn every_language_finds_a_word_by_another_form_of_it() {
        let forms = [
            (Stemming::Arabic, "كتابين", "كتاب"),
            (Stemming::Danish, "hunde", "hundene"),
            (Stemming::Dutch, "lopen", "loopt"),
            (Stemming::English, "rotated", "rotating"),
            (Stemming::Finnish, "talossa", "talosta"),
            (Stemming::French, "continuellement", "continuelle"),
            (Stemming::German, "Häuser", "Häusern"),
            (Stemming::Greek, "ΔΡΟΜΟΣ", "δρόμοι"),
            (Stemming::Hungarian, "házban", "háznak"),
            (Stemming::Italian, "bambini", "bambino"),
            (Stemming::Norwegian, "hestene", "hesten"),
            (Stemming::Portuguese, "cidades", "cidade"),
            (Stemming::Romanian, "caselor", "casele"),
            (Stemming::Russian, "ключами", "ключей"),
            (Stemming::Spanish, "hermanos", "hermanas"),
            (Stemming::Swedish, "bilarna", "bilar"),
            (Stemming::Tamil, "புத்தகங்கள்", "புத்தகம்"),
            (Stemming::Turkish, "IRMAKLAR", "ırmak"),
        ];
        assert_eq!(forms.len() + 1, Stemming::ALL.len());
        for (stemming, one, other) in forms {
            let settings = AnalyzerSettings { stemming, ..AnalyzerSettings::PLAIN };
            assert_eq!(query_terms(settings, one), query_terms(settings, other), "{stemming:?}");
            assert_ne!(
                query_terms(AnalyzerSettings::PLAIN, one),
                query_terms(AnalyzerSettings::PLAIN, other)
            );
        }
    }
}
