//! What an element says itself about how it is shown: its attributes, and its inline style.
//!
//! Style sheets are not read. Colours and places are not looked at either: what is white on white, or left of the page,
//! is shown.

use html5ever::tokenizer::Tag;

use crate::level::Level;

/// How an element is shown, as far as it says so itself. What it does not say, it has from the element around it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Appearance {
    /// Neither it nor anything in it is there.
    pub(super) is_hidden: bool,
    /// Whether its text can be seen.
    pub(super) is_visible: Option<bool>,
    /// Whether its text has a size.
    pub(super) has_size: Option<bool>,
    /// Where its text stands beside the line.
    pub(super) level: Option<Level>,
}

/// The value of an attribute.
pub(super) fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

impl Appearance {
    pub(super) fn of(tag: &Tag) -> Self {
        let mut appearance = Self { level: level_by_kind(tag), ..Self::default() };
        let mut is_displayed = None;
        let mut see_through = false;
        let declarations = attribute(tag, "style").map(declarations).unwrap_or_default();
        for declaration in &declarations {
            let value = declaration.value.as_str();
            match declaration.name.as_str() {
                "display" => is_displayed = displayed(value).or(is_displayed),
                "visibility" => match value {
                    "hidden" | "collapse" => appearance.is_visible = Some(false),
                    "visible" | "initial" => appearance.is_visible = Some(true),
                    "inherit" | "unset" | "revert" => appearance.is_visible = None,
                    _ => {}
                },
                "content-visibility" => see_through |= value == "hidden",
                "opacity" => {
                    see_through |= number(value.trim_end_matches('%')).is_some_and(|part| part <= 0.0);
                }
                "vertical-align" => match value {
                    "super" => appearance.level = Some(Level::Raised),
                    "sub" => appearance.level = Some(Level::Lowered),
                    "baseline" | "initial" => appearance.level = None,
                    _ => {}
                },
                "font-size" => appearance.has_size = has_size(value).or(appearance.has_size),
                "font" => appearance.has_size = size_of_font(value).or(appearance.has_size),
                _ => {}
            }
        }
        appearance.is_hidden = see_through || !is_displayed.unwrap_or_else(|| !is_hidden_by_kind(tag));
        appearance
    }
}

/// Where a browser puts the text of an element unless its style says otherwise.
fn level_by_kind(tag: &Tag) -> Option<Level> {
    match &*tag.name {
        "sup" => Some(Level::Raised),
        "sub" => Some(Level::Lowered),
        _ => None,
    }
}

/// Whether a browser hides an element unless its style says otherwise.
fn is_hidden_by_kind(tag: &Tag) -> bool {
    let has = |name: &str| attribute(tag, name).is_some();
    has("hidden")
        || has("popover")
        || match &*tag.name {
            "dialog" => !has("open"),
            // What stands in them is for programs, or for those whose browser knows no films.
            "datalist" | "audio" | "video" | "canvas" | "annotation" | "annotation-xml" => true,
            _ => false,
        }
}

/// Whether an element of this `display` is there; `None` when that is no value.
fn displayed(value: &str) -> Option<bool> {
    const KINDS: [&str; 16] = [
        "block",
        "inline",
        "flow",
        "flow-root",
        "flex",
        "grid",
        "table",
        "ruby",
        "math",
        "contents",
        "list-item",
        "run-in",
        "initial",
        "inherit",
        "unset",
        "-webkit-box",
    ];
    let is_kind = |word: &str| {
        KINDS.contains(&word)
            || word.starts_with("inline-")
            || word.starts_with("table-")
            || word.starts_with("ruby-")
    };
    match value {
        "none" => Some(false),
        value if !value.is_empty() && value.split_whitespace().all(is_kind) => Some(true),
        _ => None,
    }
}

/// Whether text of this `font` has a size: the first of its words that is one, before the family. Weights are numbers
/// without a unit, and never 0.
fn size_of_font(value: &str) -> Option<bool> {
    let mut words = value.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let size = word.split('/').next().unwrap_or_default();
        // A family must follow, or it is no font at all.
        if let Some(size) = has_size(size).filter(|_| words.peek().is_some()) {
            return Some(size);
        }
        if size.starts_with(['"', '\'']) {
            break;
        }
    }
    matches!(value, "caption" | "icon" | "menu" | "message-box" | "small-caption" | "status-bar" | "initial")
        .then_some(true)
}

/// Whether text of this `font-size` has a size; `None` when that depends on the element around it, or is no size.
fn has_size(value: &str) -> Option<bool> {
    if let Some((function, arguments)) = value.split_once('(') {
        let is_known = matches!(function, "calc" | "min" | "max" | "clamp");
        return (is_known && is_zero_throughout(arguments)).then_some(false);
    }
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    let Some(size) = number(digits) else {
        return matches!(value, "medium" | "small" | "large" | "initial" | "x-small" | "x-large")
            .then_some(true);
    };
    match value.get(digits.len()..) {
        _ if size <= 0.0 => Some(false),
        Some("px" | "pt" | "pc" | "mm" | "cm" | "in" | "rem" | "vw" | "vh") => Some(true),
        _ => None,
    }
}

/// Whether the arguments of a function are zeros alone, whatever their units.
fn is_zero_throughout(arguments: &str) -> bool {
    let mut words =
        arguments.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | '*' | '/' | '+'));
    let unitless = |word: &str| number(word.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%'));
    words.clone().any(|word| !word.is_empty())
        && words.all(|word| matches!(word, "" | "-") || unitless(word) == Some(0.0))
}

fn number(value: &str) -> Option<f64> {
    value.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

/// A declaration of a style, in lower case.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Declaration {
    pub(super) name: String,
    pub(super) value: String,
    is_important: bool,
}

/// The declarations of an inline style in the order in which they hold: of two of a name the later, but before any that
/// is important.
pub(super) fn declarations(style: &str) -> Vec<Declaration> {
    let mut found = Vec::new();
    let mut current = Declaration::default();
    let mut in_value = false;
    let mut quote = None;
    let mut depth = 0_usize;
    let mut rest = style.chars().peekable();
    while let Some(c) = rest.next() {
        let text = if in_value { &mut current.value } else { &mut current.name };
        match c {
            '\\' => text.extend(escaped(&mut rest)),
            '/' if quote.is_none() && rest.peek() == Some(&'*') => {
                let _star = rest.next();
                let mut last = ' ';
                for c in rest.by_ref() {
                    if (last, c) == ('*', '/') {
                        break;
                    }
                    last = c;
                }
                text.push(' ');
            }
            c if quote == Some(c) => {
                quote = None;
                text.push(c);
            }
            c if quote.is_some() => text.push(c),
            ';' if depth == 0 => {
                found.extend(std::mem::take(&mut current).finished());
                in_value = false;
            }
            ':' if depth == 0 && !in_value => in_value = true,
            c => {
                match c {
                    '"' | '\'' => quote = Some(c),
                    '(' | '[' | '{' => depth = depth.saturating_add(1),
                    ')' | ']' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                text.push(c);
            }
        }
    }
    found.extend(current.finished());
    found.sort_by_key(|declaration| declaration.is_important);
    found
}

/// The character behind a backslash: itself, or the one of a number.
fn escaped(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    let mut digits = String::new();
    while digits.len() < 6
        && let Some(digit) = rest.next_if(char::is_ascii_hexdigit)
    {
        digits.push(digit);
    }
    if digits.is_empty() {
        return rest.next();
    }
    let _separator = rest.next_if(char::is_ascii_whitespace);
    u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)
}

impl Declaration {
    fn finished(self) -> Option<Self> {
        let value = self.value.trim().to_ascii_lowercase();
        let (value, is_important) = match value.rsplit_once('!') {
            Some((value, mark)) if mark.trim() == "important" => (value.trim().to_owned(), true),
            Some(_) => return None,
            None => (value, false),
        };
        Some(Self { name: self.name.trim().to_ascii_lowercase(), value, is_important })
    }
}

#[cfg(test)]
mod tests {
    use html5ever::tendril::StrTendril;
    use html5ever::tokenizer::TagKind;
    use html5ever::{Attribute, LocalName, QualName, ns};

    use super::*;

    fn of(name: &str, attributes: &[(&str, &str)]) -> Appearance {
        let attribute = |(name, value): &(&str, &str)| Attribute {
            name: QualName::new(None, ns!(), LocalName::from(*name)),
            value: StrTendril::from(*value),
        };
        let attrs = attributes.iter().map(attribute).collect();
        Appearance::of(&Tag {
            kind: TagKind::StartTag,
            name: LocalName::from(name),
            self_closing: false,
            attrs,
            had_duplicate_attributes: false,
        })
    }

    #[test]
    fn q2_an_element_hides_itself_in_many_ways() {
        for style in [
            "display:none",
            " color : red ; DISPLAY : None ",
            "display: none !important; display: block",
            "display:block;display:none;",
            "display:none; display: blok",
            "/* a;b */ display/**/:/**/none",
            "d\\69splay:none",
            "display:n\\00006f ne",
            "background:url(a;b);display:none",
            "background:url(a;b);content:'x;y';display:none",
            "opacity:0",
            "opacity: 0.0",
            "opacity:0%",
            "content-visibility:hidden",
        ] {
            assert!(of("p", &[("style", style)]).is_hidden, "{style}");
        }
        for (name, attribute) in
            [("p", "hidden"), ("div", "popover"), ("dialog", "class"), ("datalist", "id"), ("video", "src")]
        {
            assert!(of(name, &[(attribute, "x")]).is_hidden, "{name} {attribute}");
        }
    }

    #[test]
    fn q2_an_element_that_only_seems_to_hide_itself_is_shown() {
        for style in [
            "",
            "display:none; display:block",
            "display:block !important; display:none",
            "display:none !importan",
            "displays:none",
            "--display:none",
            "content:'display:none'",
            "content:';display:none;'",
            "/* display:none */",
            "/* display:none",
            "dis/**/play:none",
            "display:no/**/ne",
            "display:inline-block",
            "opacity:0.1",
            "opacity:none",
            "display",
            ":none",
        ] {
            assert!(!of("p", &[("style", style)]).is_hidden, "{style}");
        }
        assert!(!of("p", &[("hidden", ""), ("style", "display:block")]).is_hidden);
        assert!(!of("dialog", &[("open", "")]).is_hidden);
        assert!(!of("details", &[]).is_hidden && !of("p", &[("aria-hidden", "true")]).is_hidden);
    }

    #[test]
    fn q2_an_element_says_whether_its_text_is_seen() {
        let visible = |style: &str| of("p", &[("style", style)]).is_visible;
        assert_eq!(visible("visibility:hidden"), Some(false));
        assert_eq!(visible("visibility:Collapse"), Some(false));
        assert_eq!(visible("visibility:hidden;visibility:visible"), Some(true));
        assert_eq!(visible("visibility:hidden;visibility:none"), Some(false));
        assert_eq!(visible("visibility:hidden;visibility:inherit"), None);
        let size = |style: &str| of("p", &[("style", style)]).has_size;
        assert_eq!([size("font-size:0"), size("font-size:0.0em"), size("font-size:0PX")], [Some(false); 3]);
        assert_eq!([size("font-size:12px"), size("font-size:medium")], [Some(true); 2]);
        assert_eq!([size("font-size:2em"), size("font-size:larger"), size("font:0")], [None; 3]);
    }
}
