//! Misspelt words: what a word that no chunk has may have been meant to be.

use syft_space_domain::dataset::{AnalyzerSettings, Stemming};

use crate::analyzer;
use crate::tokenizer::Listed;

/// The fewest letters of a word that is taken for a misspelt one. A shorter one is too near to too many.
const MIN_LETTERS: usize = 6;
/// The most letters, which bounds the work.
const MAX_LETTERS: usize = 24;

const LATIN: &str = "abcdefghijklmnopqrstuvwxyz";
const LATIN_WITH_MARKS: &str = "abcdefghijklmnopqrstuvwxyzßàáâäåæçèéêëìíîïñòóôöøùúûüăâșțőűığş";
const GREEK: &str = "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώϊϋ";
const CYRILLIC: &str = "абвгдежзийклмнопрстуфхцчшщъыьэюяё";

/// The terms of all words that differ from a word in one edit: a letter too many, too few, another, or two changed
/// about. The first letter is taken to be right. None for a word that is too short or has other characters than letters.
pub(crate) fn similar_terms(settings: AnalyzerSettings, word: &str) -> Vec<String> {
    let letters: Vec<char> = word.to_lowercase().chars().collect();
    let is_word = (MIN_LETTERS..=MAX_LETTERS).contains(&letters.len())
        && letters.iter().all(|letter| letter.is_alphabetic());
    let Some((first, rest)) = letters.split_first().filter(|_| is_word) else { return Vec::new() };
    let mut similar = String::new();
    let mut list = |before: &[char], between: &[char], after: &[char]| {
        similar.push(*first);
        similar.extend(before.iter().chain(between).chain(after));
        similar.push(' ');
    };
    for at in 0..=rest.len() {
        let (before, after) = rest.split_at_checked(at).unwrap_or_default();
        if let [_, others @ ..] = after {
            list(before, &[], others);
        }
        if let [one, next, others @ ..] = after {
            list(before, &[*next, *one], others);
        }
        for letter in alphabet(*first, settings.stemming).chars() {
            list(before, &[letter], after);
            if let [_, others @ ..] = after {
                list(before, &[letter], others);
            }
        }
    }
    let mut terms = Vec::new();
    analyzer::each_query_term(settings, Listed::Unmarked, &similar, |token| {
        terms.push(token.text.clone());
        true
    });
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// The letters that may stand in a word that begins with this one.
fn alphabet(first: char, stemming: Stemming) -> &'static str {
    match first {
        '\u{370}'..='\u{3ff}' => GREEK,
        '\u{400}'..='\u{4ff}' => CYRILLIC,
        '\u{250}'.. => "",
        _ if matches!(stemming, Stemming::English) => LATIN,
        _ => LATIN_WITH_MARKS,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn is_similar(stemming: Stemming, word: &str, meant: &str) -> bool {
        let settings = AnalyzerSettings { stemming, ..AnalyzerSettings::default() };
        let meant = analyzer::query_terms(settings, meant, BTreeMap::new());
        similar_terms(settings, word).iter().any(|term| meant.contains_key(term))
    }

    #[test]
    fn one_edit_of_any_kind_makes_a_similar_word() {
        for word in ["gadren", "gardn", "gaarden", "gorden", "gardem", "gardens", "GARDNE"] {
            let similar = is_similar(Stemming::English, word, "garden");
            assert_eq!(similar, word.len() >= MIN_LETTERS, "{word}");
        }
        assert!(!is_similar(Stemming::English, "gradne", "garden"), "two edits");
        assert!(!is_similar(Stemming::English, "barden", "garden"), "the first letter");
        assert!(is_similar(Stemming::English, "replicaton", "replication"), "words are compared, not stems");
    }

    #[test]
    fn words_of_other_alphabets_have_their_own_letters() {
        assert!(is_similar(Stemming::Russian, "ключии", "ключи"));
        assert!(is_similar(Stemming::Russian, "договр", "договор"));
        assert!(is_similar(Stemming::Greek, "δρόμμος", "δρόμος"));
        assert!(is_similar(Stemming::German, "Schlussel", "Schlüssel"));
        assert!(is_similar(Stemming::None, "facade", "façade"));
    }

    #[test]
    fn names_with_digits_and_what_is_short_or_endless_have_no_similar_words() {
        let settings = AnalyzerSettings::default();
        for word in ["", "word", "sha256sum", &"x".repeat(25), "東京都庁舎前駅で", "\u{1}"] {
            let similar = similar_terms(settings, word);
            assert!(similar.len() < 16, "{word}: {}", similar.len());
        }
    }
}
