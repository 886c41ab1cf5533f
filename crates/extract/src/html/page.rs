//! The text of a web page, token by token.

use std::cell::RefCell;

use html5ever::LocalName;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult};
use syft_space_domain::dataset::{ExtractedText, FileRefused, NewDocument};

use super::element::{self, ElementKind};
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
    /// In XML, `<script/>` is closed.
    is_xml: bool,
    builder: TextBuilder,
    title: Option<String>,
    /// The element that is left out, and how many of its name are open.
    skipped: Option<(LocalName, usize)>,
    /// The text of the title or of preformatted text that is open.
    buffered: Option<(BufferedElement, String)>,
    in_heading: bool,
    lists: Vec<List>,
    /// Lists that are open beyond those in `lists`.
    deeper_lists: usize,
    /// The row of a table that is open, as long as its cells are no more than a line.
    row: Option<Row>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BufferedElement {
    Title,
    Preformatted,
}

enum List {
    Marked,
    Numbered(u32),
}

/// The most lists within each other that are shown as such.
const MAX_LIST_DEPTH: usize = 8;

impl TokenSink for PageSink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut page = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => page.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::EndTag => page.end(&tag.name),
            Token::TagToken(tag) => {
                if let Some(kind) = page.start(&tag) {
                    return TokenSinkResult::RawData(kind);
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl PageSink {
    pub(super) fn new(scope: ContentScope, is_xml: bool) -> Self {
        Self(RefCell::new(Page {
            scope,
            is_xml,
            builder: TextBuilder::default(),
            title: None,
            skipped: None,
            buffered: None,
            in_heading: false,
            lists: Vec::new(),
            deeper_lists: 0,
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

    pub(super) fn finish(mut self) -> Result<ExtractedText, FileRefused> {
        self.end_buffered();
        self.end_row();
        Ok(ExtractedText { title: self.title, text: self.builder.finish()? })
    }

    fn text(&mut self, text: &str) {
        if self.skipped.is_some() {
            return;
        }
        if let Some((_, buffered)) = &mut self.buffered {
            // One character beyond what fits is enough to be refused for it.
            if buffered.len() <= NewDocument::MAX_BYTES {
                buffered.push_str(text);
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
        if tag.self_closing && (self.is_xml || in_drawing) && !element::is_void(&tag.name) {
            return None;
        }
        let raw = element::raw_kind(&tag.name);
        if let Some((name, open)) = &mut self.skipped {
            if *name == tag.name {
                *open = open.saturating_add(1);
            }
            return raw;
        }
        if element::is_unreadable(&tag.name)
            || (self.scope == ContentScope::Main && element::is_boilerplate(tag))
        {
            self.skipped = Some((tag.name.clone(), 1));
            return raw;
        }
        let kind = element::kind(&tag.name);
        if self.buffered.is_some() {
            if kind == ElementKind::Break {
                self.text("\n");
            }
            return raw;
        }
        self.open(kind, tag);
        raw
    }

    fn open(&mut self, kind: ElementKind, tag: &Tag) {
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
                if self.lists.len() < MAX_LIST_DEPTH {
                    let numbered = &*tag.name == "ol";
                    self.lists.push(if numbered { List::Numbered(0) } else { List::Marked });
                } else {
                    self.deeper_lists = self.deeper_lists.saturating_add(1);
                }
            }
            ElementKind::Item => self.item(),
            ElementKind::Row => {
                self.block(Gap::Line);
                self.row = Some(Row::default());
            }
            ElementKind::Cell => {
                self.builder.gap(Gap::Line);
                self.row.get_or_insert_default().cell();
            }
            ElementKind::Image => {
                let alt = tag.attrs.iter().find(|attribute| &*attribute.name.local == "alt");
                if let Some(alt) = alt {
                    self.text(&alt.value);
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
        if let Some((buffered, _)) = &self.buffered {
            let ends = match buffered {
                BufferedElement::Title => kind == ElementKind::Title,
                BufferedElement::Preformatted => kind == ElementKind::Preformatted,
            };
            if ends {
                self.end_buffered();
            }
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

    fn item(&mut self) {
        let depth = self.lists.len().saturating_sub(1);
        let mark = match self.lists.last_mut() {
            Some(List::Numbered(number)) => {
                *number = number.saturating_add(1);
                format!("{number}. ")
            }
            Some(List::Marked) | None => "- ".to_owned(),
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
        let fence = if text.lines().any(|line| line.trim_start().starts_with("```")) { "~~~" } else { "```" };
        self.block(Gap::Paragraph);
        self.builder.clear_marker();
        self.builder.verbatim(&format!("{fence}\n{text}\n{fence}"));
        self.builder.gap(Gap::Paragraph);
    }
}
