//! The kinds of HTML elements, by what they mean for text.

use html5ever::tokenizer::Tag;
use html5ever::tokenizer::states::RawKind;

use super::style::attribute;

/// The kind of an element, by what it means for the text in and around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ElementKind {
    /// The page's title.
    Title,
    /// A heading of this level.
    Heading(usize),
    /// A line break.
    Break,
    /// A paragraph of running text.
    Paragraph,
    /// A part that begins on a line of its own.
    Division,
    /// A part that stands apart, even in a cell of a table.
    Block,
    /// A list.
    List,
    /// An item of a list.
    Item,
    /// A table.
    Table,
    /// A row of a table.
    Row,
    /// A cell of a table.
    Cell,
    /// Text whose white space counts.
    Preformatted,
    /// A picture, which may say what it shows.
    Image,
    /// Part of a line.
    Inline,
}

pub(super) fn kind(name: &str) -> ElementKind {
    match name {
        "title" => ElementKind::Title,
        "h1" => ElementKind::Heading(1),
        "h2" => ElementKind::Heading(2),
        "h3" => ElementKind::Heading(3),
        "h4" => ElementKind::Heading(4),
        "h5" => ElementKind::Heading(5),
        "h6" => ElementKind::Heading(6),
        "br" => ElementKind::Break,
        "p" | "dt" | "figcaption" | "caption" | "summary" | "legend" => ElementKind::Paragraph,
        "html" | "head" | "body" | "div" | "section" | "article" | "main" | "header" | "footer" | "aside"
        | "dd" | "address" | "details" | "figure" | "form" | "fieldset" | "center" | "tbody" | "thead"
        | "tfoot" | "dialog" => ElementKind::Division,
        "dl" | "blockquote" | "hr" => ElementKind::Block,
        "ul" | "ol" | "menu" | "dir" => ElementKind::List,
        "li" => ElementKind::Item,
        "table" => ElementKind::Table,
        "tr" => ElementKind::Row,
        "td" | "th" => ElementKind::Cell,
        "pre" | "listing" | "xmp" => ElementKind::Preformatted,
        "img" => ElementKind::Image,
        _ => ElementKind::Inline,
    }
}

/// The state of the tokenizer for the content of an element that is not HTML.
pub(super) fn raw_kind(name: &str) -> Option<RawKind> {
    match name {
        "title" | "textarea" => Some(RawKind::Rcdata),
        "script" => Some(RawKind::ScriptData),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => Some(RawKind::Rawtext),
        _ => None,
    }
}

/// Whether an element holds what no person reads: scripts and the like.
pub(super) fn is_unreadable(name: &str) -> bool {
    matches!(name, "script" | "style" | "iframe" | "noembed" | "noframes" | "textarea")
}

/// Whether an element holds no text of the page: navigation, controls, drawings.
pub(super) fn is_boilerplate(tag: &Tag) -> bool {
    if is_void(&tag.name) {
        return false;
    }
    matches!(&*tag.name, "nav" | "svg" | "template" | "noscript" | "button" | "select")
        || has_word(tag, "class", &["navheader", "navfooter"])
        || has_word(tag, "role", &["navigation"])
}

/// What a box to tick, or one of several to choose from, shows.
pub(super) fn choice(tag: &Tag) -> Option<&'static str> {
    let is_choice = &*tag.name == "input"
        && attribute(tag, "type").is_some_and(|kind| {
            ["checkbox", "radio"].iter().any(|choice| kind.trim().eq_ignore_ascii_case(choice))
        });
    is_choice.then(|| if attribute(tag, "checked").is_some() { "☒ " } else { "☐ " })
}

/// Whether an attribute has one of these words.
pub(super) fn has_word(tag: &Tag, attribute: &str, words: &[&str]) -> bool {
    let named = tag.attrs.iter().find(|candidate| &*candidate.name.local == attribute);
    named.is_some_and(|attribute| attribute.value.split_ascii_whitespace().any(|word| words.contains(&word)))
}

/// Whether an end tag within an element ends none that was opened without.
pub(super) fn is_scope(name: &str) -> bool {
    matches!(
        name,
        "td" | "th" | "caption" | "table" | "template" | "object" | "marquee" | "applet" | "button"
    )
}

/// Whether an element is one of running text that goes on in the next paragraph unless it is ended.
pub(super) fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "a" | "b"
            | "big"
            | "code"
            | "em"
            | "font"
            | "i"
            | "nobr"
            | "s"
            | "small"
            | "strike"
            | "strong"
            | "tt"
            | "u"
    )
}

/// Whether an element stays open when one of running text around it is ended.
pub(super) fn is_block(name: &str) -> bool {
    ends_paragraph(name)
        || is_scope(name)
        || matches!(name, "html" | "body" | "tr" | "tbody" | "thead" | "tfoot")
}

/// Whether an element ends a paragraph that is open.
pub(super) fn ends_paragraph(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "center"
            | "dd"
            | "details"
            | "dialog"
            | "dir"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hgroup"
            | "hr"
            | "li"
            | "listing"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "p"
            | "plaintext"
            | "pre"
            | "search"
            | "section"
            | "summary"
            | "table"
            | "ul"
            | "xmp"
    )
}

/// Whether an element never has content.
pub(super) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}
