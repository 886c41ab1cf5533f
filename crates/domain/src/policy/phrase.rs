//! Phrases, and texts as they are looked for in: one form for whatever reads the same.

use unicode_normalization::UnicodeNormalization;

/// The words of a text in one form (NFKC, no capitals), each between two spaces: ` credit card `. Whatever stands between two
/// words counts as one space, and characters that nobody sees count as nothing.
pub(super) fn canonical(text: &str) -> String {
    let seen = text.nfkc().filter(|character| !is_unseen(*character));
    // Through the capitals, so that ß is ss, and each sigma the same.
    let folded = seen.flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc();
    let mut words = String::with_capacity(text.len() + 2);
    words.push(' ');
    for character in folded {
        if character.is_alphanumeric() {
            words.push(character);
        } else if !words.ends_with(' ') {
            words.push(' ');
        }
    }
    if !words.ends_with(' ') {
        words.push(' ');
    }
    words
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

    proptest! {
        #[test]
        fn z4_the_form_of_a_form_is_the_form(text in "\\PC{0,60}") {
            let form = canonical(&text);
            prop_assert_eq!(canonical(&form), form);
        }
    }
}
