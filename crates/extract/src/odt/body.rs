//! The text of a document's body, element by element.

use std::collections::HashMap;

use syft_space_domain::dataset::FileRefused;

use super::styles::{ListLevel, Styles, number};
use crate::formula::MathMl;
use crate::level::{Level, Levels};
use crate::numbers;
use crate::package::xml::{Attributes, Node, Skipped};
use crate::row::Row;
use crate::text_builder::{self, Gap, TextBuilder};

/// The body of a document, as far as it is read.
pub(super) struct Body<'a> {
    styles: &'a Styles,
    builder: TextBuilder,
    /// The notes, which follow at the end.
    notes: TextBuilder,
    in_note: bool,
    in_body: bool,
    skipped: Skipped,
    /// The open paragraphs: one in another is that of a text box or a note.
    paragraphs: Vec<Paragraph>,
    spans: Vec<Span>,
    lists: Vec<List>,
    /// The numbers that were last given, by style and level of the list.
    counts: HashMap<(Option<String>, usize), u32>,
    after_list_item: bool,
    tables: usize,
    row: Option<Row>,
    heading: Option<String>,
    first_heading: String,
    heading_levels: Levels,
    formula: MathMl,
}

#[derive(Default)]
struct Paragraph {
    level: Option<usize>,
    hidden: bool,
    has_text: bool,
    is_item: bool,
}

/// A piece of a paragraph whose characters look alike.
#[derive(Clone, Copy)]
struct Span {
    hidden: bool,
    raised: Level,
}

#[derive(Default)]
struct List {
    style: Option<String>,
    continues: bool,
    begun: bool,
    /// The marker of the open item, until its text has begun.
    marker: Option<String>,
}

/// The most spaces that one element stands for, and the deepest indent.
const MAX_INDENT: usize = 8;

impl<'a> Body<'a> {
    pub(super) fn new(styles: &'a Styles) -> Self {
        Self {
            styles,
            builder: TextBuilder::default(),
            notes: TextBuilder::default(),
            in_note: false,
            in_body: false,
            skipped: Skipped::default(),
            paragraphs: Vec::new(),
            spans: Vec::new(),
            lists: Vec::new(),
            counts: HashMap::new(),
            after_list_item: false,
            tables: 0,
            row: None,
            heading: None,
            first_heading: String::new(),
            heading_levels: Levels::default(),
            formula: MathMl::default(),
        }
    }

    /// The text, and the first heading in it.
    ///
    /// # Errors
    /// When there is no text, or more than a document may have.
    pub(super) fn finish(mut self) -> Result<(String, Option<String>), FileRefused> {
        self.builder.gap(Gap::Paragraph);
        self.builder.append(&self.notes);
        Ok((self.builder.finish()?, self.heading))
    }

    pub(super) fn node(&mut self, node: Node<'_>) {
        match node {
            Node::Open("body", _) => self.in_body = true,
            _ if !self.in_body => {}
            _ if self.skipped.takes(node) => {}
            Node::Open(name, attributes) if is_skipped(name, attributes) => self.skipped.begin(),
            Node::Open(name, _) if self.formula.takes(name) => {
                self.in_formula(|formula, builder| formula.begin(name, builder));
            }
            Node::Close(name) if self.formula.takes(name) => {
                self.in_formula(|formula, builder| formula.end(name, builder));
            }
            Node::Open(name, attributes) => self.open(name, attributes),
            Node::Close(name) => self.close(name),
            Node::Text(text) => self.text(text),
        }
    }

    fn open(&mut self, name: &str, attributes: Attributes<'_>) {
        let hides = |family: &str| {
            let style = attributes.get("style-name");
            style.and_then(|style| self.styles.hides(family, &style))
        };
        match name {
            "p" | "h" => {
                let hidden = hides("paragraph").unwrap_or(false);
                self.end_line();
                let level =
                    (name == "h").then(|| number(attributes, "outline-level").unwrap_or(1).clamp(1, 6));
                self.paragraphs.push(Paragraph { level, hidden, ..Paragraph::default() });
            }
            "span" => {
                let outer = self.spans.last().copied().unwrap_or(Span {
                    hidden: self.paragraphs.last().is_some_and(|paragraph| paragraph.hidden),
                    raised: Level::Line,
                });
                let style = attributes.get("style-name");
                let raised = style.and_then(|style| self.styles.raised("text", &style));
                let hidden = hides("text").unwrap_or(outer.hidden);
                self.spans.push(Span { hidden, raised: raised.unwrap_or(outer.raised) });
            }
            "s" | "tab" => self.gap(Gap::Space),
            "line-break" => {
                let in_heading = self.paragraphs.last().is_some_and(|paragraph| paragraph.level.is_some());
                self.gap(if in_heading { Gap::Space } else { Gap::Line });
            }
            "hidden-paragraph" if is_hidden(attributes) => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.hidden = true;
                }
            }
            "ruby-text" => self.text("("),
            "note" => {
                self.in_note = true;
                self.notes.gap(Gap::Paragraph);
            }
            "list" => {
                let style = attributes.get("style-name");
                let style = style.or_else(|| self.lists.last()?.style.clone());
                let continues = attributes.get("continue-numbering").is_some_and(|value| value == "true")
                    || attributes.get("continue-list").is_some();
                self.lists.push(List { style, continues, ..List::default() });
            }
            "list-item" => self.list_item(number(attributes, "start-value")),
            "table" => {
                self.end_line();
                self.gap(Gap::Paragraph);
                self.tables = self.tables.saturating_add(1);
                self.after_list_item = false;
            }
            "table-row" if self.tables == 1 => self.row = Some(Row::default()),
            "table-cell" => match &mut self.row {
                Some(row) if self.tables == 1 => row.cell(),
                _ => self.gap(Gap::Space),
            },
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" | "h" => {
                self.end_line();
                let paragraph = self.paragraphs.pop();
                if paragraph.is_some_and(|paragraph| paragraph.level.is_some()) && self.heading.is_none() {
                    self.heading = text_builder::title(&std::mem::take(&mut self.first_heading));
                }
            }
            "span" => drop(self.spans.pop()),
            "ruby-text" => self.text(")"),
            "note" => self.in_note = false,
            "list" => drop(self.lists.pop()),
            "table-row" if self.tables == 1 => {
                if let Some(row) = self.row.take() {
                    row.finish(&mut self.builder);
                }
            }
            "table" => {
                self.tables = self.tables.saturating_sub(1);
                self.gap(Gap::Paragraph);
            }
            _ => {}
        }
    }

    /// Counts an item of the innermost list, and keeps what stands before it.
    fn list_item(&mut self, start: Option<usize>) {
        let depth = self.lists.len();
        let Some(list) = self.lists.last_mut() else { return };
        let level = self.styles.list_level(list.style.as_deref(), depth);
        let first = level.map_or(1, |level| level.start);
        let key = (list.style.clone(), depth);
        let before = self.counts.get(&key).copied().filter(|_| list.begun || list.continues);
        let start = start.and_then(|start| u32::try_from(start).ok());
        let count = start.or_else(|| Some(before?.saturating_add(1))).unwrap_or(first);
        list.begun = true;
        self.counts.insert(key, count);
        let style = list.style.clone();
        let marker = match level {
            Some(level) if !level.is_bullet => self.number(level, style.as_deref(), depth),
            _ => "- ".to_owned(),
        };
        let indent = "  ".repeat(depth.saturating_sub(1).min(MAX_INDENT));
        if let Some(list) = self.lists.last_mut() {
            list.marker = Some(format!("{indent}{marker}"));
        }
    }

    /// The number of an item, with those of the levels above it that it shows.
    fn number(&self, level: &ListLevel, style: Option<&str>, depth: usize) -> String {
        let mut shown = Vec::new();
        let first = depth.saturating_sub(level.shown_levels.min(depth));
        for at in first..depth {
            let at = at.saturating_add(1);
            let count = self.counts.get(&(style.map(str::to_owned), at)).copied().unwrap_or(1);
            let format = self.styles.list_level(style, at).map_or("1", |level| level.format.as_str());
            shown.push(numbers::shown(count, format));
        }
        let number = shown.join(".");
        let number = if level.format.is_empty() { String::new() } else { number };
        let marker = format!("{}{number}{}", level.prefix, level.suffix);
        if marker.trim().is_empty() { String::new() } else { format!("{} ", marker.trim()) }
    }

    fn target(&mut self) -> &mut TextBuilder {
        if self.in_note { &mut self.notes } else { &mut self.builder }
    }

    /// Has a step of a formula written where text is.
    fn in_formula(&mut self, step: impl FnOnce(&mut MathMl, &mut TextBuilder)) {
        let builder = match &mut self.row {
            Some(row) if !self.in_note => row.text(),
            _ if self.in_note => &mut self.notes,
            _ => &mut self.builder,
        };
        step(&mut self.formula, builder);
    }

    fn gap(&mut self, gap: Gap) {
        match &mut self.row {
            Some(row) if !self.in_note => row.space(),
            _ => self.target().gap(gap),
        }
    }

    /// Ends the line of the open paragraph, if it has begun.
    fn end_line(&mut self) {
        let Some(paragraph) = self.paragraphs.last() else { return };
        if self.row.is_some() {
            self.gap(Gap::Space);
        } else if paragraph.has_text {
            self.after_list_item = paragraph.is_item;
            self.gap(Gap::Line);
        }
    }

    fn text(&mut self, text: &str) {
        let span = self.spans.last().copied();
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        if span.map_or(paragraph.hidden, |span| span.hidden) {
            return;
        }
        let text = &text.replace('\u{ad}', "");
        let is_first = !text.trim().is_empty() && !paragraph.has_text;
        paragraph.has_text |= is_first;
        if is_first {
            let list = self.lists.last_mut().filter(|_| !self.in_note);
            let marker = list.and_then(|list| list.marker.take());
            paragraph.is_item = !self.lists.is_empty() && !self.in_note;
            let (is_item, level) = (paragraph.is_item, paragraph.level);
            self.first_heading.clear();
            if self.row.is_none() || self.in_note {
                let goes_on = self.after_list_item && is_item;
                let gap = if goes_on { Gap::Line } else { Gap::Paragraph };
                let target = self.target();
                target.gap(gap);
                match (level, marker) {
                    (Some(level), _) => target.set_marker(&format!("{} ", "#".repeat(level))),
                    (None, Some(marker)) => target.set_marker(&marker),
                    (None, None) => {}
                }
            }
        }
        let raised = span.map_or(Level::Line, |span| span.raised);
        self.heading_levels.set(raised);
        match &mut self.row {
            Some(row) if !self.in_note => {
                row.set_level(raised);
                row.words(text);
            }
            _ => {
                self.target().set_level(raised);
                self.target().words(text);
            }
        }
        if self.heading.is_none() && self.first_heading.len() < 4_096 {
            self.heading_levels.push(&mut self.first_heading, text);
        }
    }
}

/// Whether an element is skipped: what was deleted, remarks, controls, what pictures are called, and what is hidden.
fn is_skipped(name: &str, attributes: Attributes<'_>) -> bool {
    match name {
        "tracked-changes" | "annotation" | "forms" | "title" | "desc" | "note-citation" | "binary-data"
        | "script" | "event-listeners" | "covered-table-cell" => true,
        "section" => attributes.get("display").is_some_and(|display| display == "none"),
        "hidden-text" => is_hidden(attributes),
        "table-row" => attributes.get("visibility").is_some_and(|visibility| visibility != "visible"),
        _ => false,
    }
}

/// Whether text that is hidden under a condition is hidden now.
fn is_hidden(attributes: Attributes<'_>) -> bool {
    attributes.get("is-hidden").is_none_or(|hidden| hidden == "true")
}
