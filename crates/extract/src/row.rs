//! A row of a table, written as a line.

use crate::level::Level;
use crate::text_builder::{Gap, TextBuilder};

/// A row of a table, written as `| a | b |`.
#[derive(Debug, Default)]
pub(crate) struct Row {
    text: TextBuilder,
    in_cell: bool,
    has_words: bool,
}

impl Row {
    /// Begins a cell.
    pub(crate) fn cell(&mut self) {
        self.text.gap(Gap::Space);
        self.text.verbatim("|");
        self.text.gap(Gap::Space);
        self.in_cell = true;
    }

    /// Whether a cell has begun.
    pub(crate) fn in_cell(&self) -> bool {
        self.in_cell
    }

    /// Writes words into the cell.
    pub(crate) fn words(&mut self, text: &str) {
        self.has_words |= !text.trim().is_empty();
        self.text.words(text);
    }

    /// Says whether the next words stand beside the line.
    pub(crate) fn set_level(&mut self, level: Level) {
        self.text.set_level(level);
    }

    /// The text of the row.
    pub(crate) fn text(&mut self) -> &mut TextBuilder {
        &mut self.text
    }

    /// Separates words in the cell.
    pub(crate) fn space(&mut self) {
        self.text.gap(Gap::Space);
    }

    /// Writes the row as a line, unless all its cells are empty.
    pub(crate) fn finish(mut self, builder: &mut TextBuilder) {
        if self.has_words {
            self.text.gap(Gap::Space);
            self.text.verbatim("|");
            builder.gap(Gap::Line);
            builder.append(&self.text);
            builder.gap(Gap::Line);
        }
    }
}
