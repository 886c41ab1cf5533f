//! The styles of a document: which are headings, which hide their text, and which make items of lists.

use std::collections::HashMap;

use syft_space_domain::dataset::{FileFormat, FileRefused};

use crate::package::xml::{self, Attributes, Node};

/// The styles of a document, each with what it has of those it is based on.
#[derive(Debug, Default)]
pub(super) struct Styles {
    styles: HashMap<String, Style>,
    /// The style of paragraphs that name none.
    default_paragraph: Option<String>,
    /// Whether text is hidden unless something shows it.
    pub(super) hidden: bool,
}

/// A style.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// The level of the headings that have it.
    pub(super) level: Option<usize>,
    /// Whether it hides its text.
    pub(super) hidden: Option<bool>,
    /// The numbering of its paragraphs.
    pub(super) numbering: Option<String>,
    /// The level of its paragraphs in their list.
    pub(super) list_level: Option<usize>,
    based_on: Option<String>,
}

/// The most steps from a style to those it is based on.
const MAX_BASED_ON_DEPTH: usize = 16;

/// Where the reader of styles stands.
#[derive(Default)]
struct Reader {
    styles: Styles,
    open: Option<(String, Style)>,
    in_defaults: bool,
    /// The depth within something that is not of the style itself: an earlier version, or a part of a table.
    skipped_depth: usize,
}

impl Styles {
    pub(super) fn read(xml: &str) -> Result<Self, FileRefused> {
        let mut reader = Reader::default();
        xml::read(FileFormat::Docx, xml, |node| reader.node(node))?;
        let mut styles = reader.styles;
        styles.styles = styles.styles.keys().map(|id| (id.clone(), resolved(&styles.styles, id))).collect();
        Ok(styles)
    }

    /// The style of this id; that of all paragraphs where there is no such.
    pub(super) fn paragraph(&self, id: Option<&str>) -> Option<&Style> {
        id.and_then(|id| self.get(id)).or_else(|| self.get(self.default_paragraph.as_deref()?))
    }

    /// The style of this id.
    pub(super) fn get(&self, id: &str) -> Option<&Style> {
        self.styles.get(id)
    }
}

impl Reader {
    fn node(&mut self, node: Node<'_>) {
        match node {
            Node::Open(name, _) if self.skipped_depth > 0 || is_of_another(name) => {
                self.skipped_depth = self.skipped_depth.saturating_add(1);
            }
            Node::Close(_) if self.skipped_depth > 0 => {
                self.skipped_depth = self.skipped_depth.saturating_sub(1);
            }
            Node::Open("style", attributes) => self.style(attributes),
            Node::Close("style") => self.styles.styles.extend(self.open.take()),
            Node::Open("rPrDefault", _) => self.in_defaults = true,
            Node::Close("rPrDefault") => self.in_defaults = false,
            Node::Open("vanish", attributes) if self.in_defaults => self.styles.hidden = attributes.is_on(),
            Node::Open(name, attributes) => {
                if let Some((_, style)) = &mut self.open {
                    style.property(name, attributes);
                }
            }
            Node::Close(_) | Node::Text(_) => {}
        }
    }

    fn style(&mut self, attributes: Attributes<'_>) {
        let Some(id) = attributes.get("styleId") else { return };
        let is_default = attributes.get("default").is_some_and(|value| xml::is_on(&value));
        if is_default && attributes.get("type").is_none_or(|kind| kind == "paragraph") {
            self.styles.default_paragraph = Some(id.clone());
        }
        self.open = Some((id, Style::default()));
    }
}

impl Style {
    fn property(&mut self, name: &str, attributes: Attributes<'_>) {
        let value = attributes.get("val");
        match name {
            "name" => self.level = value.and_then(|name| level_of(&name)).or(self.level),
            "outlineLvl" => self.level = self.level.or_else(|| outline_level(&value?)),
            "basedOn" => self.based_on = value,
            "vanish" => self.hidden = Some(attributes.is_on()),
            "numId" => self.numbering = value,
            "ilvl" => self.list_level = value.and_then(|level| list_level(&level)),
            _ => {}
        }
    }
}

/// A style with what it has of those it is based on.
fn resolved(styles: &HashMap<String, Style>, id: &str) -> Style {
    let mut whole = Style::default();
    let mut next = Some(id);
    for _ in 0..MAX_BASED_ON_DEPTH {
        let Some(style) = next.and_then(|id| styles.get(id)) else { break };
        whole.level = whole.level.or(style.level);
        whole.hidden = whole.hidden.or(style.hidden);
        whole.numbering = whole.numbering.or_else(|| style.numbering.clone());
        whole.list_level = whole.list_level.or(style.list_level);
        next = style.based_on.as_deref();
    }
    whole
}

/// Whether what is in an element is not of the style itself.
fn is_of_another(name: &str) -> bool {
    name == "tblStylePr" || xml::is_earlier_version(name)
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

/// The level in a list: 0 is the outermost, 8 the innermost.
pub(super) fn list_level(value: &str) -> Option<usize> {
    value.parse().ok().map(|level: usize| level.min(8))
}
