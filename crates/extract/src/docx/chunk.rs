//! A file that stands in the document in place of a part of its text (`w:altChunk`, `w:subDoc`).

use syft_space_domain::dataset::{ExtractedText, FileRefused};

use super::damaged;
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
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let extracted = match (media_type.as_str(), ending.as_str()) {
        ("text/html" | "application/xhtml+xml", _) => crate::html::extract(&bytes),
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

fn missing(what: &str) -> FileRefused {
    damaged(&format!("a part of its text is an embedded file {what}: open it in Word and save it again"))
}

fn unread(name: &str, why: &str) -> FileRefused {
    damaged(&format!(
        "a part of its text is the embedded file {name} ({why}): open it in Word and save it again"
    ))
}
