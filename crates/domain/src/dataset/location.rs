//! Where a chunk stands in its document: on which page, under which heading, at which anchor.

use serde::{Deserialize, Serialize};

/// Where a chunk begins in its document, as far as that is known. All of it comes out of the document, as its text does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The number of its page, slide or sheet, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub page: Option<u32>,
    /// The nearest heading: the one above it, or at its beginning.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub heading: Option<String>,
    /// The nearest element with an id above it, or at its beginning: what stands behind `#` in an address.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub anchor: Option<String>,
}

impl Location {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// What begins at a place of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Landmark {
    /// A page, a slide or a sheet: its number, from 1.
    Page(u32),
    /// An element with this id.
    Anchor(String),
}

impl Landmark {
    /// The most bytes of an anchor. A longer one is none.
    pub const MAX_ANCHOR: usize = 128;

    /// An element's id as a landmark; `None` when no address can point at it.
    #[must_use]
    pub fn anchor(id: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_ANCHOR).contains(&id.len());
        let is_plain = !id.contains(char::is_whitespace) && crate::text::is_one_line(id);
        (fits && is_plain).then(|| Self::Anchor(id.to_owned()))
    }
}

/// A place of a text, and what begins there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The place, in bytes.
    pub at: usize,
    /// What begins there.
    pub landmark: Landmark,
}

impl Mark {
    /// The most marks of a text. What stands behind the last of so many is at no known place.
    pub const MAX: usize = 20_000;
}

/// The landmarks above places that are asked for in order.
pub(super) struct Landmarks<'a> {
    marks: &'a [Mark],
    is_cut: bool,
    page: Option<u32>,
    anchor: Option<&'a str>,
}

impl<'a> Landmarks<'a> {
    pub(super) fn new(marks: &'a [Mark]) -> Self {
        Self { marks, is_cut: marks.len() >= Mark::MAX, page: None, anchor: None }
    }

    /// The last page and anchor that begin at a place or before it.
    pub(super) fn at(&mut self, place: usize) -> (Option<u32>, Option<&'a str>) {
        while let [Mark { at, landmark }, rest @ ..] = self.marks {
            if *at > place {
                break;
            }
            match landmark {
                Landmark::Page(number) => self.page = Some(*number),
                Landmark::Anchor(id) => self.anchor = Some(id),
            }
            self.marks = rest;
        }
        if self.is_cut && self.marks.is_empty() { (None, None) } else { (self.page, self.anchor) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::chunks_at;

    fn mark(at: usize, landmark: Landmark) -> Mark {
        Mark { at, landmark }
    }

    #[test]
    fn a_chunk_knows_its_page_its_heading_and_its_anchor() {
        let content = "Before.\n\n# Keys\n\n## Rotation\nYearly.\n\n# Users #\nInvite them.\n\n#\nNo heading.\n\n# C#\nSharp.";
        let at = |text: &str| content.find(text).unwrap();
        let marks = [
            mark(0, Landmark::Page(1)),
            mark(at("# Keys"), Landmark::anchor("keys").unwrap()),
            mark(at("Yearly"), Landmark::Page(2)),
            mark(at("# Users"), Landmark::anchor("users").unwrap()),
        ];
        let chunks = chunks_at(content, &marks);
        let found: Vec<_> = chunks
            .iter()
            .map(|chunk| {
                let Location { page, heading, anchor } = &chunk.location;
                let line = chunk.text.lines().next().unwrap();
                (line, page.unwrap(), heading.as_deref().unwrap_or("-"), anchor.as_deref().unwrap_or("-"))
            })
            .collect();
        let expected = [
            ("Before.", 1, "-", "-"),
            ("# Keys", 1, "Rotation", "keys"),
            ("# Users #", 2, "Users", "users"),
            ("#", 2, "Users", "users"),
            ("# C#", 2, "C#", "users"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn each_chunk_of_a_long_section_knows_its_heading() {
        let content = format!("# Keys\n{}", "They are rotated once a year by hand. ".repeat(90));
        let chunks = chunks_at(&content, &[]);
        assert!(chunks.len() > 3);
        assert!(chunks.iter().all(|chunk| chunk.location.heading.as_deref() == Some("Keys")));
    }

    #[test]
    fn k16_a_heading_is_one_printable_line_whatever_stands_in_it() {
        for (title, shown) in [
            ("Fees \u{202e}eerf\u{202c}", "Fees eerf"),
            ("\u{1b}[31mRed\u{7}\u{9b}", "[31mRed"),
            ("a\u{2066}b\u{2069}\u{61c}c\u{200f}", "abc"),
            ("two\u{2028}lines\tand\rmore\u{85}words", "two lines and more words"),
            ("Ends #\u{202e}", "Ends"),
            ("Accents stay: e\u{301}, עברית", "Accents stay: e\u{301}, עברית"),
            // One that says nothing is none.
            ("\u{202e}\0", "Before"),
        ] {
            let content = format!("# Before\n{}\n# {title}\nText.", "x".repeat(1000));
            let chunks = chunks_at(&content, &[]);
            let heading = chunks.last().unwrap().location.heading.as_deref();
            assert_eq!(heading, Some(shown), "{title:?}");
        }
    }

    #[test]
    fn k16_an_anchor_is_short_and_plain_and_behind_too_many_marks_nothing_is_known() {
        for id in ["", "a b", "a\nb", "a\u{202e}b", &"x".repeat(129)] {
            assert_eq!(Landmark::anchor(id), None, "{id:?}");
        }
        let marks: Vec<Mark> = (0..Mark::MAX).map(|at| mark(at, Landmark::Page(1))).collect();
        let mut landmarks = Landmarks::new(&marks);
        assert_eq!(landmarks.at(5), (Some(1), None));
        assert_eq!(landmarks.at(Mark::MAX), (None, None));
    }
}
