//! The escaping of text for a terminal: no control character, nor a mark that turns the direction of text, reaches it.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

/// A text with all that is not seen as itself written out: control characters, marks that change the direction of
/// text, and characters without a width that could hide a difference. Line ends stay.
#[must_use]
pub(super) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || !is_hidden(c) {
            shown.push(c);
        } else {
            // Writing to a string cannot fail.
            let _infallible = write!(shown, "{}", c.escape_unicode());
        }
    }
    shown
}

/// The same for JSON, which stays the same document: what is hidden can only stand in its texts, where it may be written so
/// (RFC 8259, section 7).
#[must_use]
pub(super) fn printable_json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || !is_hidden(c) {
            shown.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _infallible = write!(shown, "\\u{unit:04x}");
        }
    }
    shown
}

/// The same for a text that stands in one line.
#[must_use]
pub(super) fn one_line(text: &str) -> String {
    printable(text).replace('\n', "\\n")
}

/// How many columns of a terminal a printable text takes.
#[must_use]
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// A printable text, cut where it is wider than so many columns.
#[must_use]
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut shown = String::new();
    for c in text.chars() {
        shown.push(c);
        if width(&shown) >= columns {
            shown.pop();
            break;
        }
    }
    shown.push('…');
    shown
}

/// The lines of a text, none wider than so many columns where a space allows it.
#[must_use]
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in printable(text).lines() {
        let mut shown = String::new();
        for word in line.split_inclusive(' ') {
            if !shown.trim_end().is_empty() && width(&shown) + width(word.trim_end()) > columns {
                lines.push(shown.trim_end().to_owned());
                shown.clear();
            }
            shown.push_str(word);
        }
        lines.push(shown.trim_end().to_owned());
    }
    lines
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{fe0f}' | '\u{ffa0}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k16_nothing_reaches_a_terminal_that_it_would_obey() {
        assert_eq!(
            one_line("a\u{1b}[31mb\u{7}\r\nc\u{202e}d\u{200b}"),
            "a\\u{1b}[31mb\\u{7}\\u{d}\\nc\\u{202e}d\\u{200b}"
        );
        assert_eq!(printable("Protokoll März 議事録"), "Protokoll März 議事録");
    }

    #[test]
    fn k16_json_for_a_terminal_hides_nothing_and_says_the_same() {
        let texts = ["a\u{202e}b\u{e0041}c\u{7f}d", "März 議事録 😀\n\t\u{1b}", "{\"\\u0000"];
        let document = serde_json::json!({ "one": texts, "\u{200b}": 1 });
        let text = serde_json::to_string_pretty(&document).unwrap();
        let shown = printable_json(&text);
        assert!(!shown.chars().any(|c| c != '\n' && is_hidden(c)), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), document);
        assert_eq!(printable_json("{\n  \"a\": \"ä😀\"\n}"), "{\n  \"a\": \"ä😀\"\n}");
    }

    #[test]
    fn a_text_is_wrapped_at_spaces_by_the_columns_it_takes() {
        assert_eq!(wrap("one two three\n\n  four  five", 8), ["one two", "three", "", "  four", "five"]);
        assert_eq!(wrap("a\u{1b}[2Jb", 80), ["a\\u{1b}[2Jb"]);
        assert_eq!(wrap("議事 録議 事録", 9), ["議事 録議", "事録"]);
        assert_eq!(wrap("unbreakable", 4), ["unbreakable"]);
        assert!(wrap("", 80).is_empty());
    }

    #[test]
    fn a_text_is_cut_by_the_columns_it_takes() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert_eq!(cut("議事録議事録", 6), "議事…");
    }
}
