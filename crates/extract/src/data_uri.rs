//! Files that stand in a text as `data:` URIs, such as the pictures of a Markdown file.
//!
//! Their bytes in base64 are no text: left in, they would be cut into chunks that are found by the headings above them.

use std::borrow::Cow;
use std::ops::Range;

/// The most bytes between `data:` and the data: a type and its parameters.
const MAX_TYPE_BYTES: usize = 200;
/// A line of base64 that was folded has at least as many characters; a shorter one may be a word.
const MIN_FOLDED_CHARS: usize = 40;
/// In brackets or quotation each piece but the last has at least as many.
const MIN_PIECE_CHARS: usize = 16;

/// A text without the `data:` URIs that hold a file: whose data are base64, or whose type is one of pictures, sounds,
/// films or fonts. One of text that can be read stays.
pub(crate) fn without_data_uris(text: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut end = 0_usize;
    for (colon, _) in text.match_indices(':') {
        // What stands in a URI is not looked at again.
        let found = if colon < end { None } else { uri(text, colon) };
        let Some(uri) = found.filter(|uri| uri.start >= end) else { continue };
        kept.push_str(text.get(end..uri.start).unwrap_or_default());
        end = uri.end;
    }
    if end == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(text.get(end..).unwrap_or_default());
    Cow::Owned(kept)
}

/// Where the URI stands whose scheme ends with this colon, if it is one that holds a file.
fn uri(text: &str, colon: usize) -> Option<Range<usize>> {
    let start = colon.checked_sub("data".len())?;
    let before = text.get(..start)?.chars().next_back();
    if !text.get(start..colon)?.eq_ignore_ascii_case("data") || before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let after = text.get(colon.saturating_add(1)..)?;
    let comma = after.bytes().take(MAX_TYPE_BYTES).position(|byte| byte == b',')?;
    let (kind, data) = after.split_at_checked(comma)?;
    let data = data.strip_prefix(',')?;
    if !is_type(kind) {
        return None;
    }
    let kind = kind.to_ascii_lowercase();
    let length = if kind.split(';').skip(1).any(|parameter| parameter.trim() == "base64") {
        base64_length(data, before)
    } else if ["image/", "audio/", "video/", "font/"].iter().any(|media| kind.starts_with(media)) {
        data_length(data, before)
    } else {
        return None;
    };
    // A type with a comma and a space behind it is spoken of, and is no file.
    if length == 0 {
        return None;
    }
    let data_start = text.len().saturating_sub(data.len());
    Some(start..data_start.saturating_add(length))
}

/// Whether this is a type and its parameters, as `image/png;charset=x;base64`: words of a sentence are not. The type may be
/// missing, not so the `;` then; some write a space behind that.
fn is_type(kind: &str) -> bool {
    let is_token = |token: &str| {
        let is_of_token = |c: char| c.is_ascii_alphanumeric() || "!#$&^_.+-%*'".contains(c);
        !token.is_empty() && token.chars().all(is_of_token)
    };
    let mut pieces = kind.split(';');
    let name = pieces.next().unwrap_or_default();
    let is_named = match name.split_once('/') {
        Some((kind, subtype)) => is_token(kind) && is_token(subtype),
        None => name.is_empty() && kind.starts_with(';'),
    };
    is_named
        && pieces.all(|parameter| {
            let parameter = parameter.trim_start_matches(' ');
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, "x"));
            is_token(name) && is_token(value.trim_matches('"'))
        })
}

/// What ends a URI that stands behind this character, when it ends there.
fn closing(before: Option<char>) -> Option<char> {
    match before? {
        '(' => Some(')'),
        '<' => Some('>'),
        quote @ ('"' | '\'' | '`') => Some(quote),
        _ => None,
    }
}

/// How long data in base64 are. In brackets or quotation they may be folded in any way, but not into words.
fn base64_length(data: &str, before: Option<char>) -> usize {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_' | '%');
    if let Some(closing) = closing(before) {
        let rest = data.trim_start_matches(|c: char| is_base64(c) || c.is_ascii_whitespace());
        let length = data.len().saturating_sub(rest.len());
        let mut pieces = data.get(..length).unwrap_or_default().split_ascii_whitespace();
        let _last = pieces.next_back();
        if rest.starts_with(closing) && pieces.all(|piece| piece.len() >= MIN_PIECE_CHARS) {
            return length;
        }
    }
    let mut rest = data.trim_start_matches(is_base64);
    loop {
        let next = rest.trim_start_matches(' ');
        let next = next.strip_prefix('\n').map(|next| next.trim_start_matches([' ', '\t']));
        let Some(line) = next else { break };
        let after = line.trim_start_matches(is_base64);
        let is_folded = line.len().saturating_sub(after.len()) >= MIN_FOLDED_CHARS
            && after.chars().next().is_none_or(|c| c.is_whitespace() || closing(before) == Some(c));
        if !is_folded {
            break;
        }
        rest = after;
    }
    data.len().saturating_sub(rest.len())
}

/// How long data are that are written as they are, or with `%`.
fn data_length(data: &str, before: Option<char>) -> usize {
    if let Some(quote) = closing(before).filter(|closing| !matches!(closing, ')' | '>'))
        && let Some(length) = data.find(quote)
        // A quotation that is not closed must not take what follows it: a drawing has lines, anything else has one.
        && let quoted = data.get(..length).unwrap_or_default()
        && !quoted.contains(if data.starts_with('<') { "\n\n" } else { "\n" })
    {
        return length;
    }
    let mut depth = 0_usize;
    let end = data.find(|c: char| match c {
        '(' => {
            depth = depth.saturating_add(1);
            false
        }
        ')' if depth > 0 => {
            depth = depth.saturating_sub(1);
            false
        }
        ')' | '"' => true,
        '>' => closing(before) == Some('>'),
        c => c.is_whitespace(),
    });
    end.unwrap_or(data.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_what_a_data_uri_holds_is_no_text() {
        let gif = "R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=";
        let folded = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ\n".repeat(3);
        for (text, left) in [
            (format!("![a map](data:image/gif;base64,{gif})"), "![a map]()"),
            (format!("![a](data:image/gif;base64,{gif} \"title\") b"), "![a]( \"title\") b"),
            (
                format!("[1]: <data:image/gif;base64,{gif}>\n[2]: DATA:image/GIF;BASE64,{gif}\n"),
                "[1]: <>\n[2]: \n",
            ),
            (format!("<img src=\"data:image/png;base64,\n {folded}\" alt='x'>"), "<img src=\"\" alt='x'>"),
            (format!("data:image/png; charset=x; base64,{folded}and on"), "\nand on"),
            (format!("`data:;base64,{gif}`, data:application/pdf;base64,{gif}."), "``, ."),
            ("![](data:image/svg+xml,%3Csvg%20a=%22(b)%22%3E) b".to_owned(), "![]() b"),
            ("<img src='data:image/svg+xml;utf8,<svg a=\"b c\">'>".to_owned(), "<img src=''>"),
            (format!("data:a/b;base64,{gif} data:a/b;base64,{gif}"), " "),
            // What stands around a URI stays, whatever it begins with.
            (
                format!("Personal data: send the map as data:image/gif;base64,{gif} in the form, today."),
                "Personal data: send the map as  in the form, today.",
            ),
            (format!("data:image/ is one, data:image/gif;base64,{gif}"), "data:image/ is one, "),
            ("(data:image/gif;base64,R0lGODlh in the form)".to_owned(), "( in the form)"),
            ("\"data:image/gif,x and\nthe \"harbor\"".to_owned(), "\" and\nthe \"harbor\""),
            ("<img src=\"data:image/svg+xml;utf8,<svg\n a='b c'>\">".to_owned(), "<img src=\"\">"),
            (format!("data:a/b;name=\"x.gif\";base64,{gif}"), ""),
        ] {
            assert_eq!(without_data_uris(&text), left, "{text}");
        }
    }

    #[test]
    fn q2_text_that_is_no_data_uri_stays() {
        for text in [
            "metadata:image/png;base64,AAAA",
            "data: image/png, and base64, too",
            "data:text/plain,hello",
            "data:base64,x",
            "ünïdata:",
            "data:",
            "The data: a, b; c",
            "The scheme data:image/ is for pictures, others are for films.",
            "The data: user=ada; pump=failed; encoding=x;base64,yes",
            "data:user=ada;base64,yes",
            "data:image/png and;base64,yes",
            "data:/png;base64,yes",
            "data:image/png;base 64;base64,yes",
            "A picture is data:image/png, a film is data:video/mp4;base64, and so on",
            ":,",
        ] {
            assert_eq!(without_data_uris(text), text);
        }
    }

    #[test]
    fn k16_many_uris_cost_no_more_than_their_length() {
        for piece in [
            "data:a/b;base64,",
            "(data:a/b;base64,A ",
            "'data:image/a,",
            "(data:image/a,(",
            "data:image/a,\n",
        ] {
            let _left = without_data_uris(&piece.repeat(100_000));
        }
    }
}
