//! What does each token of a web page do to its text?

use std::cell::RefCell;

use html5ever::LocalName;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult};
use syft_space_domain::dataset::{ExtractedText, FileRefused, NewDocument};

use super::element::{self, Kind};
use crate::draft::{self, Draft, Gap};
use crate::row::Row;

/// Which parts of a page are its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parts {
    /// Not what leads to other pages, nor controls and drawings.
    Main,
    /// All that is no program text.
    All,
}

/// Writes a page while its tokens come.
pub(super) struct PageSink(RefCell<Page>);

/// A page that is being written.
pub(super) struct Page {
    parts: Parts,
    /// In XML, `<script/>` is closed.
    is_xml: bool,
    draft: Draft,
    title: Option<String>,
    /// The element that is left out, and how many of its name are open.
    left_out: Option<(LocalName, usize)>,
    /// The text of the title or of preformatted text that is open.
    aside: Option<(Aside, String)>,
    in_heading: bool,
    lists: Vec<List>,
    /// Lists that are open beyond those in `lists`.
    deeper_lists: usize,
    /// The row of a table that is open, as long as its cells are no more than a line.
    row: Option<Row>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aside {
    Title,
    Preformatted,
}

enum List {
    Marked,
    Numbered(u32),
}

/// The most lists in lists that are shown as such.
const LISTS_MAX: usize = 8;

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
    pub(super) fn new(parts: Parts, is_xml: bool) -> Self {
        Self(RefCell::new(Page {
            parts,
            is_xml,
            draft: Draft::default(),
            title: None,
            left_out: None,
            aside: None,
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
    pub(super) fn ended_in_a_part(&self) -> bool {
        self.left_out.as_ref().is_some_and(|(name, _)| element::raw(name).is_none())
    }

    pub(super) fn finish(mut self) -> Result<ExtractedText, FileRefused> {
        self.end_aside();
        self.end_row();
        Ok(ExtractedText { title: self.title, text: self.draft.finish()? })
    }

    fn text(&mut self, text: &str) {
        if self.left_out.is_some() {
            return;
        }
        if let Some((_, aside)) = &mut self.aside {
            // One character beyond what fits is enough to be refused for it.
            if aside.len() <= NewDocument::MAX_BYTES {
                aside.push_str(text);
            }
            return;
        }
        match &mut self.row {
            Some(row) if row.in_cell() => row.words(text),
            _ => self.draft.words(text),
        }
    }

    /// What begins with a start tag; answers how the tokenizer is to read on if it is not HTML.
    fn start(&mut self, tag: &Tag) -> Option<RawKind> {
        let in_drawing = self.left_out.as_ref().is_some_and(|(name, _)| &**name == "svg");
        if tag.self_closing && (self.is_xml || in_drawing) && !element::is_void(&tag.name) {
            return None;
        }
        let raw = element::raw(&tag.name);
        if let Some((name, open)) = &mut self.left_out {
            if *name == tag.name {
                *open = open.saturating_add(1);
            }
            return raw;
        }
        if element::is_program(&tag.name) || (self.parts == Parts::Main && element::is_beside(tag)) {
            self.left_out = Some((tag.name.clone(), 1));
            return raw;
        }
        let kind = element::kind(&tag.name);
        if self.aside.is_some() {
            if kind == Kind::Break {
                self.text("\n");
            }
            return raw;
        }
        self.open(kind, tag);
        raw
    }

    fn open(&mut self, kind: Kind, tag: &Tag) {
        match kind {
            Kind::Title => self.aside = Some((Aside::Title, String::new())),
            Kind::Preformatted => self.aside = Some((Aside::Preformatted, String::new())),
            Kind::Heading(level) => {
                self.block(Gap::Paragraph);
                self.draft.mark(&format!("{} ", "#".repeat(level)));
                self.in_heading = true;
            }
            Kind::Break if self.in_heading => self.draft.gap(Gap::Space),
            Kind::Break | Kind::Division => self.line(Gap::Line),
            Kind::Paragraph => self.line(Gap::Paragraph),
            Kind::Block | Kind::Table => self.block(Gap::Paragraph),
            Kind::List => {
                self.block(if self.lists.is_empty() { Gap::Paragraph } else { Gap::Line });
                if self.lists.len() < LISTS_MAX {
                    let numbered = &*tag.name == "ol";
                    self.lists.push(if numbered { List::Numbered(0) } else { List::Marked });
                } else {
                    self.deeper_lists = self.deeper_lists.saturating_add(1);
                }
            }
            Kind::Item => self.item(),
            Kind::Row => {
                self.block(Gap::Line);
                self.row = Some(Row::default());
            }
            Kind::Cell => {
                self.draft.gap(Gap::Line);
                self.row.get_or_insert_default().cell();
            }
            Kind::Image => {
                let alt = tag.attrs.iter().find(|attribute| &*attribute.name.local == "alt");
                if let Some(alt) = alt {
                    self.text(&alt.value);
                }
            }
            Kind::Inline => {}
        }
    }

    fn end(&mut self, name: &LocalName) {
        if let Some((left_out, open)) = &mut self.left_out {
            if left_out == name {
                *open = open.saturating_sub(1);
                if *open == 0 {
                    self.left_out = None;
                }
            }
            return;
        }
        let kind = element::kind(name);
        if let Some((aside, _)) = &self.aside {
            let ends = match aside {
                Aside::Title => kind == Kind::Title,
                Aside::Preformatted => kind == Kind::Preformatted,
            };
            if ends {
                self.end_aside();
            }
            return;
        }
        match kind {
            Kind::Heading(_) => {
                self.draft.unmark();
                self.block(Gap::Paragraph);
            }
            Kind::Division => self.line(Gap::Line),
            Kind::Break | Kind::Paragraph => self.line(Gap::Paragraph),
            Kind::Block | Kind::Table => self.block(Gap::Paragraph),
            Kind::List => {
                self.draft.unmark();
                if self.deeper_lists > 0 {
                    self.deeper_lists = self.deeper_lists.saturating_sub(1);
                } else {
                    self.lists.pop();
                }
                self.block(if self.lists.is_empty() { Gap::Paragraph } else { Gap::Line });
            }
            Kind::Item => {
                self.draft.unmark();
                self.line(Gap::Line);
            }
            Kind::Row => self.block(Gap::Line),
            Kind::Title | Kind::Preformatted | Kind::Cell | Kind::Image | Kind::Inline => {}
        }
    }

    /// A gap; within a cell it is a space, so that the row stays a line, and lists have no empty lines.
    fn line(&mut self, gap: Gap) {
        self.in_heading = false;
        match &mut self.row {
            Some(row) if row.in_cell() => row.space(),
            _ if self.lists.is_empty() => self.draft.gap(gap),
            _ => self.draft.gap(gap.min(Gap::Line)),
        }
    }

    /// A gap that ends a row, if one is open.
    fn block(&mut self, gap: Gap) {
        self.in_heading = false;
        self.end_row();
        self.draft.gap(gap);
    }

    fn end_row(&mut self) {
        if let Some(row) = self.row.take() {
            row.finish(&mut self.draft);
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
        self.draft.mark(&format!("{}{mark}", "  ".repeat(depth)));
    }

    fn end_aside(&mut self) {
        match self.aside.take() {
            Some((Aside::Title, text)) => self.title = self.title.take().or_else(|| draft::title(&text)),
            Some((Aside::Preformatted, text)) => self.preformatted(&text),
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
        self.draft.unmark();
        self.draft.verbatim(&format!("{fence}\n{text}\n{fence}"));
        self.draft.gap(Gap::Paragraph);
    }
}
