//! What is told of a paragraph and of a run before their text comes.

use super::numbering::{Marker, Numbering};
use super::styles::{Kind, Style, Styles};
use super::symbols::Font;
use crate::level::Level;

/// A paragraph.
#[derive(Debug, Default)]
pub(super) struct Paragraph {
    pub(super) style: Option<String>,
    /// The level of its heading, where it says so by itself.
    pub(super) level: Option<usize>,
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
    pub(super) font: Option<Font>,
    /// Where it says by itself that it stands beside the line.
    pub(super) raised: Option<Level>,
}

impl Paragraph {
    fn style<'a>(&self, styles: &'a Styles) -> Option<&'a Style> {
        styles.of(Kind::Paragraph, self.style.as_deref())
    }

    /// The level of its heading.
    pub(super) fn heading_level(&self, styles: &Styles) -> Option<usize> {
        self.level.or_else(|| self.style(styles)?.level)
    }

    /// Whether it is an item of a list. A heading is none, though it may be counted as one.
    pub(super) fn is_item(&self, styles: &Styles, numbering: &Numbering) -> bool {
        self.is_in_list(styles, numbering) && self.heading_level(styles).is_none()
    }

    fn is_in_list(&self, styles: &Styles, numbering: &Numbering) -> bool {
        self.list(styles).is_some_and(|list| numbering.has(list))
    }

    fn list<'a>(&'a self, styles: &'a Styles) -> Option<&'a str> {
        self.numbering.as_deref().or_else(|| self.style(styles)?.numbering.as_deref())
    }

    /// Counts it in its list, unless that was done. Says what stands before it, and how deep it is.
    pub(super) fn count(&mut self, styles: &Styles, numbering: &mut Numbering) -> (Marker, usize) {
        if self.is_counted || !self.is_in_list(styles, numbering) {
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
    pub(super) fn is_hidden(
        &self,
        paragraph: Option<&Paragraph>,
        table: Option<&Style>,
        styles: &Styles,
    ) -> bool {
        let by_style = || {
            let of_all = self.styles(paragraph, table, styles);
            let hiding = of_all.into_iter().flatten().filter(|style| style.hidden == Some(true)).count();
            styles.hidden || !hiding.is_multiple_of(2)
        };
        self.hidden.unwrap_or_else(by_style)
    }

    /// The font of its text: its own, or that of the first of its styles that has one.
    pub(super) fn font(
        &self,
        paragraph: Option<&Paragraph>,
        table: Option<&Style>,
        styles: &Styles,
    ) -> Option<Font> {
        let by_style =
            || self.styles(paragraph, table, styles).into_iter().flatten().find_map(|style| style.font);
        self.font.or_else(by_style).or(styles.font)
    }

    /// Where its text stands beside the line: as it says itself, or the first of its styles that says it.
    pub(super) fn raised(
        &self,
        paragraph: Option<&Paragraph>,
        table: Option<&Style>,
        styles: &Styles,
    ) -> Level {
        let by_style =
            || self.styles(paragraph, table, styles).into_iter().flatten().find_map(|style| style.raised);
        self.raised.or_else(by_style).unwrap_or_default()
    }

    /// The styles of its text, that which goes before the others first.
    fn styles<'a>(
        &self,
        paragraph: Option<&Paragraph>,
        table: Option<&'a Style>,
        styles: &'a Styles,
    ) -> [Option<&'a Style>; 3] {
        let of_paragraph = styles.of(Kind::Paragraph, paragraph.and_then(|known| known.style.as_deref()));
        [styles.of(Kind::Character, self.style.as_deref()), of_paragraph, table]
    }
}
