//! How the engine in memory makes terms of words.

use std::collections::{BTreeMap, BTreeSet};

use syft_space_domain::dataset::{AnalyzerSettings, Stemming, StopWords, Tokenizer, hyphenated_words};
use unicode_normalization::UnicodeNormalization as _;

/// The forms that a term is found in, and how many times each counts.
pub(super) type Forms = Vec<(String, f64)>;

const STOP_WORDS: [&str; 50] = [
    "a", "am", "an", "and", "are", "as", "at", "be", "but", "by", "can", "did", "do", "does", "for", "how",
    "i", "if", "in", "into", "is", "it", "may", "no", "not", "of", "on", "or", "such", "that", "the",
    "their", "then", "there", "these", "they", "this", "to", "us", "was", "we", "what", "when", "where",
    "which", "who", "why", "will", "with", "you",
];

/// What a stop word begins with.
pub(super) const STOP_WORD_MARK: char = '\u{1}';
/// What a name begins with that is a stop word but for its capitals.
pub(super) const NAME_MARK: char = '\u{2}';
/// What a stop word begins with that may be a name by its capitals.
pub(super) const CAPITAL_MARK: char = '\u{3}';
/// The marks by how surely a word with them is a name, and how many times it counts then.
pub(super) const MARKS: [(char, f64); 3] = [(STOP_WORD_MARK, 1.0), (CAPITAL_MARK, 6.0), (NAME_MARK, 12.0)];
/// The stop words that are names of persons or works too.
const NAMES: [&str; 6] = ["can", "it", "may", "us", "who", "will"];
/// What stands before a name, with a full stop that ends no sentence.
const TITLES: [&str; 9] = ["dr", "fr", "hr", "messrs", "mr", "mrs", "ms", "prof", "rev"];
/// How many times an occurrence of a name counts that the question writes as a name too.
const NAME_TIMES: f64 = 20.0;
/// How many times as much a stop word weighs that the question has with a capital letter.
pub(super) const CAPITAL_FACTOR: f64 = 10.0;
/// The minimum length of a word that may be misspelt.
const MIN_MISSPELT_LETTERS: usize = 6;

/// The terms of a document, with repetitions.
pub(super) fn document_terms(text: &str, analyzer: AnalyzerSettings) -> Vec<String> {
    analyze(text, analyzer, true)
}

/// The distinct terms of a query: its stop words only if it has no others.
/// These names are no stop words.
pub(super) fn query_terms(
    text: &str,
    analyzer: AnalyzerSettings,
    names: &BTreeSet<String>,
) -> BTreeSet<String> {
    let terms: BTreeSet<String> = analyze(text, analyzer, false).into_iter().collect();
    let (stop_words, others): (BTreeSet<_>, BTreeSet<_>) = terms
        .into_iter()
        .partition(|term| term.starts_with([STOP_WORD_MARK, CAPITAL_MARK]) && !names.contains(term));
    if others.is_empty() { stop_words } else { others }
}

/// The stop words of a query with a capital letter inside a sentence, beside a word without one.
pub(super) fn possible_names(text: &str, analyzer: AnalyzerSettings) -> BTreeSet<String> {
    let text: String = text.nfkc().collect();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let terms = analyze(&text, AnalyzerSettings { tokenizer: Tokenizer::Words, ..analyzer }, false);
    let is_small =
        |word: Option<&&str>| word.is_some_and(|word| word.starts_with(char::is_lowercase) || is_title(word));
    let is_name = |(at, term): &(usize, String)| {
        let next = words.get(at.saturating_add(1));
        let before = at.checked_sub(1).and_then(|before| words.get(before));
        term.strip_prefix(CAPITAL_MARK).is_some_and(|word| NAMES.contains(&word))
            && next != Some(&"t")
            && (is_small(before) || is_small(next))
    };
    terms.into_iter().enumerate().filter(is_name).map(|(_, term)| term).collect()
}

/// How a stop word is written as a name.
pub(super) fn name_forms(name: &str) -> Forms {
    [CAPITAL_MARK, NAME_MARK]
        .map(|mark| (name.replacen(CAPITAL_MARK, &mark.to_string(), 1), NAME_TIMES))
        .into()
}

/// The terms that the parts of a query's words with hyphens are found in too.
pub(super) fn joined_terms(text: &str, analyzer: AnalyzerSettings) -> BTreeMap<String, BTreeSet<String>> {
    let text: String = text.nfkc().collect();
    let mut joined: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for parts in hyphenated_words(&text) {
        for together in parts.windows(2).chain((parts.len() > 2).then_some(&*parts)) {
            for part in together.iter().flat_map(|part| analyze(part, analyzer, false)) {
                joined.entry(part).or_default().extend(analyze(&together.concat(), analyzer, false));
            }
        }
    }
    joined
}

pub(super) fn analyze(text: &str, analyzer: AnalyzerSettings, with_unigrams: bool) -> Vec<String> {
    let text: String = text.nfkc().collect();
    let mut terms = Vec::new();
    for line in text.lines() {
        let has_small_letters = line.chars().any(char::is_lowercase);
        let mut before = "";
        for run in line.split_inclusive(|c: char| !c.is_alphanumeric()) {
            let word = run.trim_end_matches(|c: char| !c.is_alphanumeric());
            let at = before.len();
            before = line.get(..at.saturating_add(run.len())).unwrap_or(line);
            if word.is_empty() {
                continue;
            }
            let term = word.to_lowercase();
            if analyzer.stop_words == StopWords::English && STOP_WORDS.contains(&term.as_str()) {
                let mark = stop_word_mark(word, line.get(..at).unwrap_or_default(), has_small_letters);
                terms.push(format!("{mark}{term}"));
            } else if analyzer.tokenizer == Tokenizer::Cjk {
                split_cjk(&term, with_unigrams, &mut terms);
            } else {
                terms.push(stem(term, analyzer.stemming));
            }
        }
    }
    terms
}

/// The mark of a stop word that stands behind this in its line.
fn stop_word_mark(word: &str, before: &str, has_small_letters: bool) -> char {
    let is_letter = word.chars().nth(1).is_none();
    let is_part = is_letter && (word == "I" || !before.chars().next_back().is_none_or(char::is_whitespace));
    if !word.starts_with(char::is_uppercase) || is_part {
        return STOP_WORD_MARK;
    }
    let is_between = |c: char| !c.is_alphanumeric() && !".!?…:;,".contains(c);
    let before = before.trim_end_matches(is_between);
    let last_word =
        before.strip_suffix('.').and_then(|text| text.rsplit(|c: char| !c.is_alphanumeric()).next());
    let is_titled = last_word.is_some_and(is_title);
    let last = before.chars().next_back();
    let begins_sentence = !is_titled && last.is_none_or(|last| last != ',' && !last.is_alphanumeric());
    match word.chars().all(char::is_uppercase) {
        true if !has_small_letters => CAPITAL_MARK,
        true if !is_letter || !begins_sentence => NAME_MARK,
        _ if begins_sentence => STOP_WORD_MARK,
        _ => CAPITAL_MARK,
    }
}

fn is_title(word: &str) -> bool {
    TITLES.contains(&word.to_lowercase().as_str())
}

/// A word without the s at its end, where English words are cut to their stem.
fn stem(mut term: String, stemming: Stemming) -> String {
    if stemming == Stemming::English && term.len() > 3 && term.ends_with('s') && !term.ends_with("ss") {
        term.pop();
    }
    term
}

/// Whether two words of the same first letter are one edit apart.
pub(super) fn is_misspelling(word: &str, other: &str) -> bool {
    let [word, other] = [word, other].map(|text| text.chars().collect::<Vec<_>>());
    let common = word.iter().zip(&other).take_while(|(letter, other)| letter == other).count();
    let rest = |letters: &[char]| letters.get(common..).unwrap_or_default().to_vec();
    let edited = match (rest(&word).as_slice(), rest(&other).as_slice()) {
        ([a, b, after @ ..], [c, d, other_after @ ..]) if (a, b) == (d, c) => after == other_after,
        ([_, after @ ..], [_, other_after @ ..]) if after == other_after => true,
        ([_, after @ ..], longer) if after == longer => true,
        (longer, [_, after @ ..]) => longer == after,
        _ => false,
    };
    let is_word = word.len() >= MIN_MISSPELT_LETTERS && word.iter().all(|letter| letter.is_alphabetic());
    common > 0 && is_word && edited
}

/// Splits a run of letters into CJK and other parts, and the CJK parts into bigrams.
fn split_cjk(run: &str, with_unigrams: bool, terms: &mut Vec<String>) {
    let characters: Vec<char> = run.chars().collect();
    for part in characters.chunk_by(|letter, next| is_cjk(*letter) == is_cjk(*next)) {
        if !part.first().is_some_and(|first| is_cjk(*first)) {
            terms.push(part.iter().collect());
            continue;
        }
        terms.extend(part.windows(2).map(|pair| pair.iter().collect::<String>()));
        if with_unigrams || part.len() == 1 {
            terms.extend(part.iter().map(char::to_string));
        }
    }
}

/// Whether a letter is in one of Unicode's blocks of Chinese, Japanese and Korean scripts.
pub(super) fn is_cjk(letter: char) -> bool {
    matches!(letter,
        '\u{1100}'..='\u{11ff}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3041}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
}
