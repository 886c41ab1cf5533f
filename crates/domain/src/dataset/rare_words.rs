//! Plain words of a question that hardly a chunk has, such as a surname.
//!
//! A vector says what a text is about, and hardly who is named in it. So a chunk that has such a word stands where words have
//! it at least.

use crate::dataset::identifiers::{bare, comparable, is_identifier, is_unspaced, split_quotations};

/// The most plain words of a question that are looked up. The next ones are not.
const MAX_WORDS: usize = 32;
/// The fewest characters of one.
const MIN_CHARS: usize = 2;
/// A word that so many chunks have is rare, in however large a dataset.
const FEW_CHUNKS: f64 = 3.0;
/// What a share, which is rounded, may say too many.
const ROUNDED_CHUNKS: f64 = 0.5;
/// Which share of the chunks may have a rare word that a question writes with a capital, as names are.
const RARE_NAME_SHARE: f32 = 0.005;

/// A word of a question that is neither quoted nor an identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainWord {
    /// The word, as [`comparable`] has it.
    pub text: String,
    /// Whether it has a capital somewhere in the question.
    pub has_capital: bool,
}

impl PlainWord {
    /// Whether hardly a chunk has it, if this share of a dataset's chunks does: three chunks, and of a word with a capital
    /// a two-hundredth of them. What no chunk has is not rare. Where nobody knows how many chunks there are, only the share counts.
    #[must_use]
    pub fn is_rare(&self, share: f32, chunks: Option<u64>) -> bool {
        let is_rare_name = self.has_capital && share <= RARE_NAME_SHARE;
        share > 0.0 && (is_rare_name || is_of_few(share, chunks))
    }
}

/// The first 32 different words of a question, of two characters and more, that are neither quoted nor
/// [`identifiers`](crate::dataset::identifiers()), nor numbers. Scripts without spaces have none.
#[must_use]
pub fn plain_words(question: &str) -> Vec<PlainWord> {
    let mut rest = String::with_capacity(question.len());
    let _ = split_quotations(question, &mut rest);
    let words = rest
        .split(|c: char| c.is_whitespace() || is_unspaced(c))
        .map(bare)
        .filter(|word| !is_identifier(word))
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| word.chars().nth(MIN_CHARS - 1).is_some() && !word.chars().all(char::is_numeric));
    let mut found: Vec<PlainWord> = Vec::new();
    for word in words {
        let (text, has_capital) = (comparable(word), word.contains(char::is_uppercase));
        if let Some(before) = found.iter_mut().find(|before| before.text == text) {
            before.has_capital |= has_capital;
        } else if found.len() < MAX_WORDS {
            found.push(PlainWord { text, has_capital });
        }
    }
    found
}

/// Whether this share of a dataset's chunks is but a few of them, which tells them from the others in however small a dataset.
pub(super) fn is_of_few(share: f32, chunks: Option<u64>) -> bool {
    let count = chunks.map(|chunks| f64::from(u32::try_from(chunks).unwrap_or(u32::MAX)));
    count.is_some_and(|count| f64::from(share) * count < FEW_CHUNKS + ROUNDED_CHUNKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `tools/search-quality/fixtures.py` made of the measured questions, and of texts of all kinds of characters.
    const MEASURED: &str = include_str!("../../tests/fusion/plain-words.json");

    fn words(question: &str) -> Vec<(String, bool)> {
        plain_words(question).into_iter().map(|word| (word.text, word.has_capital)).collect()
    }

    #[test]
    fn q1_questions_have_the_plain_words_that_were_measured() {
        let measured: Vec<(String, Vec<(String, bool)>)> = serde_json::from_str(MEASURED).unwrap();
        assert!(measured.len() > 1_000);
        for (question, expected) in measured {
            assert_eq!(words(&question), expected, "{question:?}");
        }
    }

    #[test]
    fn q1_plain_words_are_what_is_neither_quoted_nor_an_identifier() {
        for (question, expected) in [
            ("Who is Okonkwo?", &[("who", true), ("is", false), ("okonkwo", true)][..]),
            (
                "okonkwo’s, Smith-Ödön (O'Brien)",
                &[("okonkwo", false), ("smith", true), ("ödön", true), ("brien", true)],
            ),
            ("may May", &[("may", true)]),
            (
                "set shared_buffers \"in here\" to 40P01 or 128 in pg_hba.conf",
                &[("set", false), ("to", false), ("or", false), ("in", false)],
            ),
            ("Okonkwoさんは誰", &[("okonkwo", true)]),
            ("", &[]),
            ("____ ' 7 a -", &[]),
        ] {
            let expected: Vec<_> =
                expected.iter().map(|(text, capital)| ((*text).to_owned(), *capital)).collect();
            assert_eq!(words(question), expected, "{question}");
        }
        let many: String =
            (b'a'..=b'z').flat_map(|c| [c, c, b' ', c, b'x', c, b' ']).map(char::from).collect();
        assert_eq!(plain_words(&many).len(), MAX_WORDS);
    }

    #[test]
    fn q1_a_word_is_rare_that_three_chunks_have_or_with_a_capital_one_in_two_hundred() {
        let rare = |has_capital, share, chunks| {
            PlainWord { text: "okonkwo".into(), has_capital }.is_rare(share, chunks)
        };
        for chunks in [30_u16, 1_000, 60_001] {
            let share = |count: u16| f32::from(count) / f32::from(chunks);
            let all = Some(u64::from(chunks));
            assert!(rare(false, share(1), all) && rare(false, share(3), all) && !rare(false, share(4), all));
            assert!(rare(true, share(3), all) && !rare(true, 0.006, Some(1_000)) && rare(true, 0.005, all));
            assert!(!rare(true, 0.0, all), "what no chunk has is not looked for");
        }
        assert!(rare(true, 0.005, None) && !rare(false, 0.005, None) && !rare(true, 0.006, None));
        assert!(!rare(false, 0.000_001, Some(u64::MAX)));
    }
}
