//! The text of a document's body, element by element.

use super::styles::{Styles, outline_level};
use super::xml::{Attributes, Node};
use crate::row::Row;
use crate::text_builder::{Gap, TextBuilder};

/// The body of a document, as far as it is read.
pub(super) struct Body<'a> {
    styles: &'a Styles,
    pub(super) builder: TextBuilder,
    /// The text of the first heading.
    pub(super) heading: Option<String>,
    in_text: bool,
    in_run: bool,
    /// The run's text is not shown.
    hidden: bool,
    /// The depth within an element that is skipped.
    skipped_depth: usize,
    /// The level of the paragraph's heading.
    heading_level: Option<usize>,
    /// The depth of the paragraph in lists.
    list_depth: Option<usize>,
    /// Whether the paragraph has text.
    has_text: bool,
    /// Whether the paragraph before was an item of a list.
    after_list_item: bool,
    tables: usize,
    row: Option<Row>,
    /// The text of the first heading, as long as its paragraph is open.
    first_heading: String,
}

impl<'a> Body<'a> {
    pub(super) fn new(styles: &'a Styles) -> Self {
        Self {
            styles,
            builder: TextBuilder::default(),
            heading: None,
            in_text: false,
            in_run: false,
            hidden: false,
            skipped_depth: 0,
            heading_level: None,
            list_depth: None,
            has_text: false,
            after_list_item: false,
            tables: 0,
            row: None,
            first_heading: String::new(),
        }
    }

    pub(super) fn node(&mut self, node: Node<'_>) {
        match node {
            Node::Open(name, _) if self.skipped_depth > 0 || is_skipped(name) => {
                self.skipped_depth = self.skipped_depth.saturating_add(1);
            }
            Node::Close(_) if self.skipped_depth > 0 => {
                self.skipped_depth = self.skipped_depth.saturating_sub(1);
            }
            Node::Text(_) if self.skipped_depth > 0 => {}
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
                (self.heading_level, self.list_depth) = (None, None);
            }
            "pStyle" => {
                let style = attributes.get("val");
                self.heading_level = self.heading_level.or_else(|| self.styles.level(&style?));
            }
            "outlineLvl" if !self.in_run => {
                self.heading_level =
                    attributes.get("val").and_then(|value| outline_level(&value)).or(self.heading_level);
            }
            "numPr" => self.list_depth = self.list_depth.or(Some(0)),
            "ilvl" => {
                let depth = attributes.get("val").and_then(|value| value.parse().ok());
                self.list_depth = depth.map(|depth: usize| depth.min(8)).or(self.list_depth);
            }
            "r" => (self.in_run, self.hidden) = (true, false),
            "vanish" if self.in_run => self.hidden = attributes.is_on(),
            "t" => self.in_text = true,
            "tab" | "ptab" if self.in_run => self.gap(Gap::Space),
            "br" | "cr" if self.in_run => {
                self.gap(if self.heading_level.is_some() { Gap::Space } else { Gap::Line });
            }
            "noBreakHyphen" if self.in_run && !self.hidden => self.words("-"),
            "tbl" => {
                self.end_paragraph();
                self.gap(Gap::Paragraph);
                self.tables = self.tables.saturating_add(1);
                self.after_list_item = false;
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
                if self.heading_level.is_some() && self.heading.is_none() {
                    self.heading = crate::text_builder::title(&std::mem::take(&mut self.first_heading));
                }
                self.end_paragraph();
            }
            "r" => (self.in_run, self.hidden) = (false, false),
            "t" => self.in_text = false,
            "tr" if self.tables == 1 => {
                if let Some(row) = self.row.take() {
                    row.finish(&mut self.builder);
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
            None => self.builder.gap(gap),
        }
    }

    /// Ends a paragraph, if one has begun. The next begins with the gap that it wants.
    fn end_paragraph(&mut self) {
        if self.row.is_some() {
            self.gap(Gap::Space);
        } else if self.has_text {
            self.gap(Gap::Line);
            self.after_list_item = self.list_depth.is_some();
        }
        self.has_text = false;
    }

    fn words(&mut self, text: &str) {
        if let Some(row) = &mut self.row {
            row.words(text);
            return;
        }
        if !self.has_text && !text.trim().is_empty() {
            self.has_text = true;
            // Items of a list follow each other line by line.
            let goes_on = self.after_list_item && self.list_depth.is_some();
            self.builder.gap(if goes_on { Gap::Line } else { Gap::Paragraph });
            match (self.heading_level, self.list_depth) {
                (Some(heading_level), _) => {
                    self.builder.set_marker(&format!("{} ", "#".repeat(heading_level)));
                }
                (None, Some(depth)) => self.builder.set_marker(&format!("{}- ", "  ".repeat(depth))),
                (None, None) => {}
            }
        }
        if self.heading_level.is_some() && self.heading.is_none() && self.first_heading.len() < 4_096 {
            self.first_heading.push_str(text);
        }
        self.builder.words(text);
    }
}

/// Whether an element is skipped: text that was moved away, and the fallback for old readers. Deleted text is no `t` in
/// the first place.
fn is_skipped(name: &str) -> bool {
    matches!(name, "moveFrom" | "Fallback")
}
