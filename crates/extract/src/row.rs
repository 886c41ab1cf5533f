//! How does a row of a table become a line?

use crate::draft::{Draft, Gap};

/// A row of a table, written as `| a | b |`.
#[derive(Debug, Default)]
pub(crate) struct Row {
    text: Draft,
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

    /// Separates words in the cell.
    pub(crate) fn space(&mut self) {
        self.text.gap(Gap::Space);
    }

    /// Writes the row as a line, unless all its cells are empty.
    pub(crate) fn finish(mut self, draft: &mut Draft) {
        if self.has_words {
            self.text.gap(Gap::Space);
            self.text.verbatim("|");
            draft.gap(Gap::Line);
            draft.append(&self.text);
            draft.gap(Gap::Line);
        }
    }
}
