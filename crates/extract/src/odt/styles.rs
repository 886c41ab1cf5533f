//! The styles of a text: which hide it, and what stands before the items of lists.

use std::collections::HashMap;

use syft_space_domain::dataset::FileRefused;

use super::FORMAT;
use crate::level::Level;
use crate::package::xml::{self, Attributes, Node};

/// The styles of a text.
#[derive(Debug, Default)]
pub(super) struct Styles {
    styles: HashMap<String, Style>,
    lists: HashMap<String, HashMap<usize, ListLevel>>,
}

#[derive(Debug, Default)]
struct Style {
    parent: Option<String>,
    hidden: Option<bool>,
    raised: Option<Level>,
}

/// What stands before the items of a list, at one level.
#[derive(Debug, Clone, Default)]
pub(super) struct ListLevel {
    /// How its numbers are shown; empty for none.
    pub(super) format: String,
    pub(super) prefix: String,
    pub(super) suffix: String,
    pub(super) start: u32,
    /// How many levels its number shows.
    pub(super) shown_levels: usize,
    pub(super) is_bullet: bool,
}

/// The most steps from a style to those it is made of.
const MAX_PARENTS: usize = 16;

impl Styles {
    /// Reads the styles of a part.
    pub(super) fn read(&mut self, xml: &str) -> Result<(), FileRefused> {
        let mut open: Option<(String, Style)> = None;
        let mut list: Option<String> = None;
        xml::read(FORMAT, xml, |node| match node {
            Node::Open("style", attributes) => {
                let parent = attributes.get("parent-style-name");
                let family = attributes.get("family").unwrap_or_default();
                open = attributes
                    .get("name")
                    .map(|name| (key(&family, &name), Style { parent, ..Style::default() }));
            }
            Node::Open("text-properties", attributes) => {
                if let Some((_, style)) = &mut open {
                    let hidden = attributes.get("display").map(|display| display == "none");
                    style.hidden = hidden.or(style.hidden);
                    let raised = attributes.get("text-position").map(|position| raised(&position));
                    style.raised = raised.or(style.raised);
                }
            }
            Node::Close("style") => self.styles.extend(open.take()),
            Node::Open("list-style", attributes) => list = attributes.get("name"),
            Node::Close("list-style") => list = None,
            Node::Open(
                name @ ("list-level-style-bullet" | "list-level-style-number" | "list-level-style-image"),
                attributes,
            ) => {
                if let Some(list) = &list {
                    let level = number(attributes, "level").unwrap_or(1);
                    let levels = self.lists.entry(list.clone()).or_default();
                    levels.insert(level, ListLevel::of(name != "list-level-style-number", attributes));
                }
            }
            _ => {}
        })
    }

    /// Whether a style of this family hides its text.
    pub(super) fn hides(&self, family: &str, name: &str) -> Option<bool> {
        self.first(family, name, |style| style.hidden)
    }

    /// Where the text of a style of this family stands beside the line.
    pub(super) fn raised(&self, family: &str, name: &str) -> Option<Level> {
        self.first(family, name, |style| style.raised)
    }

    /// What the first says of a style and those it is made of.
    fn first<T>(&self, family: &str, name: &str, said: impl Fn(&Style) -> Option<T>) -> Option<T> {
        let mut name = name.to_owned();
        for _ in 0..MAX_PARENTS {
            let style = self.styles.get(&key(family, &name))?;
            if let Some(said) = said(style) {
                return Some(said);
            }
            name.clone_from(style.parent.as_ref()?);
        }
        None
    }

    /// What stands before the items of a list of this style, at a level from 1 on.
    pub(super) fn list_level(&self, style: Option<&str>, level: usize) -> Option<&ListLevel> {
        self.lists.get(style?)?.get(&level)
    }
}

impl ListLevel {
    fn of(is_bullet: bool, attributes: Attributes<'_>) -> Self {
        Self {
            format: attributes.get("num-format").unwrap_or_default(),
            prefix: attributes.get("num-prefix").unwrap_or_default(),
            suffix: attributes.get("num-suffix").unwrap_or_default(),
            start: number(attributes, "start-value").and_then(|start| u32::try_from(start).ok()).unwrap_or(1),
            shown_levels: number(attributes, "display-levels").unwrap_or(1),
            is_bullet,
        }
    }
}

/// A number in an attribute.
pub(super) fn number(attributes: Attributes<'_>, name: &str) -> Option<usize> {
    attributes.get(name)?.parse().ok()
}

fn key(family: &str, name: &str) -> String {
    format!("{family} {name}")
}

/// Where text with this position stands beside the line: `super`, `sub`, or a part of its height.
fn raised(position: &str) -> Level {
    let height = position.split_ascii_whitespace().next().unwrap_or_default();
    let number: f64 = height.trim_end_matches('%').parse().unwrap_or_default();
    if height == "super" || number > 0.0 {
        Level::Raised
    } else if height == "sub" || number < 0.0 {
        Level::Lowered
    } else {
        Level::Line
    }
}
