//! Texts that a word may begin or end with: all that it does are found without trying each.

use std::cmp::Ordering;

/// At which end of a word the texts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At its beginning.
    Prefix,
    /// At its end.
    Suffix,
}

/// Texts with a value each, sorted. Of two where one begins the other, the shorter comes first and is an ancestor of the
/// longer, so all texts that a word begins with are one chain of ancestors.
#[derive(Debug, Clone)]
pub(super) struct Affixes<T> {
    end: End,
    entries: Box<[Entry<T>]>,
}

#[derive(Debug, Clone)]
struct Entry<T> {
    text: Box<str>,
    /// The longest other text that this one begins with.
    parent: Option<usize>,
    value: T,
}

impl End {
    fn compare(self, one: &str, other: &str) -> Ordering {
        match self {
            Self::Prefix => one.cmp(other),
            Self::Suffix => one.bytes().rev().cmp(other.bytes().rev()),
        }
    }

    fn is_at(self, text: &str, word: &str) -> bool {
        match self {
            Self::Prefix => word.starts_with(text),
            Self::Suffix => word.ends_with(text),
        }
    }
}

impl<T> Affixes<T> {
    /// Sorts texts, of which no two are the same.
    pub(super) fn new(end: End, texts: impl IntoIterator<Item = (Box<str>, T)>) -> Self {
        let mut sorted: Vec<_> = texts.into_iter().collect();
        sorted.sort_unstable_by(|(affix, _), (other, _)| end.compare(affix, other));
        let mut entries: Vec<Entry<T>> = Vec::with_capacity(sorted.len());
        let mut parent = None;
        for (text, value) in sorted {
            // The chain of the text before leads to whatever this one begins with.
            while let Some(entry) = parent.and_then(|index: usize| entries.get(index)) {
                if end.is_at(&entry.text, &text) {
                    break;
                }
                parent = entry.parent;
            }
            entries.push(Entry { text, parent, value });
            parent = Some(entries.len() - 1);
        }
        Self { end, entries: entries.into() }
    }

    /// The values of all texts that stand at a word's end.
    pub(super) fn at(&self, word: &str) -> impl Iterator<Item = &T> {
        let behind =
            self.entries.partition_point(|entry| self.end.compare(&entry.text, word) != Ordering::Greater);
        let nearest = behind.checked_sub(1).and_then(|index| self.entries.get(index));
        let chain = std::iter::successors(nearest, |entry| self.entries.get(entry.parent?));
        chain.skip_while(move |entry| !self.end.is_at(&entry.text, word)).map(|entry| &entry.value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn k12_all_texts_at_a_words_end_are_found_and_no_others(
            texts in btree_set("[ab]{0,4}", 0..20), words in vec("[ab]{0,5}", 1..10)
        ) {
            for end in [End::Prefix, End::Suffix] {
                let affixes = Affixes::new(end, texts.iter().map(|text| (text.as_str().into(), text.clone())));
                for word in &words {
                    let mut found: Vec<_> = affixes.at(word).cloned().collect();
                    found.sort();
                    let expected: Vec<_> = texts.iter().filter(|text| end.is_at(text, word)).cloned().collect();
                    prop_assert_eq!(found, expected);
                }
            }
        }
    }
}
