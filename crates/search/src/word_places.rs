//! Where the words of a chunk stand in it, so that those that were asked for can be shown.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use syft_space_domain::dataset::{AnalyzerSettings, Highlight};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::analyzer;
use crate::tokenizer::{CjkMode, Listed, normalized};

/// Most hits show fewer places, so that their list need not grow.
const TYPICAL_PLACES: usize = 32;

/// The hashes of the terms of a chunk, in the order of their places.
#[derive(Debug, Default)]
pub(crate) struct WordPlaces(Box<[WordPlace]>);

/// A place in characters. A chunk has no more than fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct WordPlace {
    start: u16,
    end: u16,
    hash: u32,
}

/// The hash by which a term is found among the words of a chunk.
pub(crate) fn hash(term: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    term.hash(&mut hasher);
    let [.., a, b, c, d] = hasher.finish().to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

impl WordPlaces {
    /// The words of a text.
    pub(crate) fn of(settings: AnalyzerSettings, text: &str) -> Self {
        let normal = normalized(text);
        let Some(characters) = Characters::of(text, &normal) else { return Self::default() };
        let mut places = Vec::new();
        for listed in [Listed::Unmarked, Listed::Marked] {
            analyzer::each_term(settings, CjkMode::BigramsAndUnigrams, listed, &normal, |token| {
                let (start, end) =
                    (characters.of_start(token.offset_from), characters.of_end(token.offset_to));
                if let (Ok(start), Ok(end)) = (u16::try_from(start), u16::try_from(end)) {
                    places.push(WordPlace { hash: hash(&token.text), start, end });
                }
                true
            });
        }
        places.sort_unstable();
        Self(places.into())
    }

    /// How many bytes they take.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.0)
    }

    /// The places of these terms, in order and none in another.
    pub(crate) fn find(&self, hashes: &[u32]) -> Vec<Highlight> {
        // Most words are none of them, and most of those are passed over by one bit of their hash.
        let bit = |hash: u32| 1_u64 << (hash % 64);
        let bits = hashes.iter().fold(0, |bits, hash| bits | bit(*hash));
        let is_asked = |place: &&WordPlace| bits & bit(place.hash) != 0 && hashes.contains(&place.hash);
        let mut found: Vec<Highlight> = Vec::with_capacity(TYPICAL_PLACES);
        for WordPlace { start, end, .. } in self.0.iter().filter(is_asked) {
            let (start, end) = (u32::from(*start), u32::from(*end));
            let is_full = found.len() >= Highlight::MAX;
            match found.last_mut() {
                // Neighbours in a run of characters have one in common.
                Some(last) if start < last.end => last.end = last.end.max(end),
                _ if is_full => break,
                _ => found.push(Highlight { start, end }),
            }
        }
        found
    }
}

/// Which characters of a text stand behind the bytes of its normal form.
struct Characters {
    /// For each byte of the normal form where something begins, the number of characters before it; and at the end all.
    before: Vec<(usize, usize)>,
}

impl Characters {
    /// `None` when they cannot be told.
    fn of(text: &str, normal: &str) -> Option<Self> {
        let mut before = Vec::new();
        let mut characters = 0_usize;
        if text == normal {
            for (at, _) in text.char_indices() {
                before.push((at, characters));
                characters = characters.saturating_add(1);
            }
            before.push((text.len(), characters));
            return Some(Self { before });
        }
        // What is brought together by the normal form stands together.
        let mut rest = text;
        let mut at = 0_usize;
        while let Some(first) = rest.chars().next() {
            let joins = |c: char| {
                is_combining_mark(c) || matches!(c, '\u{1160}'..='\u{11ff}' | '\u{ff9e}' | '\u{ff9f}')
            };
            let end = rest.get(first.len_utf8()..).and_then(|after| after.find(|c| !joins(c)));
            let end = end.map_or(rest.len(), |end| first.len_utf8().saturating_add(end));
            let (together, after) = rest.split_at_checked(end)?;
            let length: usize = together.nfkc().map(char::len_utf8).sum();
            let same = normal.get(at..at.saturating_add(length))?;
            if !same.chars().eq(together.nfkc()) {
                return None;
            }
            before.push((at, characters));
            characters = characters.saturating_add(together.chars().count());
            at = at.saturating_add(length);
            rest = after;
        }
        before.push((at, characters));
        (at == normal.len()).then_some(Self { before })
    }

    /// The first character that a byte belongs to.
    fn of_start(&self, byte: usize) -> usize {
        let behind = self.before.partition_point(|(at, _)| *at <= byte);
        behind.checked_sub(1).and_then(|last| self.before.get(last)).map_or(0, |(_, characters)| *characters)
    }

    /// The end of the last character that has a byte before this one.
    fn of_end(&self, byte: usize) -> usize {
        let first = self.before.partition_point(|(at, _)| *at < byte);
        self.before.get(first).or(self.before.last()).map_or(0, |(_, characters)| *characters)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use syft_space_domain::dataset::{Stemming, StopWords, Tokenizer};

    use super::*;

    fn shown(settings: AnalyzerSettings, text: &str, question: &str) -> Vec<String> {
        let hashes: Vec<u32> = analyzer::query_terms(settings, &normalized(question), BTreeMap::new())
            .keys()
            .map(|term| hash(term))
            .collect();
        let places = WordPlaces::of(settings, text).find(&hashes);
        let number = |n: u32| usize::try_from(n).unwrap();
        let part =
            |place: &Highlight| text.chars().take(number(place.end)).skip(number(place.start)).collect();
        places.iter().map(part).collect()
    }

    #[test]
    fn q2_words_are_shown_where_they_stand_in_any_form() {
        let english = AnalyzerSettings::default();
        let german = AnalyzerSettings {
            stemming: Stemming::German,
            stop_words: StopWords::German,
            ..AnalyzerSettings::PLAIN
        };
        let cjk = AnalyzerSettings { tokenizer: Tokenizer::Cjk, ..AnalyzerSettings::PLAIN };
        for (settings, text, question, expected) in [
            (
                english,
                "Keys: rotate the key, then Rotating keys.",
                "rotated key",
                &["Keys", "rotate", "key", "Rotating", "keys"][..],
            ),
            (english, "Ask the IT desk about it.", "IT desk", &["IT", "desk"]),
            (english, "naïve\u{a0}naı\u{308}ve … \u{1f6a2} ½ \u{fb01}ne naive", "fine", &["\u{fb01}ne"]),
            (english, "a\u{308}rger and \u{e4}rger", "ärger", &["a\u{308}rger", "\u{e4}rger"]),
            (english, "nothing here", "else", &[]),
            (german, "Die Häuser, in Häusern.", "Haus", &["Häuser", "Häusern"]),
            (cjk, "東京都は、（猫）！", "東京都", &["東京都"]),
            (cjk, "東京都は、（猫）！", "猫", &["猫"]),
            (cjk, "ｶﾞﾗｽとＡＢＣ", "ガラス abc", &["ｶﾞﾗｽ", "ＡＢＣ"]),
        ] {
            assert_eq!(shown(settings, text, question), expected, "{question} in {text}");
        }
    }

    proptest! {
        #[test]
        fn k16_places_lie_in_the_text_in_order(text in "\\PC{0,60}", question in "\\PC{1,20}") {
            for tokenizer in [Tokenizer::Words, Tokenizer::Cjk] {
                let settings = AnalyzerSettings { tokenizer, ..AnalyzerSettings::default() };
                let question = format!("{question} {}", text.chars().take(9).collect::<String>());
                let hashes: Vec<u32> =
                    analyzer::query_terms(settings, &normalized(&question), BTreeMap::new()).keys().map(|term| hash(term)).collect();
                let mut end = 0;
                for place in WordPlaces::of(settings, &text).find(&hashes) {
                    prop_assert!(place.start >= end && place.end > place.start);
                    end = place.end;
                }
                prop_assert!(usize::try_from(end).unwrap() <= text.chars().count());
            }
        }
    }
}
