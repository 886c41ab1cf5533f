//! The text of an e-mail.
//!
//! A message has a head and a body, which may be there as text and as a web page. Its head is shown as mail programs show it:
//! who wrote to whom, when and about what. Attached files are named and not read.

use mail_parser::{Address, Message, MessageParser, MimeHeaders, PartType};
use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused};

use crate::package::damaged;
use crate::text_builder::{self, Gap, TextBuilder};

/// The most attached files that are named, and the most people.
const MAX_NAMES: usize = 100;

pub(crate) fn extract(bytes: &[u8]) -> Result<ExtractedText, FileRefused> {
    let message = MessageParser::default().parse(bytes).ok_or_else(|| not_a_message("it is empty"))?;
    if message.from().is_none() && message.subject().is_none() && message.date().is_none() {
        return Err(not_a_message("it has none of the heads of a message"));
    }
    if is_encrypted(&message) {
        return Err(FileRefused::Encrypted);
    }
    let mut builder = TextBuilder::default();
    let title = message.subject().and_then(text_builder::title);
    if let Some(subject) = &title {
        builder.verbatim(&format!("# {subject}"));
        builder.gap(Gap::Paragraph);
    }
    let date = message.date().map(mail_parser::DateTime::to_rfc3339);
    let heads = [
        ("From", message.from().map(people)),
        ("To", message.to().map(people)),
        ("Cc", message.cc().map(people)),
        ("Date", date),
    ];
    for (name, value) in heads {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            builder.words(&format!("{name}: {value}"));
            builder.gap(Gap::Line);
        }
    }
    builder.gap(Gap::Paragraph);
    builder.append(&bodies(&message, bytes)?);
    builder.gap(Gap::Paragraph);
    for attached in message.attachments().take(MAX_NAMES) {
        if let Some(name) = attached.attachment_name() {
            builder.words(&format!("Attached: {name}"));
            builder.gap(Gap::Line);
        }
    }
    Ok(ExtractedText { title, text: builder.finish()?, marks: Vec::new() })
}

/// The text of a web page that is packed as an e-mail is (MHTML), without its pictures.
pub(crate) fn page(bytes: &[u8]) -> Result<String, FileRefused> {
    let message = MessageParser::default().parse(bytes).ok_or_else(|| not_a_message("it is empty"))?;
    bodies(&message, bytes)?.finish()
}

/// The texts of the message itself.
fn bodies(message: &Message<'_>, bytes: &[u8]) -> Result<TextBuilder, FileRefused> {
    let mut builder = TextBuilder::default();
    // A text that was broken before is no sign of an encoding that cannot be told.
    let was_broken = bytes.windows(3).any(|window| window == "\u{fffd}".as_bytes());
    for part in message.html_bodies() {
        let text = match &part.body {
            // It is text already, whatever encoding the page names.
            PartType::Html(html) => match crate::html::extract(format!("\u{feff}{html}").as_bytes()) {
                Ok(extracted) => extracted.text,
                Err(FileRefused::NoText) => continue,
                Err(refused) => return Err(refused),
            },
            PartType::Text(text) => text.replace("\r\n", "\n"),
            PartType::Binary(_)
            | PartType::InlineBinary(_)
            | PartType::Message(_)
            | PartType::Multipart(_) => {
                continue;
            }
        };
        if text.contains('\u{fffd}') && !was_broken {
            return Err(FileRefused::Encoding);
        }
        builder.gap(Gap::Paragraph);
        builder.verbatim(text.trim());
        if builder.is_full() {
            break;
        }
    }
    Ok(builder)
}

fn is_encrypted(message: &Message<'_>) -> bool {
    message.content_type().is_some_and(|kind| {
        let subtype = kind.subtype().unwrap_or_default().to_ascii_lowercase();
        let is_signed =
            kind.attribute("smime-type").is_some_and(|kind| kind.eq_ignore_ascii_case("signed-data"));
        matches!(subtype.as_str(), "encrypted" | "pkcs7-mime" | "x-pkcs7-mime") && !is_signed
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &str) -> Result<String, FileRefused> {
        extract(message.replace('\n', "\r\n").as_bytes()).map(|extracted| extracted.text)
    }

    #[test]
    fn q2_a_message_is_its_head_its_text_and_the_names_of_what_is_attached() {
        let message = "From: =?utf-8?Q?Ada_L=C3=B6we?= <ada@example.org>\nTo: Bob <bob@example.org>, crew@example.org\n\
            Subject: =?iso-8859-1?Q?The_harbor=27s_Gr=FC=DFe?=\nDate: Sun, 12 May 2024 14:30:00 +0200\nMIME-Version: 1.0\n\
            Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\
            Content-Type: text/plain; charset=utf-8\n\nas text\n--c\nContent-Type: text/html; charset=windows-1252\n\
            Content-Transfer-Encoding: quoted-printable\n\n<html><head><meta charset=3Diso-8859-1></head><h2>Ships</h2><p>5 =80 =\n\
            each.</p></html>\n--c--\n--b\nContent-Type: application/pdf; name=\"plan.pdf\"\nContent-Disposition: attachment\n\
            Content-Transfer-Encoding: base64\n\nAAAA\n--b--\n";
        let expected = "# The harbor's Grüße\n\nFrom: Ada Löwe <ada@example.org>\nTo: Bob <bob@example.org>, crew@example.org\n\
            Date: 2024-05-12T14:30:00+02:00\n\n## Ships\n\n5 € each.\n\nAttached: plan.pdf";
        assert_eq!(text(message).as_deref(), Ok(expected));
        let plain = "Subject: Tides\n\nHigh at noon.\nLow at six.\n";
        assert_eq!(text(plain).as_deref(), Ok("# Tides\n\nHigh at noon.\nLow at six."));
        let packed = "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>Here</p>\n--b--\n";
        assert_eq!(page(packed.as_bytes()).as_deref(), Ok("Here"));
    }

    #[test]
    fn k16_what_is_encrypted_or_no_message_is_refused() {
        let kind = |kind: &str| text(&format!("From: a@example.org\nContent-Type: {kind}\n\nx\n"));
        assert_eq!(kind("multipart/encrypted; boundary=b"), Err(FileRefused::Encrypted));
        assert_eq!(kind("application/pkcs7-mime; smime-type=enveloped-data"), Err(FileRefused::Encrypted));
        assert_eq!(extract(b"From: a@example.org\r\n\r\nGr\xfc\xdfe").err(), Some(FileRefused::Encoding));
        for other in ["", "plain text", "a,b\n1,2\n"] {
            assert!(matches!(text(other), Err(FileRefused::Damaged("EML", _))), "{other}");
        }
        // Parts in parts, and boundaries without end.
        let deep: String = (0..20_000).fold("From: a@example.org\n".to_owned(), |all, at| {
            format!("{all}Content-Type: multipart/mixed; boundary=b{at}\n\n--b{at}\n")
        });
        let _refused = text(&deep);
        let many = format!(
            "Subject: a\nContent-Type: multipart/mixed; boundary=b\n\n{}",
            "--b\n\nx\n".repeat(50_000)
        );
        assert!(text(&many).is_ok());
    }
}
