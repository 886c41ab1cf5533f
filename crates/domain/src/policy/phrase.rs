//! Phrases, and texts as they are looked for in: one form for whatever reads the same.

use unicode_normalization::UnicodeNormalization;

/// The words of a text in one form (NFKC, no capitals), each between two spaces: ` credit card `. Whatever stands between two
/// words counts as one space, and characters that nobody sees count as nothing.
pub(super) fn canonical(text: &str) -> String {
    Form::of(text, usize::MAX).unwrap_or_default()
}

/// The same, of a text of at most so many bytes whose form has at most as many; `None` of any other. One character may stand for
/// eighteen, so it is the form that is measured while it is made.
pub(crate) fn canonical_within(text: &str, max: usize) -> Option<String> {
    if text.len() > max { None } else { Form::of(text, max) }
}

/// A form that is being made.
struct Form {
    words: String,
    max: usize,
}

impl Form {
    fn of(text: &str, max: usize) -> Option<String> {
        let mut form = Self { words: String::with_capacity(text.len().saturating_add(2)), max };
        form.words.push(' ');
        let mut rest = text;
        while !rest.is_empty() {
            let ascii = rest.bytes().take_while(u8::is_ascii).count();
            // What follows may combine with the last of these, and with no other.
            let plain = if ascii == rest.len() { ascii } else { ascii.saturating_sub(1) };
            let (before, behind) = rest.split_at(plain);
            form.push_ascii(before)?;
            let end = behind.char_indices().skip(1).find(|(_, character)| character.is_ascii());
            let (composed, after) = behind.split_at(end.map_or(behind.len(), |(index, _)| index));
            form.push_any(composed)?;
            rest = after;
        }
        form.push(' ')?;
        Some(form.words)
    }

    /// What is ASCII is in its form but for capitals.
    fn push_ascii(&mut self, text: &str) -> Option<()> {
        text.chars().try_for_each(|character| self.push(character.to_ascii_lowercase()))
    }

    fn push_any(&mut self, text: &str) -> Option<()> {
        let seen = text.nfkc().filter(|character| !is_unseen(*character));
        // Through the capitals, so that ß is ss, and each sigma the same.
        let mut folded = seen.flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc();
        folded.try_for_each(|character| self.push(character))
    }

    /// `None` where the form is too long.
    fn push(&mut self, character: char) -> Option<()> {
        if character.is_alphanumeric() {
            self.words.push(character);
        } else if !self.words.ends_with(' ') {
            self.words.push(' ');
        }
        (self.words.len() <= self.max).then_some(())
    }
}

/// Whether it is a soft hyphen, or something of no width.
fn is_unseen(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn z4_what_reads_the_same_has_one_form() {
        for (text, expected) in [
            ("Credit-Card", " credit card "),
            ("  credit\n\tCARD! ", " credit card "),
            ("STRASSE, Straße", " strasse strasse "),
            ("ΣΟΦΟΣ σοφος σοφός", " σοφοσ σοφοσ σοφόσ "),
            ("ｃｒｅｄｉｔ ﬁle", " credit file "),
            ("cre\u{ad}dit\u{200b}", " credit "),
            ("cafe\u{301}", " café "),
            ("...", " "),
            ("", " "),
        ] {
            assert_eq!(canonical(text), expected, "{text}");
        }
    }

    /// The form of a text, made of the whole of it at once.
    fn canonical_slowly(text: &str) -> String {
        let mut form = Form { words: " ".to_owned(), max: usize::MAX };
        form.push_any(text).unwrap();
        form.push(' ').unwrap();
        form.words
    }

    #[test]
    fn k12_a_form_is_made_of_no_more_than_it_may_have() {
        assert_eq!(canonical_within("A b", 5).as_deref(), Some(" a b "));
        assert_eq!(canonical_within("A b", 4), None);
        assert_eq!(canonical_within("abcde", 4), None);
        let phrase = canonical("\u{fdfa}");
        assert!(phrase.len() > 30);
        assert_eq!(canonical_within("\u{fdfa}", phrase.len()), Some(phrase.clone()));
        assert_eq!(canonical_within("\u{fdfa}", phrase.len() - 1), None);
    }

    proptest! {
        #[test]
        fn z4_a_form_is_that_of_the_whole_text(
            text in "[aB .e\u{301}\u{327}\u{ad}\u{e9}\u{df}\u{130}\u{212a}\u{17f}\u{3c2}\u{fb01}\u{1100}\u{1161}\u{11a8}]{0,24}|\\PC{0,40}"
        ) {
            prop_assert_eq!(canonical(&text), canonical_slowly(&text));
        }

        #[test]
        fn z4_the_form_of_a_form_is_the_form(text in "\\PC{0,60}") {
            let form = canonical(&text);
            prop_assert_eq!(canonical(&form), form);
        }
    }
}
