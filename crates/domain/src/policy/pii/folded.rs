//! Digits and signs of other scripts, as those of ASCII in which numbers are looked for.

use std::borrow::Cow;

/// The zeros of scripts in whose texts people write numbers: full-width, Arabic, Persian, Devanagari, Bengali, and Thai.
const ZEROS: [char; 6] = ['\u{ff10}', '\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{e50}'];

/// A text with such digits and signs in ASCII.
pub(super) struct Folded<'t> {
    pub(super) text: Cow<'t, str>,
    /// Behind which byte of it the source is ahead, and by how many bytes.
    ahead: Vec<(usize, usize)>,
}

impl<'t> Folded<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        if text.is_ascii() || !text.chars().any(|character| fold(character).is_some()) {
            return Self { text: Cow::Borrowed(text), ahead: Vec::new() };
        }
        let (mut folded, mut ahead) = (String::with_capacity(text.len()), Vec::new());
        let mut by: usize = 0;
        for character in text.chars() {
            let Some(plain) = fold(character) else {
                folded.push(character);
                continue;
            };
            folded.push(plain);
            by = by.saturating_add(character.len_utf8().saturating_sub(plain.len_utf8()));
            ahead.push((folded.len(), by));
        }
        Self { text: Cow::Owned(folded), ahead }
    }

    /// Where in the source a place of the text is, which is between two characters.
    pub(super) fn in_source(&self, place: usize) -> usize {
        let before = self.ahead.partition_point(|(end, _)| *end <= place);
        let by = before.checked_sub(1).and_then(|last| self.ahead.get(last)).map_or(0, |(_, by)| *by);
        place.saturating_add(by)
    }
}

/// The character of ASCII that stands for another one in numbers.
fn fold(character: char) -> Option<char> {
    let behind = |first: char| u32::from(character).checked_sub(u32::from(first));
    match character {
        '\u{3000}' => Some(' '),
        '\u{2010}' | '\u{2212}' => Some('-'),
        // The full-width forms stand in the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' => {
            behind('\u{ff01}').and_then(|behind| char::from_u32(behind.checked_add(0x21)?))
        }
        _ => ZEROS.into_iter().find_map(|zero| behind(zero).and_then(|digit| char::from_digit(digit, 10))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z4_places_of_a_folded_text_are_those_of_its_source() {
        for text in ["", "plain 12", "é１２ü３", "１", "a１b", "卡号４１１１　１。", "٣-٤", "\u{2212}７"]
        {
            let folded = Folded::of(text);
            let starts =
                |text: &str| text.char_indices().map(|(at, _)| at).chain([text.len()]).collect::<Vec<_>>();
            let mapped: Vec<_> = starts(&folded.text).into_iter().map(|at| folded.in_source(at)).collect();
            assert_eq!(mapped, starts(text), "{text}");
            assert!(!folded.text.chars().any(|one| fold(one).is_some()), "{text}");
        }
        assert_eq!(Folded::of("（０４５）　６７‐８９−Ａ～ ٠٩ ۵ ९ ৭ ๘").text, "(045) 67-89-A~ 09 5 9 7 8");
        assert!(matches!(Folded::of("Grüße, 你好 12").text, Cow::Borrowed(_)), "nothing is copied");
    }
}
