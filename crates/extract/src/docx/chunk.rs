//! A file that stands in the document in place of a part of its text (`w:altChunk`, `w:subDoc`).

use syft_space_domain::dataset::{ExtractedText, FileRefused};

use super::damaged;
use crate::encoding::Named;
use crate::package::{Package, Relations};

/// The text of the file that the document embeds by the relation of this id.
///
/// # Errors
/// When it is not there, lies outside of the document, or is of a format that is not read here: a document must not be
/// taken in with a hole.
pub(super) fn text(
    package: &mut Package<'_>,
    relations: Option<&Relations>,
    id: &str,
) -> Result<String, FileRefused> {
    let relation = relations.and_then(|relations| relations.by_id(id));
    let relation = relation.ok_or_else(|| missing("which it does not name"))?;
    let part = relation.part.as_deref().ok_or_else(|| missing("outside of it"))?;
    let bytes = package.bytes(part)?.ok_or_else(|| missing("which is missing"))?;
    let name = part.rsplit('/').next().unwrap_or(part);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    let media_type = package.media_type(part)?.unwrap_or_default();
    let (media_type, parameters) = media_type.split_once(';').unwrap_or((&media_type, ""));
    let media_type = media_type.trim().to_ascii_lowercase();
    let named = charset(parameters).and_then(Named::of);
    let extracted = match (media_type.as_str(), ending.as_str()) {
        ("text/html" | "application/xhtml+xml", _) => match named {
            Some(named) => crate::html::extract_named(&bytes, named),
            None => crate::html::extract(&bytes),
        },
        ("text/plain", _) => crate::plain::text(&bytes),
        ("" | "application/xml" | "application/octet-stream", "html" | "htm" | "xhtml") => {
            crate::html::extract(&bytes)
        }
        ("" | "application/octet-stream", "txt") => crate::plain::text(&bytes),
        ("message/rfc822" | "multipart/related" | "application/x-mimearchive", _)
        | ("" | "application/octet-stream", "mht" | "mhtml") => {
            crate::mail::page(&bytes).map(|text| ExtractedText { title: None, text, marks: Vec::new() })
        }
        _ => return Err(unread(name, "whose format is not read there")),
    };
    match extracted {
        Ok(ExtractedText { text, .. }) => Ok(text),
        Err(FileRefused::NoText) => Ok(String::new()),
        Err(error @ FileRefused::TooLarge(_)) => Err(error),
        Err(error) => Err(unread(name, &error.to_string())),
    }
}

/// The value of the parameter `charset` of a media type.
fn charset(parameters: &str) -> Option<&str> {
    let mut parameters = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Some(value.trim().trim_matches('"'))
}

fn missing(what: &str) -> FileRefused {
    damaged(&format!("a part of its text is an embedded file {what}: open it in Word and save it again"))
}

fn unread(name: &str, why: &str) -> FileRefused {
    damaged(&format!(
        "a part of its text is the embedded file {name} ({why}): open it in Word and save it again"
    ))
}
