//! The text of slides, element by element.

use std::borrow::Cow;

use crate::formula::OfficeMath;
use crate::level::{Level, Levels};
use crate::package::escapes::unescaped;
use crate::package::xml::{Attributes, Node, Skipped, is_on};
use crate::row::Row;
use crate::text_builder::{self, Gap, TextBuilder};

/// The slides of a presentation, as far as they are read.
#[derive(Default)]
pub(super) struct Slide {
    pub(super) builder: TextBuilder,
    /// The title of the first slide that has one.
    pub(super) heading: Option<String>,
    /// The diagrams of the slide, whose text is in parts of their own.
    diagrams: Vec<String>,
    /// The slide is not shown.
    hidden: bool,
    skipped: Skipped,
    /// For each open choice between alternatives, whether one was taken.
    alternatives: Vec<bool>,
    /// For each open shape, whether it is not shown, or not of the slide's text.
    shapes: Vec<bool>,
    /// The open shape is the slide's title.
    in_title: bool,
    title: String,
    title_levels: Levels,
    formula: OfficeMath,
    /// Where the open run stands beside the line.
    raised: Level,
    in_text: bool,
    has_text: bool,
    level: usize,
    marker: Option<&'static str>,
    row: Option<Row>,
}

/// The deepest level of a paragraph.
const MAX_LEVEL: usize = 8;

impl Slide {
    /// Begins a slide.
    pub(super) fn begin(&mut self) {
        self.builder.gap(Gap::Paragraph);
        self.hidden = false;
        self.diagrams.clear();
    }

    /// The diagrams of the slide.
    pub(super) fn take_diagrams(&mut self) -> Vec<String> {
        if self.hidden { Vec::new() } else { std::mem::take(&mut self.diagrams) }
    }

    pub(super) fn node(&mut self, node: Node<'_>) {
        match node {
            _ if self.skipped.takes(node) => {}
            Node::Open(name, _) if self.is_skipped(name) => self.skipped.begin(),
            Node::Open(name, _) if OfficeMath::takes(name) => {
                let target = self.row.as_mut().map_or(&mut self.builder, Row::text);
                self.formula.begin(name, target);
            }
            Node::Close(name) if OfficeMath::takes(name) => {
                self.formula.end(self.row.as_mut().map_or(&mut self.builder, Row::text));
            }
            Node::Open(name, attributes) => self.open(name, attributes),
            Node::Close(name) => self.close(name),
            Node::Text(text) if self.in_text && !self.is_hidden() => self.lines(text),
            Node::Text(_) => {}
        }
    }

    /// Whether an element is skipped: alternatives beside the one that is taken, and what only newer readers know.
    fn is_skipped(&mut self, name: &str) -> bool {
        match name {
            "Choice" | "Fallback" => {
                self.alternatives.last_mut().is_some_and(|taken| std::mem::replace(taken, true))
            }
            "extLst" => true,
            _ => false,
        }
    }

    fn open(&mut self, name: &str, attributes: Attributes<'_>) {
        match name {
            "sld" => self.hidden = attributes.get("show").is_some_and(|show| !is_on(&show)),
            "sp" | "grpSp" | "graphicFrame" | "cxnSp" | "pic" => {
                self.in_title = false;
                self.shapes.push(self.shapes.last().copied().unwrap_or(false));
            }
            "cNvPr" if attributes.get("hidden").is_some_and(|hidden| is_on(&hidden)) => self.hide_shape(),
            "ph" => match attributes.get("type").as_deref() {
                Some("title" | "ctrTitle") => self.in_title = true,
                // The number of the slide, its date and its foot are not of its text.
                Some("sldNum" | "dt" | "ftr" | "hdr") => self.hide_shape(),
                _ => {}
            },
            "AlternateContent" => self.alternatives.push(false),
            "relIds" if !self.is_hidden() => self.diagrams.extend(attributes.get("dm")),
            "p" => (self.has_text, self.level, self.marker) = (false, 0, None),
            "pPr" => {
                let level = attributes.get("lvl").and_then(|level| level.parse().ok()).unwrap_or(0);
                self.level = usize::min(level, MAX_LEVEL);
            }
            "r" | "fld" => self.raised = Level::Line,
            "rPr" => self.raised = raised(&attributes.get("baseline").unwrap_or_default()),
            "buChar" => self.marker = Some("- "),
            "t" => self.in_text = true,
            "br" => self.end_line(),
            "tbl" => self.gap(Gap::Paragraph),
            "tr" => self.row = Some(Row::default()),
            "tc" => {
                if let Some(row) = &mut self.row {
                    row.cell();
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "sp" | "grpSp" | "graphicFrame" | "cxnSp" | "pic" => {
                self.in_title = false;
                self.shapes.pop();
                self.gap(Gap::Paragraph);
            }
            "AlternateContent" => drop(self.alternatives.pop()),
            "p" => {
                if self.in_title && self.heading.is_none() {
                    self.heading = text_builder::title(&std::mem::take(&mut self.title));
                }
                self.gap(Gap::Line);
            }
            "t" => self.in_text = false,
            "tr" => {
                if let Some(row) = self.row.take().filter(|_| !self.is_hidden()) {
                    row.finish(&mut self.builder);
                }
            }
            "tbl" => self.gap(Gap::Paragraph),
            _ => {}
        }
    }

    fn is_hidden(&self) -> bool {
        self.hidden || self.shapes.last().copied().unwrap_or(false)
    }

    fn hide_shape(&mut self) {
        if let Some(hidden) = self.shapes.last_mut() {
            *hidden = true;
        }
    }

    fn gap(&mut self, gap: Gap) {
        match &mut self.row {
            Some(row) => row.space(),
            None => self.builder.gap(gap),
        }
    }

    /// Writes a text, in which the ends of lines are escaped.
    fn lines(&mut self, text: &str) {
        let text = match unescaped(text) {
            Cow::Borrowed(text) => return self.words(text),
            Cow::Owned(text) => text,
        };
        for (at, line) in text.split(['\n', '\r', '\u{b}']).enumerate() {
            if at > 0 {
                self.end_line();
            }
            self.words(line);
        }
    }

    fn end_line(&mut self) {
        if self.in_title && self.heading.is_none() {
            self.title.push(' ');
        }
        self.gap(if self.in_title { Gap::Space } else { Gap::Line });
    }

    fn words(&mut self, text: &str) {
        if let Some(row) = &mut self.row {
            row.set_level(self.raised);
            row.words(text);
            return;
        }
        if !self.has_text && !text.trim().is_empty() {
            self.has_text = true;
            if self.in_title {
                self.builder.gap(Gap::Paragraph);
                self.builder.set_marker("# ");
            } else {
                let indent = "  ".repeat(self.level);
                self.builder.set_marker(&format!("{indent}{}", self.marker.unwrap_or_default()));
            }
        }
        if self.in_title && self.heading.is_none() {
            self.title_levels.set(self.raised);
            self.title_levels.push(&mut self.title, text);
        }
        self.builder.set_level(self.raised);
        self.builder.words(text);
    }
}

/// Where text with this baseline stands beside the line: thousandths of a percent of its height, or percents.
fn raised(baseline: &str) -> Level {
    let height: f64 = baseline.trim_end_matches('%').parse().unwrap_or_default();
    if height > 0.0 {
        Level::Raised
    } else if height < 0.0 {
        Level::Lowered
    } else {
        Level::Line
    }
}
