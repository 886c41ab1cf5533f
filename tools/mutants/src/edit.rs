//! Changes of a text that lie beside or within each other, and the text that they make.

use std::cmp::Reverse;
use std::ops::Range;

/// What stands in a changed place.
pub(crate) enum Piece {
    /// This text.
    Text(String),
    /// This text, which is of a mutant alone: if it does not compile, the mutant does not.
    Of(usize, String),
    /// What stands there in the source, with the changes within it.
    Source(Range<usize>),
}

/// A part of the source, and what stands there instead. An empty part is a place between two bytes.
pub(crate) struct Edit {
    pub(crate) range: Range<usize>,
    pub(crate) pieces: Vec<Piece>,
}

/// The changed text, and which bytes of it are whose.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) ranges: Vec<(usize, usize, usize)>,
}

impl Written {
    pub(crate) fn of(source: &str, mut edits: Vec<Edit>) -> Self {
        // What is put before a part comes first, then the widest part, then what lies in it.
        edits.sort_by_key(|edit| (edit.range.start, !edit.range.is_empty(), Reverse(edit.range.end)));
        let mut written = Self::default();
        written.write(source, &edits, 0..source.len());
        written
    }

    fn write(&mut self, source: &str, edits: &[Edit], part: Range<usize>) {
        let mut done = part.start;
        for (index, edit) in edits.iter().enumerate() {
            if edit.range.start < done || edit.range.end > part.end {
                continue;
            }
            self.text.push_str(&source[done..edit.range.start]);
            for piece in &edit.pieces {
                match piece {
                    Piece::Text(text) => self.text.push_str(text),
                    Piece::Of(mutant, text) => {
                        let start = self.text.len();
                        self.text.push_str(text);
                        self.ranges.push((*mutant, start, self.text.len()));
                    }
                    Piece::Source(within) => self.write(source, &edits[index + 1..], within.clone()),
                }
            }
            done = edit.range.end;
        }
        self.text.push_str(&source[done..part.end]);
    }
}
