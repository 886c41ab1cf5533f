//! The text of a web page, token by token.

use std::cell::RefCell;

use html5ever::LocalName;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult};
use syft_space_domain::dataset::{ExtractedText, FileRefused, Landmark, NewDocument};

use super::element::{self, ElementKind};
use super::list::{self, List};
use super::open_elements::{Ended, OpenElements};
use super::style::{Appearance, attribute};
use crate::formula::MathMl;
use crate::level::{Level, Levels};
use crate::row::Row;
use crate::text_builder::{self, Gap, TextBuilder};

/// The parts of a page that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentScope {
    /// All but navigation, controls and drawings.
    Main,
    /// All that people read.
    All,
}

/// The sink of the tokens of a page.
pub(super) struct PageSink(RefCell<Page>);

/// A page, as far as it is read.
pub(super) struct Page {
    scope: ContentScope,
    /// In XML `<script/>` is closed, nothing ends by itself, and CDATA is text.
    is_xml: bool,
    /// What stands before the names of XHTML's elements, as in `<h:p>`.
    prefix: Option<String>,
    builder: TextBuilder,
    title: Option<String>,
    open: OpenElements,
    /// The element that is left out, and how many of its name are open.
    skipped: Option<(LocalName, usize)>,
    /// The text of the title or of preformatted text that is open.
    buffered: Option<(BufferedElement, String)>,
    /// Where what is buffered stands beside the line.
    buffered_levels: Levels,
    formula: MathMl,
    /// Whether a formula was read that is shown to the eye once more.
    has_read_formula: bool,
    in_heading: bool,
    /// Whether the last that was written is the text of a picture: what stands for two of them are two words.
    after_picture: bool,
    lists: Vec<List>,
    /// Lists that are open beyond those in `lists`.
    deeper_lists: usize,
    counts: ListCounts,
    /// The row of a table that is open, as long as its cells are no more than a line.
    row: Option<Row>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BufferedElement {
    Title,
    Preformatted,
}

/// How many items the lists of a page have, in the order in which they begin.
#[derive(Debug, Default)]
pub(super) struct ListCounts {
    /// As far as they are counted.
    items: Vec<i64>,
    /// As they were counted before: a list that counts down begins with the number of its items.
    known: Vec<i64>,
    needs_known: bool,
}

/// The deepest list that is indented more than the one around it.
const MAX_LIST_INDENT: usize = 7;
/// The most lists within each other that are told apart.
const MAX_LISTS: usize = 1_000;

/// The namespace of XHTML.
const XHTML: &str = "http://www.w3.org/1999/xhtml";

impl TokenSink for PageSink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut page = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => page.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::EndTag => {
                let name = page.unprefixed(&tag.name).unwrap_or(tag.name);
                page.end(&name);
            }
            Token::TagToken(mut tag) => {
                page.look_for_xml(&tag);
                if let Some(name) = page.unprefixed(&tag.name) {
                    tag.name = name;
                }
                if let Some(kind) = page.start(&tag) {
                    return TokenSinkResult::RawData(kind);
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.0.borrow().is_xml
    }
}

impl PageSink {
    /// The sink of a page of which this is known from an earlier reading.
    pub(super) fn new(scope: ContentScope, is_xml: bool, counts: ListCounts) -> Self {
        Self(RefCell::new(Page {
            scope,
            is_xml,
            prefix: None,
            builder: TextBuilder::default(),
            title: None,
            open: OpenElements::default(),
            skipped: None,
            buffered: None,
            buffered_levels: Levels::default(),
            formula: MathMl::default(),
            has_read_formula: false,
            in_heading: false,
            after_picture: false,
            lists: Vec::new(),
            deeper_lists: 0,
            counts,
            row: None,
        }))
    }

    pub(super) fn into_page(self) -> Page {
        self.0.into_inner()
    }
}

impl Page {
    /// Whether the page ended in a part that was left out and never closed.
    pub(super) fn ended_in_skipped_element(&self) -> bool {
        self.skipped.as_ref().is_some_and(|(name, _)| element::raw_kind(name).is_none())
    }

    /// The items of its lists, when it must be read again with their numbers.
    pub(super) fn take_counts(&mut self) -> Option<ListCounts> {
        let counts = std::mem::take(&mut self.counts);
        let is_needed = counts.needs_known && counts.known.is_empty();
        is_needed.then_some(ListCounts { known: counts.items, ..ListCounts::default() })
    }

    /// Learns from the outermost element whether the page is XHTML.
    fn look_for_xml(&mut self, tag: &Tag) {
        for attribute in tag.attrs.iter().filter(|attribute| &*attribute.value == XHTML) {
            match attribute.name.local.strip_prefix("xmlns") {
                Some("") if &*tag.name == "html" => self.is_xml = true,
                Some(prefix) if prefix.starts_with(':') && self.prefix.is_none() => {
                    let prefix = format!("{}:", prefix.trim_start_matches(':'));
                    self.is_xml |= tag.name.strip_prefix(prefix.as_str()) == Some("html");
                    self.prefix = Some(prefix);
                }
                _ => {}
            }
        }
    }

    /// The name of an element without the prefix that says it is XHTML's.
    fn unprefixed(&self, name: &LocalName) -> Option<LocalName> {
        let prefix = self.prefix.as_deref().filter(|_| self.is_xml)?;
        name.strip_prefix(prefix).map(LocalName::from)
    }

    pub(super) fn finish(mut self) -> Result<ExtractedText, FileRefused> {
        self.end_buffered();
        self.end_row();
        let marks = self.builder.take_marks();
        Ok(ExtractedText { title: self.title, text: self.builder.finish()?, marks })
    }

    fn text(&mut self, text: &str) {
        let is_title = matches!(self.buffered, Some((BufferedElement::Title, _)));
        if self.skipped.is_some() || !(is_title || self.open.shows_text()) {
            return;
        }
        self.after_picture = false;
        self.write(text);
    }

    fn write(&mut self, text: &str) {
        if let Some((_, buffered)) = &mut self.buffered {
            // One character beyond what fits is enough to be refused for it.
            if buffered.len() <= NewDocument::MAX_BYTES {
                self.buffered_levels.push(buffered, text);
            }
            return;
        }
        match &mut self.row {
            Some(row) if row.in_cell() => row.words(text),
            _ => self.builder.words(text),
        }
    }

    /// Handles a start tag. Answers how the tokenizer is to read on if it is not HTML.
    fn start(&mut self, tag: &Tag) -> Option<RawKind> {
        let in_drawing = self.skipped.as_ref().is_some_and(|(name, _)| &**name == "svg");
        let is_void = element::is_void(&tag.name);
        if tag.self_closing && !is_void {
            if self.is_xml || matches!(&*tag.name, "svg" | "math") {
                self.begin(tag);
                self.end(&tag.name);
                return None;
            }
            if in_drawing {
                return None;
            }
        }
        self.begin(tag);
        // In XML the tags of a title are its tags.
        element::raw_kind(&tag.name).filter(|kind| !self.is_xml || *kind != RawKind::Rcdata)
    }

    fn begin(&mut self, tag: &Tag) {
        if let Some((name, open)) = &mut self.skipped {
            if *name == tag.name {
                *open = open.saturating_add(1);
            }
            return;
        }
        if !self.is_xml {
            self.open.end_implied(&tag.name);
        }
        if element::is_unreadable(&tag.name)
            || (self.scope == ContentScope::Main && element::is_boilerplate(tag))
            || self.is_drawn_formula(tag)
        {
            self.skipped = Some((tag.name.clone(), 1));
            return;
        }
        let kind = element::kind(&tag.name);
        let appearance = Appearance::of(tag);
        let is_rendered = if element::is_void(&tag.name) {
            self.open.shows(appearance)
        } else {
            self.open.begin(&tag.name, appearance)
        };
        let id = attribute(tag, "id").or_else(|| attribute(tag, "name").filter(|_| &*tag.name == "a"));
        if let Some(anchor) = id.and_then(Landmark::anchor).filter(|_| is_rendered) {
            self.builder.mark(anchor);
        }
        if self.formula.takes(&tag.name) {
            self.in_formula(|formula, builder| {
                formula.begin(&tag.name, builder);
            });
            // Others are ended by a tag of their own, or as one.
            if tag.self_closing && !self.is_xml && &*tag.name != "math" {
                self.in_formula(|formula, builder| formula.end(&tag.name, builder));
            }
        }
        self.set_level(self.open.level());
        if let Some(shown) = element::choice(tag).filter(|_| is_rendered) {
            self.write(shown);
        }
        if self.buffered.is_some() {
            if kind == ElementKind::Break && is_rendered {
                self.write("\n");
            }
        } else if is_rendered || kind == ElementKind::Title {
            self.open_kind(kind, tag);
        }
    }

    /// Whether an element shows to the eye a formula that was just read. KaTeX writes each formula so, behind its MathML.
    fn is_drawn_formula(&mut self, tag: &Tag) -> bool {
        if element::has_word(tag, "class", &["katex-mathml"]) {
            self.has_read_formula = true;
        }
        element::has_word(tag, "class", &["katex-html"]) && std::mem::take(&mut self.has_read_formula)
    }

    fn open_kind(&mut self, kind: ElementKind, tag: &Tag) {
        match kind {
            ElementKind::Title => self.buffered = Some((BufferedElement::Title, String::new())),
            ElementKind::Preformatted => self.buffered = Some((BufferedElement::Preformatted, String::new())),
            ElementKind::Heading(level) => {
                self.block(Gap::Paragraph);
                self.builder.set_marker(&format!("{} ", "#".repeat(level)));
                self.in_heading = true;
            }
            ElementKind::Break if self.in_heading => self.builder.gap(Gap::Space),
            ElementKind::Break | ElementKind::Division => self.line(Gap::Line),
            ElementKind::Paragraph => self.line(Gap::Paragraph),
            ElementKind::Block | ElementKind::Table => self.block(Gap::Paragraph),
            ElementKind::List => {
                self.block(if self.lists.is_empty() { Gap::Paragraph } else { Gap::Line });
                if self.lists.len() < MAX_LISTS {
                    let index = self.counts.items.len();
                    self.counts.items.push(0);
                    self.counts.needs_known |= list::is_reversed(tag);
                    self.lists.push(List::new(tag, index, self.counts.known.get(index).copied()));
                } else {
                    self.deeper_lists = self.deeper_lists.saturating_add(1);
                }
            }
            ElementKind::Item => self.item(tag),
            ElementKind::Row => {
                self.block(Gap::Line);
                self.row = Some(Row::default());
            }
            ElementKind::Cell => {
                self.builder.gap(Gap::Line);
                self.row.get_or_insert_default().cell();
            }
            ElementKind::Image => {
                if let Some(alt) = attribute(tag, "alt") {
                    if self.after_picture {
                        self.write(" ");
                    }
                    self.write(alt);
                    self.after_picture = true;
                }
            }
            ElementKind::Inline => {}
        }
    }

    fn end(&mut self, name: &LocalName) {
        if let Some((skipped, open)) = &mut self.skipped {
            if skipped == name {
                *open = open.saturating_sub(1);
                if *open == 0 {
                    self.skipped = None;
                }
            }
            return;
        }
        let kind = element::kind(name);
        let ended = self.open.end(name, self.is_xml);
        if self.formula.takes(name) {
            self.in_formula(|formula, builder| formula.end(name, builder));
        }
        self.set_level(self.open.level());
        if let Some((buffered, _)) = &self.buffered {
            let ends = match buffered {
                BufferedElement::Title => kind == ElementKind::Title,
                BufferedElement::Preformatted => kind == ElementKind::Preformatted && ended != Ended::Hidden,
            };
            if ends {
                self.end_buffered();
            }
            return;
        }
        let was_rendered = match ended {
            Ended::Rendered => true,
            Ended::Hidden => false,
            Ended::Nothing => self.open.is_rendered(),
        };
        if !was_rendered {
            return;
        }
        match kind {
            ElementKind::Heading(_) => {
                self.builder.clear_marker();
                self.block(Gap::Paragraph);
            }
            ElementKind::Division => self.line(Gap::Line),
            ElementKind::Break | ElementKind::Paragraph => self.line(Gap::Paragraph),
            ElementKind::Block | ElementKind::Table => self.block(Gap::Paragraph),
            ElementKind::List => {
                self.builder.clear_marker();
                if self.deeper_lists > 0 {
                    self.deeper_lists = self.deeper_lists.saturating_sub(1);
                } else {
                    self.lists.pop();
                }
                self.block(if self.lists.is_empty() { Gap::Paragraph } else { Gap::Line });
            }
            ElementKind::Item => {
                self.builder.clear_marker();
                self.line(Gap::Line);
            }
            ElementKind::Row => self.block(Gap::Line),
            ElementKind::Title
            | ElementKind::Preformatted
            | ElementKind::Cell
            | ElementKind::Image
            | ElementKind::Inline => {}
        }
    }

    /// Says whether the next text stands beside the line.
    fn set_level(&mut self, level: Level) {
        self.buffered_levels.set(level);
        self.builder.set_level(level);
        if let Some(row) = &mut self.row {
            row.set_level(level);
        }
    }

    /// Has a step of a formula written where text is.
    fn in_formula(&mut self, step: impl FnOnce(&mut MathMl, &mut TextBuilder)) {
        match &mut self.row {
            Some(row) if row.in_cell() => step(&mut self.formula, row.text()),
            _ => step(&mut self.formula, &mut self.builder),
        }
    }

    /// A gap; within a cell it is a space, so that the row stays a line, and lists have no empty lines.
    fn line(&mut self, gap: Gap) {
        self.in_heading = false;
        match &mut self.row {
            Some(row) if row.in_cell() => row.space(),
            _ if self.lists.is_empty() => self.builder.gap(gap),
            _ => self.builder.gap(gap.min(Gap::Line)),
        }
    }

    /// A gap that ends a row, if one is open.
    fn block(&mut self, gap: Gap) {
        self.in_heading = false;
        self.end_row();
        self.builder.gap(gap);
    }

    fn end_row(&mut self) {
        if let Some(row) = self.row.take() {
            row.finish(&mut self.builder);
        }
    }

    fn item(&mut self, tag: &Tag) {
        let depth = self.lists.len().saturating_sub(1).min(MAX_LIST_INDENT);
        let mark = match self.lists.last_mut().filter(|_| self.deeper_lists == 0) {
            Some(list) => {
                if let Some(count) = self.counts.items.get_mut(list.index) {
                    *count = count.saturating_add(1);
                }
                list.item(tag)
            }
            None => "- ".to_owned(),
        };
        self.block(Gap::Line);
        self.builder.set_marker(&format!("{}{mark}", "  ".repeat(depth)));
    }

    fn end_buffered(&mut self) {
        match self.buffered.take() {
            Some((BufferedElement::Title, text)) => {
                self.title = self.title.take().or_else(|| text_builder::title(&text));
            }
            Some((BufferedElement::Preformatted, text)) => self.preformatted(&text),
            None => {}
        }
    }

    fn preformatted(&mut self, text: &str) {
        let text = text.strip_prefix('\n').unwrap_or(text).trim_end();
        if text.is_empty() {
            return;
        }
        let longest = |mark: char| {
            let lines = text.lines().map(str::trim_start);
            lines
                .map(|line| line.len().saturating_sub(line.trim_start_matches(mark).len()))
                .max()
                .unwrap_or_default()
        };
        let fence = if longest('`') < 3 {
            "```".to_owned()
        } else {
            "~".repeat(longest('~').saturating_add(1).max(3))
        };
        self.block(Gap::Paragraph);
        self.builder.clear_marker();
        self.builder.verbatim(&format!("{fence}\n{text}\n{fence}"));
        self.builder.gap(Gap::Paragraph);
    }
}
