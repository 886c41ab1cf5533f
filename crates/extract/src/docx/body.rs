//! What does each element of a document's body do to its text?

use super::styles::{Styles, outline_level};
use super::xml::{Attributes, Node};
use crate::draft::{Draft, Gap};
use crate::row::Row;

/// A document's body that is being written.
pub(super) struct Body<'a> {
    styles: &'a Styles,
    pub(super) draft: Draft,
    /// The text of the first heading.
    pub(super) heading: Option<String>,
    in_text: bool,
    in_run: bool,
    /// The run's text is not shown.
    hidden: bool,
    /// How deep we are in a part that is not the text as it stands.
    left_out: usize,
    /// The level of the paragraph's heading.
    level: Option<usize>,
    /// How deep the paragraph stands in lists.
    item: Option<usize>,
    /// Whether the paragraph has text.
    begun: bool,
    /// Whether the paragraph before was an item of a list.
    after_item: bool,
    tables: usize,
    row: Option<Row>,
    /// The text of the first heading, as long as its paragraph is open.
    first_heading: String,
}

impl<'a> Body<'a> {
    pub(super) fn new(styles: &'a Styles) -> Self {
        Self {
            styles,
            draft: Draft::default(),
            heading: None,
            in_text: false,
            in_run: false,
            hidden: false,
            left_out: 0,
            level: None,
            item: None,
            begun: false,
            after_item: false,
            tables: 0,
            row: None,
            first_heading: String::new(),
        }
    }

    pub(super) fn node(&mut self, node: Node<'_>) {
        match node {
            Node::Open(name, _) if self.left_out > 0 || is_left_out(name) => {
                self.left_out = self.left_out.saturating_add(1);
            }
            Node::Close(_) if self.left_out > 0 => self.left_out = self.left_out.saturating_sub(1),
            Node::Text(_) if self.left_out > 0 => {}
            Node::Open(name, attributes) => self.open(name, attributes),
            Node::Close(name) => self.close(name),
            Node::Text(text) if self.in_text && !self.hidden => self.words(text),
            Node::Text(_) => {}
        }
    }

    fn open(&mut self, name: &str, attributes: Attributes<'_>) {
        match name {
            "p" => {
                self.end_paragraph();
                (self.level, self.item) = (None, None);
            }
            "pStyle" => {
                let style = attributes.get("val");
                self.level = self.level.or_else(|| self.styles.level(&style?));
            }
            "outlineLvl" if !self.in_run => {
                self.level = attributes.get("val").and_then(|value| outline_level(&value)).or(self.level);
            }
            "numPr" => self.item = self.item.or(Some(0)),
            "ilvl" => {
                let depth = attributes.get("val").and_then(|value| value.parse().ok());
                self.item = depth.map(|depth: usize| depth.min(8)).or(self.item);
            }
            "r" => (self.in_run, self.hidden) = (true, false),
            "vanish" if self.in_run => self.hidden = attributes.is_on(),
            "t" => self.in_text = true,
            "tab" | "ptab" if self.in_run => self.gap(Gap::Space),
            "br" | "cr" if self.in_run => self.gap(if self.level.is_some() { Gap::Space } else { Gap::Line }),
            "noBreakHyphen" if self.in_run && !self.hidden => self.words("-"),
            "tbl" => {
                self.end_paragraph();
                self.gap(Gap::Paragraph);
                self.tables = self.tables.saturating_add(1);
                self.after_item = false;
            }
            "tr" if self.tables == 1 => self.row = Some(Row::default()),
            "tc" => match &mut self.row {
                Some(row) if self.tables == 1 => row.cell(),
                _ => self.gap(Gap::Space),
            },
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" => {
                if self.level.is_some() && self.heading.is_none() {
                    self.heading = crate::draft::title(&std::mem::take(&mut self.first_heading));
                }
                self.end_paragraph();
            }
            "r" => (self.in_run, self.hidden) = (false, false),
            "t" => self.in_text = false,
            "tr" if self.tables == 1 => {
                if let Some(row) = self.row.take() {
                    row.finish(&mut self.draft);
                }
            }
            "tbl" => {
                self.tables = self.tables.saturating_sub(1);
                self.gap(Gap::Paragraph);
            }
            _ => {}
        }
    }

    fn gap(&mut self, gap: Gap) {
        match &mut self.row {
            Some(row) => row.space(),
            None => self.draft.gap(gap),
        }
    }

    /// Ends a paragraph, if one has begun. The next begins with the gap that it wants.
    fn end_paragraph(&mut self) {
        if self.row.is_some() {
            self.gap(Gap::Space);
        } else if self.begun {
            self.gap(Gap::Line);
            self.after_item = self.item.is_some();
        }
        self.begun = false;
    }

    fn words(&mut self, text: &str) {
        if let Some(row) = &mut self.row {
            row.words(text);
            return;
        }
        if !self.begun && !text.trim().is_empty() {
            self.begun = true;
            // Items of a list follow each other line by line.
            let goes_on = self.after_item && self.item.is_some();
            self.draft.gap(if goes_on { Gap::Line } else { Gap::Paragraph });
            match (self.level, self.item) {
                (Some(level), _) => self.draft.mark(&format!("{} ", "#".repeat(level))),
                (None, Some(depth)) => self.draft.mark(&format!("{}- ", "  ".repeat(depth))),
                (None, None) => {}
            }
        }
        if self.level.is_some() && self.heading.is_none() && self.first_heading.len() < 4_096 {
            self.first_heading.push_str(text);
        }
        self.draft.words(text);
    }
}

/// What is not the text as it stands: what was moved away, and what stands in for what an old reader cannot show.
/// What was deleted is no `t` in the first place.
fn is_left_out(name: &str) -> bool {
    matches!(name, "moveFrom" | "Fallback")
}
