//! What is told of a paragraph and of a run before their text comes.

use super::numbering::{Marker, Numbering};
use super::styles::{Style, Styles};
use super::symbols::SymbolFont;

/// A paragraph.
#[derive(Debug, Default)]
pub(super) struct Paragraph {
    pub(super) style: Option<String>,
    /// The level of its heading, where it says so by itself.
    pub(super) level: Option<usize>,
    /// It says that it is an item of a list.
    pub(super) is_numbered: bool,
    pub(super) numbering: Option<String>,
    pub(super) list_level: Option<usize>,
    /// Its end was deleted: the next goes on with it.
    pub(super) goes_on: bool,
    /// Some of its text is shown.
    pub(super) has_text: bool,
    /// Some of its text is hidden.
    pub(super) hides_text: bool,
    /// It has been counted in its list.
    is_counted: bool,
}

/// A run: a piece of a paragraph whose characters look alike.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// Whether it says by itself that it is hidden.
    pub(super) hidden: Option<bool>,
    pub(super) style: Option<String>,
    pub(super) symbols: Option<SymbolFont>,
}

impl Paragraph {
    fn style<'a>(&self, styles: &'a Styles) -> Option<&'a Style> {
        styles.paragraph(self.style.as_deref())
    }

    /// The level of its heading.
    pub(super) fn heading_level(&self, styles: &Styles) -> Option<usize> {
        self.level.or_else(|| self.style(styles)?.level)
    }

    /// Whether it is an item of a list. A heading is none, though it may be counted as one.
    pub(super) fn is_item(&self, styles: &Styles) -> bool {
        self.is_in_list(styles) && self.heading_level(styles).is_none()
    }

    fn is_in_list(&self, styles: &Styles) -> bool {
        match self.list(styles) {
            Some(list) => list != "0",
            None => self.is_numbered,
        }
    }

    fn list<'a>(&'a self, styles: &'a Styles) -> Option<&'a str> {
        self.numbering.as_deref().or_else(|| self.style(styles)?.numbering.as_deref())
    }

    /// Counts it in its list, unless that was done. Says what stands before it, and how deep it is.
    pub(super) fn count(&mut self, styles: &Styles, numbering: &mut Numbering) -> (Marker, usize) {
        if self.is_counted || !self.is_in_list(styles) {
            return (Marker::Nothing, 0);
        }
        self.is_counted = true;
        let list = self.list(styles).unwrap_or_default();
        let depth = self.list_level.or_else(|| self.style(styles)?.list_level);
        let depth = depth.or_else(|| numbering.level_of_style(list, self.style.as_deref()?)).unwrap_or(0);
        (numbering.count(list, depth, styles), depth)
    }
}

impl Run {
    /// Whether its text is hidden. What it says by itself decides; else styles of paragraph, run and table each turn it
    /// over, unless the document hides all.
    pub(super) fn is_hidden(&self, paragraph: Option<&Paragraph>, table: bool, styles: &Styles) -> bool {
        let by_style = || {
            let hides = |style: Option<&Style>| style.and_then(|style| style.hidden).unwrap_or(false);
            let paragraph = hides(styles.paragraph(paragraph.and_then(|known| known.style.as_deref())));
            let run = hides(self.style.as_deref().and_then(|id| styles.get(id)));
            styles.hidden || (paragraph ^ run ^ table)
        };
        self.hidden.unwrap_or_else(by_style)
    }
}
