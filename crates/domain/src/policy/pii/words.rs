//! The words of a text, as numbers are made of them.

/// A run of digits, and of letters that [make one word](is_of_word) with them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'t> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) text: &'t str,
    /// What stands between the word before and this one.
    pub(super) gap: &'t str,
    pub(super) has_digit: bool,
    /// Whether it is ASCII digits alone.
    pub(super) is_number: bool,
}

/// The words of a text, in order.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::with_capacity(text.len() / 6);
    let (mut from, mut behind) = (None, 0);
    let ends = std::iter::once((text.len(), ' '));
    for (at, character) in text.char_indices().chain(ends) {
        if is_of_word(character) {
            from = from.or(Some(at));
        } else if let Some(start) = from.take() {
            let word = text.get(start..at).unwrap_or_default();
            let gap = text.get(behind..start).unwrap_or_default();
            let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
            let is_number = has_digit && word.bytes().all(|byte| byte.is_ascii_digit());
            words.push(Word { start, end: at, text: word, gap, has_digit, is_number });
            behind = at;
        }
    }
    words
}

/// Whether a character makes one word with a digit beside it: another digit, or a letter of an alphabet that has capitals. Where others are
/// written, as Chinese, Japanese, Korean and Thai, a number and the words around it stand without a space between them.
pub(super) fn is_of_word(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || (!character.is_ascii()
            && (character.is_numeric() || character.is_lowercase() || character.is_uppercase()))
}

/// Whether the first of these words stands before or behind the point of a decimal number: `0.86095742719`.
pub(super) fn is_part_of_a_decimal(before: Option<Word<'_>>, words: &[Word<'_>]) -> bool {
    let Some(word) = words.first().filter(|word| word.is_number && word.text.len() > 4) else {
        return false;
    };
    let behind = words.get(1).is_some_and(|next| next.gap == "." && next.is_number && next.text.len() < 5);
    behind || (word.gap == "." && before.is_some_and(|before| before.is_number && before.text.len() < 5))
}

/// What may stand between the groups of a number: a space, or a hyphen.
pub(super) fn parts_groups(gap: &str) -> bool {
    matches!(gap, " " | "-" | "\u{a0}" | "\u{202f}" | "\u{2011}" | "\u{2013}")
}

/// The digits of a text that holds nothing else.
pub(super) fn digits(text: &str) -> Option<Vec<u32>> {
    text.chars().map(|character| character.to_digit(10)).collect()
}
