//! The text that is built from a file, and its bound.

use syft_space_domain::dataset::{FileRefused, Landmark, Mark, NewDocument};
use syft_space_domain::text::one_line;

use crate::data_uri::without_data_uris;
use crate::formula::Part;
use crate::level::{Level, Levels};

/// A builder of the text of a file. It never holds more than a document may, nor a control character other
/// than a line feed or a tab; white space between pieces is asked for, and written only when more text follows.
#[derive(Debug, Default)]
pub(crate) struct TextBuilder {
    text: String,
    gap: Gap,
    /// The marker before the next piece of text, such as that of a list item.
    marker: String,
    full: bool,
    levels: Levels,
    /// Where the last marker ends.
    marked: usize,
    marks: Vec<Mark>,
    /// What begins with the next text: the last page, and the last anchor.
    page: Option<Landmark>,
    anchor: Option<Landmark>,
}

/// The white space between two pieces of text. The larger of two wins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gap {
    #[default]
    Nothing,
    Space,
    Line,
    Paragraph,
}

impl Gap {
    fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Space => " ",
            Self::Line => "\n",
            Self::Paragraph => "\n\n",
        }
    }
}

impl TextBuilder {
    /// Asks for a gap before the next text.
    pub(crate) fn gap(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    /// Says whether the next text stands beside the line: its digits do not run into others.
    pub(crate) fn set_level(&mut self, level: Level) {
        self.levels.set(level);
    }

    /// Where a part of a formula begins.
    pub(crate) fn begin_part(&self) -> usize {
        self.text.len()
    }

    /// Ends a part of a formula that began here.
    pub(crate) fn end_part(&mut self, part: Part, from: usize) {
        if self.full {
            return;
        }
        // A marker that was written with it is not of it.
        if let Some(closed) = part.close(&mut self.text, from.max(self.marked)) {
            for mark in self.marks.iter_mut().rev().take_while(|mark| mark.at >= closed.at) {
                mark.at = mark.at.saturating_add(closed.put).saturating_sub(closed.taken);
            }
            self.levels.leave();
            self.full = self.text.len() > NewDocument::MAX_BYTES;
        }
    }

    /// Sets the marker before the next text, in place of one that no text has followed.
    pub(crate) fn set_marker(&mut self, marker: &str) {
        marker.clone_into(&mut self.marker);
    }

    /// Clears a marker that no text has followed.
    pub(crate) fn clear_marker(&mut self) {
        self.marker.clear();
    }

    /// Marks where this begins: at the next text.
    pub(crate) fn mark(&mut self, landmark: Landmark) {
        match landmark {
            Landmark::Page(_) => self.page = Some(landmark),
            Landmark::Anchor(_) => self.anchor = Some(landmark),
        }
    }

    /// Takes the marks.
    pub(crate) fn take_marks(&mut self) -> Vec<Mark> {
        std::mem::take(&mut self.marks)
    }

    /// Whether the text is full. What is written from then on is lost.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// Whether there is no text yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Writes words: white space of any kind and length is one space.
    pub(crate) fn words(&mut self, text: &str) {
        let text = without_data_uris(text);
        let mut rest = text.as_ref();
        while !rest.is_empty() && !self.full {
            let (words, after) = rest.split_at(end_of_plain_words(rest));
            self.write_plain(words);
            // What is left of it, or all of it, has other letters.
            let (word, after) = after.split_at(end_of_word(after));
            self.write(word);
            rest = after.trim_start_matches(is_space);
            if rest.len() < after.len() {
                self.gap(Gap::Space);
            }
        }
    }

    /// Writes text as it is, but for the files that stand in it.
    pub(crate) fn verbatim(&mut self, text: &str) {
        self.write(&without_data_uris(text));
    }

    fn write(&mut self, text: &str) {
        if text.chars().any(|c| is_line_end(c) || is_disallowed_control(c)) {
            if self.begin(text) {
                let with_line_feeds = text.chars().map(|c| if is_line_end(c) { '\n' } else { c });
                self.text.extend(with_line_feeds.filter(|c| !is_disallowed_control(*c)));
            }
        } else {
            self.write_plain(text);
        }
    }

    /// Writes what has no control character and no end of a line.
    fn write_plain(&mut self, text: &str) {
        if self.begin(text) {
            self.text.push_str(text);
        }
    }

    /// Writes what stands before a text. `false` if there is no text, or no room for it.
    fn begin(&mut self, text: &str) -> bool {
        if text.is_empty() || self.full {
            return false;
        }
        let gap = if self.text.is_empty() { "" } else { self.gap.as_str() };
        let sign = if gap.is_empty() && self.marker.is_empty() {
            if let Some(at) = self.levels.false_power(&self.text, text) {
                self.text.replace_range(at..=at, " ");
            }
            self.levels.sign(&self.text, text)
        } else {
            self.levels.pass();
            None
        };
        let more = gap.len().saturating_add(self.marker.len()).saturating_add(text.len());
        let more = more.saturating_add(sign.map_or(0, char::len_utf8));
        if self.text.len().saturating_add(more) > NewDocument::MAX_BYTES {
            self.full = true;
            return false;
        }
        self.text.push_str(gap);
        self.text.extend(sign);
        for landmark in [self.page.take(), self.anchor.take()].into_iter().flatten() {
            if self.marks.len() < Mark::MAX {
                self.marks.push(Mark { at: self.text.len(), landmark });
            }
        }
        self.text.push_str(&self.marker);
        if !self.marker.is_empty() {
            self.marked = self.text.len();
        }
        self.marker.clear();
        self.gap = Gap::Nothing;
        true
    }

    /// Appends the text of another builder.
    pub(crate) fn append(&mut self, other: &Self) {
        self.full |= other.full;
        self.write(&other.text);
    }

    /// The text.
    ///
    /// # Errors
    /// When there is no text, or more than a document may have.
    pub(crate) fn finish(self) -> Result<String, FileRefused> {
        if self.full {
            return Err(too_much_text());
        }
        if self.text.trim().is_empty() { Err(FileRefused::NoText) } else { Ok(self.text) }
    }
}

/// The error for more text than a document may have.
pub(crate) fn too_much_text() -> FileRefused {
    FileRefused::TooLarge(u64::try_from(NewDocument::MAX_BYTES).unwrap_or(u64::MAX))
}

/// Whether a character is a control character that no text for people has.
pub(crate) fn is_disallowed_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

/// Whether a character ends a line as a line feed does: those of Unicode, and the separators of ASCII. Left out, they
/// would make one word of two.
fn is_line_end(c: char) -> bool {
    matches!(c, '\u{b}' | '\u{c}' | '\r' | '\u{1c}'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || is_line_end(c)
}

/// Where the words end with which a text begins, as far as they are of ASCII and one space stands between any two. Most text is.
fn end_of_plain_words(text: &str) -> usize {
    let mut end = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte.is_ascii_graphic() {
            end = at.saturating_add(1);
        } else if byte != b' ' || at == 0 || at > end {
            break;
        }
    }
    end
}

/// Where the word ends with which a text begins.
fn end_of_word(text: &str) -> usize {
    text.find(is_space).unwrap_or(text.len())
}

/// The most characters of a title.
pub(crate) const MAX_TITLE_CHARS: usize = 300;

/// A title: one line without noise, cut where it is too long; `None` when nothing is left.
pub(crate) fn title(text: &str) -> Option<String> {
    let printable = one_line(text);
    let mut title = String::new();
    for word in printable.split_whitespace() {
        if !title.is_empty() {
            title.push(' ');
        }
        title.push_str(word);
        if title.len() > MAX_TITLE_CHARS.saturating_mul(4) {
            break;
        }
    }
    let title: String = title.chars().take(MAX_TITLE_CHARS).collect();
    if title.is_empty() { None } else { Some(title) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_gaps_stand_between_texts_only_and_the_largest_wins() {
        let mut builder = TextBuilder::default();
        builder.gap(Gap::Paragraph);
        builder.words(" a \n b");
        builder.gap(Gap::Line);
        builder.gap(Gap::Paragraph);
        builder.gap(Gap::Space);
        builder.set_marker("- ");
        builder.words("c ");
        builder.gap(Gap::Line);
        builder.set_marker("- ");
        assert_eq!(builder.take_marks(), []);
        assert_eq!(builder.finish().as_deref(), Ok("a b\n\n- c"));
    }

    #[test]
    fn a_mark_stands_where_the_next_text_begins_and_the_last_of_a_kind_counts() {
        let mut builder = TextBuilder::default();
        let anchor = |id| Landmark::anchor(id).unwrap();
        builder.mark(Landmark::Page(1));
        builder.words("a");
        builder.mark(anchor("x"));
        builder.mark(Landmark::Page(2));
        builder.mark(anchor("y"));
        builder.gap(Gap::Paragraph);
        builder.set_marker("# ");
        builder.words("b");
        builder.mark(Landmark::Page(3));
        let marks = [(0, Landmark::Page(1)), (3, Landmark::Page(2)), (3, anchor("y"))];
        assert_eq!(builder.take_marks(), marks.map(|(at, landmark)| Mark { at, landmark }));
        assert_eq!(builder.finish().as_deref(), Ok("a\n\n# b"));
    }

    #[test]
    fn k16_more_text_than_a_document_has_is_refused_and_not_kept() {
        let mut builder = TextBuilder::default();
        let mebibyte = "x".repeat(1024 * 1024);
        for _ in 0..9 {
            builder.verbatim(&mebibyte);
        }
        assert!(builder.text.len() <= NewDocument::MAX_BYTES);
        assert_eq!(builder.finish(), Err(FileRefused::TooLarge(8 * 1024 * 1024)));
    }

    #[test]
    fn k16_control_characters_are_no_text() {
        let mut builder = TextBuilder::default();
        builder.verbatim("a\u{0}\u{1b}[31mb\tc\n\u{7f}");
        assert_eq!(builder.finish().as_deref(), Ok("a[31mb\tc\n"));
        let mut builder = TextBuilder::default();
        builder.words("a\u{b}b\u{85}c\u{2028}d\u{1e}e");
        assert_eq!(builder.finish().as_deref(), Ok("a b c d e"));
        assert_eq!(title(" a\u{202e}\n\u{0}b\u{61c} ").as_deref(), Some("a b"));
        assert_eq!(title("\u{0}\n "), None);
        assert_eq!(title(&"ü ".repeat(1_000)).map(|title| title.chars().count()), Some(300));
    }
}
