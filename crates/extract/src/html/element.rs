//! What does an element of HTML mean for text?

use html5ever::tokenizer::Tag;
use html5ever::tokenizer::states::RawKind;

/// What an element means for the text in and around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
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

pub(super) fn kind(name: &str) -> Kind {
    match name {
        "title" => Kind::Title,
        "h1" => Kind::Heading(1),
        "h2" => Kind::Heading(2),
        "h3" => Kind::Heading(3),
        "h4" => Kind::Heading(4),
        "h5" => Kind::Heading(5),
        "h6" => Kind::Heading(6),
        "br" => Kind::Break,
        "p" | "dt" | "figcaption" | "caption" | "summary" | "legend" => Kind::Paragraph,
        "html" | "head" | "body" | "div" | "section" | "article" | "main" | "header" | "footer" | "aside"
        | "dd" | "address" | "details" | "figure" | "form" | "fieldset" | "center" | "tbody" | "thead"
        | "tfoot" => Kind::Division,
        "dl" | "blockquote" | "hr" => Kind::Block,
        "ul" | "ol" | "menu" | "dir" => Kind::List,
        "li" => Kind::Item,
        "table" => Kind::Table,
        "tr" => Kind::Row,
        "td" | "th" => Kind::Cell,
        "pre" | "listing" | "xmp" => Kind::Preformatted,
        "img" => Kind::Image,
        _ => Kind::Inline,
    }
}

/// How the content of an element is read, if not as HTML.
pub(super) fn raw(name: &str) -> Option<RawKind> {
    match name {
        "title" | "textarea" => Some(RawKind::Rcdata),
        "script" => Some(RawKind::ScriptData),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => Some(RawKind::Rawtext),
        _ => None,
    }
}

/// Whether an element holds what no person reads.
pub(super) fn is_program(name: &str) -> bool {
    matches!(name, "script" | "style" | "iframe" | "noembed" | "noframes" | "textarea")
}

/// Whether an element holds what is beside the page's text: the way to other pages, controls, drawings.
pub(super) fn is_beside(tag: &Tag) -> bool {
    if is_void(&tag.name) {
        return false;
    }
    let has_word = |attribute: &str, words: &[&str]| {
        let named = tag.attrs.iter().find(|one| &*one.name.local == attribute);
        named.is_some_and(|one| one.value.split_ascii_whitespace().any(|word| words.contains(&word)))
    };
    matches!(&*tag.name, "nav" | "svg" | "template" | "noscript" | "button" | "select")
        || has_word("class", &["navheader", "navfooter"])
        || has_word("role", &["navigation"])
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
