//! The styles of a document: which are headings, hide their text, are in a font of symbols, and make items of lists.

use std::collections::HashMap;

use syft_space_domain::dataset::{FileFormat, FileRefused};

use super::symbols::Font;
use crate::level::Level;
use crate::package::xml::{self, Attributes, Node, Skipped};

/// The styles of a document, each with what it has of those it is based on.
#[derive(Debug, Default)]
pub(super) struct Styles {
    styles: HashMap<String, Style>,
    /// The styles of what names none.
    defaults: HashMap<Kind, String>,
    /// Whether text is hidden unless something shows it.
    pub(super) hidden: bool,
    /// The font of what names none.
    pub(super) font: Option<Font>,
}

/// What a style is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    #[default]
    Paragraph,
    Character,
    Table,
    Numbering,
}

impl Kind {
    /// The kind of this name; that of styles that name none where it is not known.
    fn of(name: Option<&str>) -> Self {
        match name {
            Some("character") => Self::Character,
            Some("table") => Self::Table,
            Some("numbering") => Self::Numbering,
            _ => Self::Paragraph,
        }
    }
}

/// A style.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Style {
    kind: Kind,
    /// The level of the headings that have it.
    pub(super) level: Option<usize>,
    /// Whether it hides its text.
    pub(super) hidden: Option<bool>,
    /// The numbering of its paragraphs.
    pub(super) numbering: Option<String>,
    /// The level of its paragraphs in their list.
    pub(super) list_level: Option<usize>,
    /// The font of its text.
    pub(super) font: Option<Font>,
    /// Where its text stands beside the line.
    pub(super) raised: Option<Level>,
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
    /// Something that is not of the style itself: an earlier version, or a part of a table.
    skipped: Skipped,
}

impl Styles {
    pub(super) fn read(xml: &str) -> Result<Self, FileRefused> {
        let mut reader = Reader::default();
        xml::read(FileFormat::Docx, xml, |node| reader.node(node))?;
        let mut styles = reader.styles;
        styles.styles = styles.styles.keys().map(|id| (id.clone(), resolved(&styles.styles, id))).collect();
        Ok(styles)
    }

    /// The style of this id, if it is one of this kind; that of all of the kind where there is no such.
    pub(super) fn of(&self, kind: Kind, id: Option<&str>) -> Option<&Style> {
        let of_kind = |id: &str| self.styles.get(id).filter(|style| style.kind == kind);
        id.and_then(of_kind).or_else(|| of_kind(self.defaults.get(&kind)?))
    }

    /// The list that the style of lists of this id has.
    pub(super) fn list(&self, id: &str) -> Option<&str> {
        self.styles.get(id)?.numbering.as_deref()
    }
}

impl Reader {
    fn node(&mut self, node: Node<'_>) {
        match node {
            _ if self.skipped.takes(node) => {}
            Node::Open(name, _) if is_of_another(name) => self.skipped.begin(),
            Node::Open("style", attributes) => self.style(attributes),
            Node::Close("style") => self.styles.styles.extend(self.open.take()),
            Node::Open("rPrDefault", _) => self.in_defaults = true,
            Node::Close("rPrDefault") => self.in_defaults = false,
            Node::Open("vanish", attributes) if self.in_defaults => self.styles.hidden = attributes.is_on(),
            Node::Open("rFonts", attributes) if self.in_defaults => {
                self.styles.font = Font::of(attributes).or(self.styles.font);
            }
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
        let kind = Kind::of(attributes.get("type").as_deref());
        if attributes.get("default").is_some_and(|value| xml::is_on(&value)) {
            self.styles.defaults.insert(kind, id.clone());
        }
        self.open = Some((id, Style { kind, ..Style::default() }));
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
            "rFonts" => self.font = Font::of(attributes).or(self.font),
            "vertAlign" => self.raised = value.map(|value| Level::of_vertical_align(&value)),
            "numId" => self.numbering = value,
            "ilvl" => self.list_level = value.and_then(|level| list_level(&level)),
            _ => {}
        }
    }
}

/// A style with what it has of those it is based on.
fn resolved(styles: &HashMap<String, Style>, id: &str) -> Style {
    let kind = styles.get(id).map(|style| style.kind).unwrap_or_default();
    let mut whole = Style { kind, ..Style::default() };
    let mut next = Some(id);
    for _ in 0..MAX_BASED_ON_DEPTH {
        // What is based on a style of another kind is based on none.
        let of_kind = next.and_then(|id| styles.get(id)).filter(|style| style.kind == kind);
        let Some(style) = of_kind else { break };
        whole.level = whole.level.or(style.level);
        whole.hidden = whole.hidden.or(style.hidden);
        whole.numbering = whole.numbering.or_else(|| style.numbering.clone());
        whole.list_level = whole.list_level.or(style.list_level);
        whole.font = whole.font.or(style.font);
        whole.raised = whole.raised.or(style.raised);
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
