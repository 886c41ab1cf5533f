//! The elements of a page that are open, and whether what stands in them is shown.
//!
//! They are kept as browsers do where that matters for what is hidden: `<p hidden>` ends at the next paragraph although
//! nothing closes it, a cell at the next cell, and an end tag ends what was opened within. Each tag costs the same
//! however many elements are open.

use std::collections::HashMap;

use html5ever::LocalName;

use super::element::{ends_paragraph, is_block, is_formatting, is_scope};
use super::style::Appearance;
use crate::level::Level;

/// The most elements within each other that are told apart; browsers have fewer.
const MAX_OPEN: usize = 100_000;
/// The most elements of running text that go on in the next paragraph, as `<b>` does that nothing has closed.
const MAX_REOPENED: usize = 16;

#[derive(Debug)]
struct OpenElement {
    name: LocalName,
    appearance: Appearance,
    /// Whether its text is seen, by itself or by what is around it.
    is_visible: bool,
    has_size: bool,
    level: Level,
    /// Whether it was there when it began.
    was_rendered: bool,
}

/// An element that was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was there.
    Rendered,
    /// It was hidden, or in something hidden.
    Hidden,
    /// There was none to end.
    Nothing,
}

#[derive(Debug, Default)]
pub(super) struct OpenElements {
    open: Vec<OpenElement>,
    /// Where the elements of a name are in `open`.
    positions: HashMap<LocalName, Vec<usize>>,
    /// Where those are that an end tag within does not end from without, such as cells.
    scopes: Vec<usize>,
    /// Where those are that no end tag of running text ends.
    blocks: Vec<usize>,
    /// How many of them are hidden by themselves.
    hidden: usize,
}

impl OpenElements {
    /// Whether an element that begins here is there at all.
    pub(super) fn is_rendered(&self) -> bool {
        self.hidden == 0
    }

    /// Whether text that stands here is seen.
    pub(super) fn shows_text(&self) -> bool {
        self.is_rendered() && self.open.last().is_none_or(|element| element.is_visible && element.has_size)
    }

    /// Where text that begins here stands beside the line.
    pub(super) fn level(&self) -> Level {
        self.open.last().map_or(Level::Line, |element| element.level)
    }

    /// Whether a picture of this appearance is seen here.
    pub(super) fn shows(&self, appearance: Appearance) -> bool {
        let is_visible = self.open.last().is_none_or(|element| element.is_visible);
        self.is_rendered() && !appearance.is_hidden && appearance.is_visible.unwrap_or(is_visible)
    }

    /// Begins an element. Answers whether it is there.
    pub(super) fn begin(&mut self, name: &LocalName, appearance: Appearance) -> bool {
        let hides = appearance.is_hidden && &**name != "head";
        self.hidden = self.hidden.saturating_add(usize::from(hides));
        if self.open.len() < MAX_OPEN {
            let (is_visible, has_size) =
                self.open.last().map_or((true, true), |around| (around.is_visible, around.has_size));
            let is_visible = appearance.is_visible.unwrap_or(is_visible);
            let has_size = appearance.has_size.unwrap_or(has_size);
            let level = appearance.level.unwrap_or_else(|| self.level());
            let appearance = Appearance { is_hidden: hides, ..appearance };
            let was_rendered = self.hidden == 0;
            self.push(OpenElement {
                name: name.clone(),
                appearance,
                is_visible,
                has_size,
                level,
                was_rendered,
            });
        }
        self.is_rendered()
    }

    fn push(&mut self, element: OpenElement) {
        let position = self.open.len();
        if is_scope(&element.name) {
            self.scopes.push(position);
        }
        if is_block(&element.name) {
            self.blocks.push(position);
        }
        self.positions.entry(element.name.clone()).or_default().push(position);
        self.open.push(element);
    }

    /// Ends what an element of this name cannot stand in: HTML leaves out many end tags.
    pub(super) fn end_implied(&mut self, name: &str) {
        match name {
            "li" => self.end_within(&["li"], self.last_of(&["ol", "ul", "menu", "dir"]).max(self.scope())),
            "dd" | "dt" => self.end_within(&["dd", "dt"], self.last_of(&["dl"]).max(self.scope())),
            "tbody" | "thead" | "tfoot" | "caption" => {
                self.end_within(&["tbody", "thead", "tfoot", "caption", "tr", "td", "th"], self.table());
            }
            "tr" => self.end_within(&["tr", "td", "th", "caption"], self.table()),
            "td" | "th" => self.end_within(&["td", "th", "caption"], self.table()),
            "rt" | "rp" => self.end_within(&["rt", "rp"], self.last_of(&["ruby"])),
            "a" | "nobr" => self.end_formatting(name),
            _ => {}
        }
        if ends_paragraph(name) {
            self.end_within(&["p"], self.scope());
        }
    }

    /// Ends the outermost of these names that was opened behind a place, and all in it.
    fn end_within(&mut self, names: &[&str], border: Option<usize>) {
        // Of each name the last one: within a border they stand in one another once.
        let positions = names.iter().filter_map(|name| self.last_of(&[name]));
        if let Some(position) = positions.filter(|position| Some(*position) > border).min() {
            self.truncate(position);
        }
    }

    /// Ends the innermost element of a name, as its end tag does.
    pub(super) fn end(&mut self, name: &LocalName, is_xml: bool) -> Ended {
        let position = match &**name {
            // What follows them is in them nevertheless.
            "html" | "body" => return Ended::Nothing,
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if !is_xml => {
                self.last_of(&["h1", "h2", "h3", "h4", "h5", "h6"]).filter(|at| Some(*at) > self.scope())
            }
            name => {
                let border = match name {
                    name if is_xml || name == "table" || (is_scope(name) && !is_cell(name)) => None,
                    "tr" | "tbody" | "thead" | "tfoot" => self.table(),
                    name if is_cell(name) => self.table(),
                    "li" => self.last_of(&["ol", "ul", "menu", "dir"]).max(self.scope()),
                    name if is_block(name) || is_formatting(name) => self.scope(),
                    _ => self.blocks.last().copied(),
                };
                self.last_of(&[name]).filter(|position| Some(*position) > border)
            }
        };
        let Some(position) = position else { return Ended::Nothing };
        let rendered = self.open.get(position).is_some_and(|element| element.was_rendered);
        if is_formatting(name) && !is_xml {
            self.end_formatting(name);
        } else {
            self.truncate(position);
        }
        if rendered { Ended::Rendered } else { Ended::Hidden }
    }

    /// Ends an element of running text and nothing in it: `<b><div hidden></b>` leaves the division open.
    fn end_formatting(&mut self, name: &str) {
        let Some(position) = self.last_of(&[name]).filter(|position| Some(*position) > self.scope()) else {
            return;
        };
        if self.open.len() == position.saturating_add(1) {
            self.pop();
            return;
        }
        if let Some(element) = self.open.get_mut(position) {
            self.hidden = self.hidden.saturating_sub(usize::from(element.appearance.is_hidden));
            element.appearance = Appearance::default();
        }
        if let Some(positions) = self.positions.get_mut(&LocalName::from(name)) {
            positions.pop();
        }
    }

    /// Ends all from a place on. An element of running text goes on behind it, as its end tag is still to come.
    fn truncate(&mut self, position: usize) {
        let mut reopened = Vec::new();
        while self.open.len() > position {
            let Some(element) = self.pop() else { break };
            let is_last = self.open.len() == position;
            if is_scope(&element.name) {
                reopened.clear();
            } else if is_formatting(&element.name)
                && !is_last
                && element.appearance != Appearance::default()
                && reopened.len() < MAX_REOPENED
            {
                reopened.push(element);
            }
        }
        for element in reopened.into_iter().rev() {
            self.begin(&element.name, element.appearance);
        }
    }

    fn pop(&mut self) -> Option<OpenElement> {
        let element = self.open.pop()?;
        let position = self.open.len();
        self.hidden = self.hidden.saturating_sub(usize::from(element.appearance.is_hidden));
        let lists = [Some(&mut self.scopes), Some(&mut self.blocks), self.positions.get_mut(&element.name)];
        for list in lists.into_iter().flatten() {
            let _was_in = list.pop_if(|last| *last == position);
        }
        Some(element)
    }

    /// Where the last element of these names is.
    fn last_of(&self, names: &[&str]) -> Option<usize> {
        names.iter().filter_map(|name| self.positions.get(&LocalName::from(*name))?.last().copied()).max()
    }

    fn scope(&self) -> Option<usize> {
        self.scopes.last().copied()
    }

    fn table(&self) -> Option<usize> {
        self.last_of(&["table", "template"])
    }
}

fn is_cell(name: &str) -> bool {
    matches!(name, "td" | "th" | "caption")
}
