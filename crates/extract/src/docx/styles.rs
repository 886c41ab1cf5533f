//! The styles of a document that are headings.

use std::collections::HashMap;

use syft_space_domain::dataset::FileRefused;

use super::xml::{self, Node};

/// The styles that are headings, and their levels.
#[derive(Debug, Default)]
pub(super) struct Styles(HashMap<String, usize>);

#[derive(Default)]
struct Style {
    level: Option<usize>,
    based_on: Option<String>,
}

/// The most steps from a style to those it is based on.
const MAX_BASED_ON_DEPTH: usize = 16;

impl Styles {
    pub(super) fn read(xml: &str) -> Result<Self, FileRefused> {
        let mut styles: HashMap<String, Style> = HashMap::new();
        let mut open: Option<(String, Style)> = None;
        xml::read(xml, |node| match (node, &mut open) {
            (Node::Open("style", attributes), _) => {
                open = attributes.get("styleId").map(|id| (id, Style::default()));
            }
            (Node::Close("style"), _) => styles.extend(open.take()),
            (Node::Open("name", attributes), Some((_, style))) => {
                style.level = attributes.get("val").and_then(|name| level_of(&name)).or(style.level);
            }
            (Node::Open("outlineLvl", attributes), Some((_, style))) => {
                style.level = style.level.or_else(|| outline_level(&attributes.get("val")?));
            }
            (Node::Open("basedOn", attributes), Some((_, style))) => style.based_on = attributes.get("val"),
            _ => {}
        })?;
        let level = |id: &String| {
            let mut style = styles.get(id);
            for _ in 0..MAX_BASED_ON_DEPTH {
                let found = style?;
                if found.level.is_some() {
                    return found.level;
                }
                style = styles.get(found.based_on.as_ref()?);
            }
            None
        };
        Ok(Self(styles.keys().filter_map(|id| Some((id.clone(), level(id)?))).collect()))
    }

    /// The level of the headings that have this style.
    pub(super) fn level(&self, id: &str) -> Option<usize> {
        self.0.get(id).copied()
    }
}

/// The heading level of a style's name. Word names its own styles in English in every language.
fn level_of(name: &str) -> Option<usize> {
    let name = name.to_ascii_lowercase();
    if name == "title" {
        return Some(1);
    }
    let level: usize = name.strip_prefix("heading ")?.parse().ok()?;
    (1..=9).contains(&level).then_some(level.min(6))
}

/// The level that an outline level means: 0 is the highest, 9 is running text.
pub(super) fn outline_level(value: &str) -> Option<usize> {
    let level: usize = value.parse().ok()?;
    (level < 9).then_some(level.saturating_add(1).min(6))
}
