//! The text of an e-mail.
//!
//! A message has a head and a body, which may be there as text and as a web page. Its head is shown as mail programs show it:
//! who wrote to whom, when and about what. Attached files are named and not read.

mod part;
mod reading;
#[cfg(test)]
mod tests;
mod transfer;

use mail_parser::{Address, ContentType, MimeHeaders};
use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused};

use self::part::Part;
use self::reading::Reading;
use crate::encoding::decode;
use crate::package::damaged;
use crate::text_builder::{self, Gap, TextBuilder};

/// The most attached files that are named, and the most people.
const MAX_NAMES: usize = 100;

pub(crate) fn extract(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let part = parse(bytes)?;
    let message = &part.heads;
    if message.from().is_none() && message.subject().is_none() && message.date().is_none() {
        return Err(not_a_message("it has none of the heads of a message"));
    }
    if is_encrypted(&part) {
        return Err(FileRefused::Encrypted);
    }
    if is_opaquely_signed(&part) {
        return Err(not_a_message(
            "its text is packed with its signature (S/MIME), which is not read: open it in a mail program and save what that shows",
        ));
    }
    let mut builder = TextBuilder::default();
    let subject = message.subject().map(|subject| told_truly(subject, part.head_bytes)).transpose()?;
    let title = subject.as_deref().and_then(text_builder::title);
    if let Some(subject) = &title {
        builder.verbatim(&format!("# {subject}"));
        builder.gap(Gap::Paragraph);
    }
    write_heads(&mut builder, &part, false)?;
    builder.gap(Gap::Paragraph);
    let reading = Reading::of(&part)?;
    builder.append(&reading.text);
    builder.gap(Gap::Paragraph);
    for name in reading.attached {
        builder.words(&format!("Attached: {name}"));
        builder.gap(Gap::Line);
    }
    Ok(ExtractedText { title, text: builder.finish()?, marks: Vec::new() })
}

/// The text of a web page that is packed as an e-mail is (MHTML), without its pictures.
pub(crate) fn page(bytes: &[u8]) -> Result<String, FileRefused> {
    Reading::of(&parse(bytes)?)?.text.finish()
}

fn parse(bytes: &[u8]) -> Result<Part<'_>, FileRefused> {
    let part = Part::parse(bytes);
    if part.has_heads() { Ok(part) } else { Err(not_a_message("it is empty or begins with no head")) }
}

/// Writes the heads of a message as mail programs show them, a line for each.
fn write_heads(builder: &mut TextBuilder, part: &Part<'_>, with_subject: bool) -> Result<(), FileRefused> {
    let message = &part.heads;
    let subject = message.subject().filter(|_| with_subject);
    let heads = [
        ("Subject", subject.map(str::to_owned)),
        ("From", message.from().map(people)),
        ("To", message.to().map(people)),
        ("Cc", message.cc().map(people)),
        ("Date", message.date().map(mail_parser::DateTime::to_rfc3339)),
    ];
    for (name, value) in heads {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            builder.words(&format!("{name}: {}", told_truly(&value, part.head_bytes)?));
            builder.gap(Gap::Line);
        }
    }
    Ok(())
}

/// A text that was decoded by what it says of itself, if that was true.
fn told_truly(text: &str, bytes: &[u8]) -> Result<String, FileRefused> {
    // One that was broken before is no sign of an encoding that cannot be told.
    let was_broken = || bytes.windows(3).any(|window| window == "\u{fffd}".as_bytes());
    if text.contains('\u{fffd}') && !was_broken() {
        return Err(FileRefused::Encoding);
    }
    // UTF-8 under the name of the encoding that has a character for each of its bytes.
    let (in_1252, _, is_lossy) = encoding_rs::WINDOWS_1252.encode(text);
    if !is_lossy
        && !text.is_ascii()
        && let Ok(text) = decode(&in_1252)
    {
        return Ok(text.into_owned());
    }
    Ok(decode(text.as_bytes())?.into_owned())
}

fn is_encrypted(part: &Part<'_>) -> bool {
    let is_encrypted = |kind: &ContentType<'_>| {
        kind.subtype().is_some_and(|kind| kind.eq_ignore_ascii_case("encrypted"))
            || (is_cms(kind) && !is_signed(kind))
    };
    part.heads.content_type().is_some_and(is_encrypted)
}

/// Whether its text is within the signature (RFC 8551, 3.5.2).
fn is_opaquely_signed(part: &Part<'_>) -> bool {
    part.heads.content_type().is_some_and(|kind| is_cms(kind) && is_signed(kind))
}

fn is_cms(kind: &ContentType<'_>) -> bool {
    let subtype = kind.subtype().unwrap_or_default();
    ["pkcs7-mime", "x-pkcs7-mime"].iter().any(|cms| subtype.eq_ignore_ascii_case(cms))
}

fn is_signed(kind: &ContentType<'_>) -> bool {
    kind.attribute("smime-type").is_some_and(|kind| kind.eq_ignore_ascii_case("signed-data"))
}

fn people(address: &Address<'_>) -> String {
    let shown = address.iter().take(MAX_NAMES).filter_map(|person| match (person.name(), person.address()) {
        (Some(name), Some(address)) => Some(format!("{name} <{address}>")),
        (name, address) => name.or(address).map(str::to_owned),
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn not_a_message(why: &str) -> FileRefused {
    damaged(FileFormat::Eml, why)
}
