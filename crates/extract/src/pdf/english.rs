//! English words, as evidence that a line's end has cut one.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Words whose forms with the usual endings are left out.
static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("english_words.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(|line| line.split(' ')).collect()
});

/// What stands behind a word in its other forms, and for which of its own letters.
const ENDINGS: [(&str, &str); 9] = [
    ("s", ""),
    ("es", ""),
    ("ed", ""),
    ("d", ""),
    ("ing", ""),
    ("ly", ""),
    ("ing", "e"),
    ("ies", "y"),
    ("ied", "y"),
];

/// Whether a word in small letters is a usual English one.
pub(super) fn is_word(word: &str) -> bool {
    let is_form = |(ending, own): &(&str, &str)| {
        word.strip_suffix(ending).is_some_and(|stem| WORDS.contains(format!("{stem}{own}").as_str()))
    };
    WORDS.contains(word) || ENDINGS.iter().any(is_form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_words_are_known_in_their_usual_forms() {
        for word in
            ["harbor", "harbour", "harbors", "information", "carried", "making", "slowly", "boxes", "walked"]
        {
            assert!(is_word(word), "{word}");
        }
        for word in ["", "s", "selfhosted", "harborsorted", "wellknown", "einund", "werkstatt"] {
            assert!(!is_word(word), "{word}");
        }
    }
}
