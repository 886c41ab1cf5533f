//! The analyzers: how text becomes terms, for documents and for queries.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use syft_space_domain::dataset::{AnalyzerSettings, Stemming, StopWords, Tokenizer};
use tantivy::tokenizer::{Language, StopWordFilter, TextAnalyzer, Token, TokenizerManager};

use crate::stemmer::RememberedStems;
use crate::stop_words;
use crate::tokenizer::{CAPITAL_MARK, Casing, CjkMode, Listed, NAME_MARK, UnicodeTokenizer, is_title};

/// The name of an analyzer. An index records it, so the number changes whenever the terms come out differently.
pub(crate) fn name(settings: AnalyzerSettings) -> String {
    let AnalyzerSettings { tokenizer, stemming, stop_words } = settings;
    let (tokenizer, stop_words, stemming) = (tokenizer.as_str(), stop_words.as_str(), stemming.as_str());
    format!("{tokenizer}-5-stopped-{stop_words}-stemmed-{stemming}")
}

/// The name of the analyzer for words with a mark.
pub(crate) fn marked_name(name: &str) -> String {
    format!("{name}-marked")
}

/// The name that the second version gave an analyzer (it left stop words out), the third (it told no words with a
/// capital letter from others) or the fourth (it knew no titles before a name).
pub(crate) fn earlier_name(settings: AnalyzerSettings, version: u8) -> String {
    name(settings).replacen("-5-", &format!("-{version}-"), 1)
}

/// The name that the first version gave an analyzer, if it had one with these settings.
pub(crate) fn first_name(settings: AnalyzerSettings) -> Option<String> {
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

/// Registers the analyzers for documents with an index.
pub(crate) fn register(manager: &TokenizerManager, settings: AnalyzerSettings) {
    let build = |listed| build_for(settings, CjkMode::BigramsAndUnigrams, listed);
    let name = name(settings);
    manager.register(&name, build(Listed::Unmarked));
    manager.register(&marked_name(&name), build(Listed::Marked));
}

pub(crate) fn build_for(settings: AnalyzerSettings, cjk: CjkMode, listed: Listed) -> TextAnalyzer {
    let cjk = if settings.tokenizer == Tokenizer::Cjk { cjk } else { CjkMode::Letters };
    let casing = if settings.stemming == Stemming::Turkish { Casing::Turkish } else { Casing::Standard };
    let stop_words = stop_filters(settings.stop_words);
    match (listed, stop_words, stemmer_language(settings.stemming)) {
        // The filter looks words up faster than the tokenizer, which has to clone it each time.
        (Listed::Unmarked, Some([stop_words, question_words]), stemmed) => {
            let words = TextAnalyzer::builder(UnicodeTokenizer::new(cjk, casing, listed, None));
            let words = words.filter(stop_words).filter(question_words);
            match stemmed {
                None => words.build(),
                Some(language) => words.filter(RememberedStems::new(language)).build(),
            }
        }
        // Marked words are asked for as they are written: to stem them would cost much and find nothing more.
        (Listed::UnmarkedAndNames | Listed::Unmarked, stop_words, Some(language)) => {
            let words = TextAnalyzer::builder(UnicodeTokenizer::new(cjk, casing, listed, stop_words));
            words.filter(RememberedStems::new(language)).build()
        }
        (_, stop_words, _) => UnicodeTokenizer::new(cjk, casing, listed, stop_words).into(),
    }
}

/// The filters of stop words: of the usual ones, and of question words.
fn stop_filters(words: StopWords) -> Option<[StopWordFilter; 2]> {
    let filter = |words: &[&str]| StopWordFilter::remove(words.iter().map(|&word| word.to_owned()));
    let language = match words {
        StopWords::None => return None,
        StopWords::English => return Some([filter(stop_words::ENGLISH), filter(&[])]),
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
    Some([StopWordFilter::new(language)?, filter(stop_words::question_words(words))])
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
    static ANALYZERS: RefCell<HashMap<(AnalyzerSettings, CjkMode, Listed), TextAnalyzer>> = RefCell::default();
}

/// The most different terms of a query that are looked at: those that stand first.
const MAX_QUERY_TERMS: usize = 512;

/// The terms of a query whose text is in normal form, each once and in bytewise order, with the place where it stands.
/// They are these names and those that are no stop words; or, where those are none or say no more than "not", the stop words
/// as well.
pub(crate) fn query_terms(
    settings: AnalyzerSettings,
    text: &str,
    names: BTreeMap<String, Range<usize>>,
) -> BTreeMap<String, Range<usize>> {
    let mut terms = names;
    for listed in [Listed::UnmarkedAndNames, Listed::Marked] {
        each_query_term(settings, listed, text, |token| {
            let place = token.offset_from..token.offset_to;
            let name = text.get(place.clone()).filter(|_| token.text.starts_with(NAME_MARK));
            if let Some(name) = name {
                terms.insert(format!("{NAME_MARK}{}", name.to_lowercase()), place);
            } else if !terms.contains_key(&token.text) {
                terms.insert(token.text.clone(), place);
            }
            terms.len() < MAX_QUERY_TERMS
        });
        let says_little = |term: &str| {
            settings.stop_words == StopWords::English && stop_words::ENGLISH_NEGATIONS.contains(&term)
        };
        if !terms.keys().all(|term| says_little(term)) {
            break;
        }
    }
    terms
}

/// The stop words of a query that it writes as a name: with a capital letter inside a sentence, and beside a word without
/// one, or behind a title. In "How Can I Bake Bread" a capital letter says nothing.
pub(crate) fn possible_names(settings: AnalyzerSettings, text: &str) -> BTreeMap<String, Range<usize>> {
    let known = stop_words::names(settings.stop_words);
    let mut names = BTreeMap::new();
    // Most questions write none of them with a capital letter: they are not taken apart once more.
    let begins_with = |at: usize, name: &str| {
        text.get(at..at.saturating_add(name.len())).is_some_and(|word| word.eq_ignore_ascii_case(name))
    };
    let may_be_name =
        |(at, c): (usize, char)| c.is_uppercase() && known.iter().any(|name| begins_with(at, name));
    if !text.char_indices().any(may_be_name) {
        return names;
    }
    each_query_term(settings, Listed::Marked, text, |token| {
        let place = token.offset_from..token.offset_to;
        let is_name = token.text.strip_prefix(CAPITAL_MARK).is_some_and(|word| known.contains(&word));
        if is_name && is_beside_small_letters(text, &place) {
            names.insert(token.text.clone(), place);
        }
        true
    });
    names
}

fn is_beside_small_letters(text: &str, place: &Range<usize>) -> bool {
    let before = text.get(..place.start).unwrap_or_default();
    let after = text.get(place.end..).unwrap_or_default();
    let is_between = |c: char| !c.is_alphanumeric();
    let word_before = before.trim_end_matches(is_between).rsplit(is_between).next();
    let word_after = after.trim_start_matches(is_between).split(is_between).next();
    let is_negation = after.starts_with(['\'', '\u{2019}']) && word_after == Some("t");
    let is_small = |word: &str| word.starts_with(char::is_lowercase) || is_title(word);
    !is_negation && [word_before, word_after].into_iter().flatten().any(is_small)
}

/// The term of a word, if it is one, and no stop word.
pub(crate) fn only_term(settings: AnalyzerSettings, word: &str) -> Option<String> {
    let mut terms = Vec::new();
    each_query_term(settings, Listed::Unmarked, word, |token| {
        terms.push(token.text.clone());
        terms.len() < 2
    });
    <[String; 1]>::try_from(terms).ok().map(|[term]| term)
}

/// Visits the terms of a query in the order of its text, until the visitor wants no more.
pub(crate) fn each_query_term(
    settings: AnalyzerSettings,
    listed: Listed,
    text: &str,
    visit: impl FnMut(&Token) -> bool,
) {
    each_term(settings, CjkMode::Bigrams, listed, text, visit);
}

/// Visits the terms of a text in their order, until the visitor wants no more.
pub(crate) fn each_term(
    settings: AnalyzerSettings,
    cjk: CjkMode,
    listed: Listed,
    text: &str,
    mut visit: impl FnMut(&Token) -> bool,
) {
    ANALYZERS.with_borrow_mut(|analyzers| {
        let build = || build_for(settings, cjk, listed);
        let analyzer = analyzers.entry((settings, cjk, listed)).or_insert_with(build);
        let mut stream = analyzer.token_stream(text);
        while stream.advance() && visit(stream.token()) {}
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_of_the_first_version_is_known_by_its_name() {
        let named = |stemming, stop_words| {
            first_name(AnalyzerSettings { tokenizer: Tokenizer::Words, stemming, stop_words })
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
            assert_eq!(stop_filters(words).is_none(), words == StopWords::None, "{words:?}");
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
            let words =
                |settings, text| Vec::from_iter(query_terms(settings, text, BTreeMap::new()).into_keys());
            assert_eq!(words(settings, one), words(settings, other), "{stemming:?}");
            assert_ne!(words(AnalyzerSettings::PLAIN, one), words(AnalyzerSettings::PLAIN, other));
        }
    }
}
