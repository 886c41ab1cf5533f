//! Forms of a verb that a stemmer does not bring together: "prüft" and "geprüft", "einreichen" and "eingereicht".
//!
//! German puts `ge` before a participle, or between a verb and its separable prefix, where its stemmer does not look. (The
//! Dutch one does.) Not every word with `ge` is a participle, and "gerecht" is none of "recht": so these forms are asked
//! for only in place of a word that no chunk has.

use syft_space_domain::dataset::Stemming;

/// The fewest letters of a verb without what stands before and behind it. A shorter rest is too often another word.
const MIN_LETTERS: usize = 3;

const ENDINGS: [&str; 3] = ["", "t", "et"];

/// Without the endings that the stemmer takes off.
const PREFIXES: &[&str] = &[
    "ab", "an", "auf", "aus", "bei", "dar", "ein", "fest", "fort", "frei", "her", "heraus", "hin", "hinzu",
    "los", "mit", "nach", "teil", "um", "vor", "weg", "weiter", "zu", "zuruck", "zusamm",
];

/// The terms that other forms of the verb may have whose term this is.
pub(crate) fn near_terms(stemming: Stemming, term: &str) -> Vec<String> {
    if stemming != Stemming::German {
        return Vec::new();
    }
    let mut terms = Vec::new();
    for prefix in [""].iter().chain(PREFIXES) {
        let Some(verb) = term.strip_prefix(prefix) else { continue };
        // Only a prefix that is written apart elsewhere has these words behind it.
        let between = if prefix.is_empty() { ["", "ge", ""] } else { ["", "ge", "zu"] };
        for before in between {
            let Some(verb) = verb.strip_prefix(before) else { continue };
            for ending in ENDINGS {
                let Some(verb) = verb.strip_suffix(ending).filter(|verb| verb.chars().count() >= MIN_LETTERS)
                else {
                    continue;
                };
                let forms =
                    between.iter().flat_map(|before| ENDINGS.map(|ending| [prefix, *before, verb, ending]));
                terms.extend(forms.map(|form| form.concat()));
            }
        }
    }
    terms.sort_unstable();
    terms.dedup();
    terms.retain(|near| near != term);
    terms
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use syft_space_domain::dataset::AnalyzerSettings;

    use super::*;
    use crate::analyzer;

    fn is_near(stemming: Stemming, word: &str, other: &str) -> bool {
        let settings = AnalyzerSettings { stemming, ..AnalyzerSettings::PLAIN };
        let term =
            |word: &str| analyzer::query_terms(settings, word, BTreeMap::new()).into_keys().next().unwrap();
        near_terms(stemming, &term(word)).contains(&term(other))
    }

    #[test]
    fn q2_a_participle_is_near_to_its_verb() {
        for (one, other) in [
            ("prüft", "geprüft"),
            ("prüfen", "geprüfte"),
            ("arbeitet", "gearbeitet"),
            ("arbeiten", "gearbeitet"),
            ("melden", "gemeldet"),
            ("einreichen", "eingereicht"),
            ("einzureichen", "eingereicht"),
            ("abholen", "abgeholt"),
            ("zurückschicken", "zurückgeschickt"),
            ("fahren", "gefahren"),
        ] {
            assert!(is_near(Stemming::German, one, other), "{one}, {other}");
            assert!(is_near(Stemming::German, other, one), "{other}, {one}");
        }
        assert!(!is_near(Stemming::English, "tear", "gear"));
        assert!(!is_near(Stemming::German, "prüft", "gesucht"));
    }

    #[test]
    fn k16_near_terms_are_few() {
        for term in ["", "t", "ge", "gege", "zuzuzu", "einzugezuget", &"ge".repeat(32)] {
            assert!(near_terms(Stemming::German, term).len() < 100, "{term}");
        }
    }
}
