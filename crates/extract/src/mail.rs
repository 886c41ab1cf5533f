//! The text of an e-mail.
//!
//! A message has a head and a body, which may be there as text and as a web page. Its head is shown as mail programs show it:
//! who wrote to whom, when and about what. Attached files are named and not read.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Address, Encoding, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused};

use crate::encoding::{Named, decode, decode_named};
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
    let subject = message.subject().map(|subject| told_truly(subject, bytes)).transpose()?;
    let title = subject.as_deref().and_then(text_builder::title);
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
            builder.words(&format!("{name}: {}", told_truly(&value, bytes)?));
            builder.gap(Gap::Line);
        }
    }
    builder.gap(Gap::Paragraph);
    builder.append(&bodies(&message, bytes)?);
    builder.gap(Gap::Paragraph);
    for attached in message.attachments().take(MAX_NAMES) {
        if let Some(name) = attached.attachment_name() {
            builder.words(&format!("Attached: {}", told_truly(name, bytes)?));
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
    for part in message.html_bodies() {
        let text = match part_text(part, bytes) {
            Ok(Some(text)) => text,
            Ok(None) | Err(FileRefused::NoText) => continue,
            Err(refused) => return Err(refused),
        };
        builder.gap(Gap::Paragraph);
        builder.verbatim(text.trim());
        if builder.is_full() {
            break;
        }
    }
    Ok(builder)
}

/// The text of a part, if it is a text or a page. Its bytes are looked at as those of a file are: what mail programs put in
/// place of what they cannot read is no text.
fn part_text(part: &MessagePart<'_>, message: &[u8]) -> Result<Option<String>, FileRefused> {
    let (parsed, is_page) = match &part.body {
        PartType::Html(page) => (page, true),
        PartType::Text(text) => (text, false),
        PartType::Binary(_) | PartType::InlineBinary(_) | PartType::Message(_) | PartType::Multipart(_) => {
            return Ok(None);
        }
    };
    let label = part.content_type().and_then(|kind| kind.attribute("charset"));
    // That a text is ASCII says nothing of what goes beyond it.
    let label = label.filter(|label| !is_ascii_label(label));
    let bytes = transferred(part, message);
    let text = match (&bytes, label, label.and_then(Named::of)) {
        (Some(bytes), None, _) if is_page => crate::html::extract(bytes)?.text,
        (Some(bytes), None, _) => decode(bytes)?.into_owned(),
        (Some(bytes), _, Some(named @ Named::Known(_))) if is_page => {
            crate::html::extract_named(bytes, named)?.text
        }
        (Some(bytes), _, Some(named @ Named::Known(_))) => decode_named(bytes, named)?.into_owned(),
        // An encoding that e-mails alone have.
        _ => {
            let text = told_truly(parsed, message)?;
            if is_page { crate::html::extract_decoded(&text)?.text } else { text }
        }
    };
    Ok(Some(text))
}

/// The bytes of a part before they were packed for the way.
fn transferred<'a>(part: &MessagePart<'_>, message: &'a [u8]) -> Option<Cow<'a, [u8]>> {
    let offset = |offset: u32| usize::try_from(offset).ok();
    let bytes = message.get(offset(part.offset_body)?..offset(part.offset_end)?)?;
    match part.encoding {
        Encoding::None => Some(Cow::Borrowed(bytes)),
        Encoding::Base64 => base64_decode(bytes).map(Cow::Owned),
        Encoding::QuotedPrintable => quoted_printable_decode(bytes).map(Cow::Owned),
    }
}

fn is_ascii_label(label: &str) -> bool {
    matches!(
        label.trim().to_ascii_lowercase().as_str(),
        "us-ascii" | "ascii" | "ansi_x3.4-1968" | "unknown-8bit"
    )
}

/// A text that was decoded by what it says of itself, if that was true.
fn told_truly(text: &str, message: &[u8]) -> Result<String, FileRefused> {
    // One that was broken before is no sign of an encoding that cannot be told.
    let was_broken = || message.windows(3).any(|window| window == "\u{fffd}".as_bytes());
    if text.contains('\u{fffd}') && !was_broken() {
        return Err(FileRefused::Encoding);
    }
    // UTF-8 under the name of the encoding that has a character for each of its bytes.
    let (bytes, _, is_lossy) = encoding_rs::WINDOWS_1252.encode(text);
    if !is_lossy
        && !text.is_ascii()
        && let Ok(text) = decode(&bytes)
    {
        return Ok(text.into_owned());
    }
    Ok(decode(text.as_bytes())?.into_owned())
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
    fn q2_what_a_part_is_said_to_be_in_is_believed_as_far_as_it_is_true() {
        let in_jis = "\x1b$B9A$NA%\x1b(B";
        let meta = "<meta charset=iso-2022-jp>";
        for (heads, body, shown) in [
            ("Content-Type: text/plain; charset=iso-2022-jp", in_jis.to_owned(), Ok("港の船")),
            ("Content-Type: text/plain; charset=\"CSISO2022JP\"", in_jis.to_owned(), Ok("港の船")),
            ("Content-Type: text/plain", in_jis.to_owned(), Err(())),
            ("X-None: 1", in_jis.to_owned(), Err(())),
            ("Content-Type: text/plain; charset=us-ascii", in_jis.to_owned(), Err(())),
            ("Content-Type: text/plain; charset=utf-8", in_jis.to_owned(), Err(())),
            ("Content-Type: text/plain; charset=iso-8859-1", in_jis.to_owned(), Err(())),
            ("Content-Type: text/plain; charset=x-unknown", in_jis.to_owned(), Err(())),
            (
                "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64",
                "GyRCOUEkTkElGyhC".to_owned(),
                Err(()),
            ),
            (
                "Content-Type: text/plain; charset=iso-2022-jp\nContent-Transfer-Encoding: base64",
                "GyRCOUEkTkElGyhC".to_owned(),
                Ok("港の船"),
            ),
            (
                "Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: quoted-printable",
                "=1B$B9A$NA%=1B(B".to_owned(),
                Err(()),
            ),
            ("Content-Type: text/html; charset=us-ascii", format!("{meta}<p>{in_jis}"), Ok("港の船")),
            ("Content-Type: text/html; charset=utf-8", format!("{meta}<p>{in_jis}"), Ok("港の船")),
            ("Content-Type: text/html", format!("{meta}<p>{in_jis}"), Ok("港の船")),
            ("Content-Type: text/html; charset=iso-2022-jp", format!("<p>{in_jis}"), Ok("港の船")),
            ("Content-Type: text/html", format!("<p>{in_jis}"), Err(())),
            ("Content-Type: text/plain; charset=iso-8859-1", "Grüße".to_owned(), Ok("Grüße")),
            ("Content-Type: text/plain; charset=gb2312", "~{<RCG~}".to_owned(), Err(())),
            ("Content-Type: text/plain; charset=us-ascii", "Gr+APwA3w-e".to_owned(), Err(())),
            ("Content-Type: text/plain; charset=utf-7", "Gr+APwA3w-e".to_owned(), Ok("Grüße")),
            ("Content-Type: text/plain; charset=hz-gb-2312", "~{<RCG~}".to_owned(), Err(())),
            (
                "Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64",
                "RwByAPwA".to_owned(),
                Ok("Grü"),
            ),
            (
                "Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: quoted-printable",
                "Gr=FC=DFe".to_owned(),
                Err(()),
            ),
        ] {
            let read = text(&format!("From: a@example.org\n{heads}\n\n{body}\n"));
            let read = read.map(|text| text.replace("From: a@example.org\n\n", ""));
            match shown {
                Ok(shown) => assert_eq!(read.as_deref(), Ok(shown), "{heads} {body:?}"),
                Err(()) => assert_eq!(read, Err(FileRefused::Encoding), "{heads} {body:?}"),
            }
        }
    }

    #[test]
    fn q2_the_heads_of_a_message_are_read_truly_or_not_at_all() {
        for (head, shown) in [
            ("Subject: =?iso-2022-jp?B?GyRCOUEkTkElGyhC?=", Some("# 港の船")),
            ("Subject: =?utf-8?B?GyRCOUEkTkElGyhC?=", None),
            ("Subject: =?us-ascii?Q?=1B$B9A=1B(B?=", None),
            ("Subject: \x1b$B9A$NA%\x1b(B", None),
            ("Subject: =?iso-8859-1?Q?Gr=C3=BC=C3=9Fe?=", Some("# Grüße")),
            ("Subject: Grüße", Some("# Grüße")),
            ("Subject: a\nTo: \x1b$B9A\x1b(B <b@example.org>", None),
            ("Subject: a\nTo: =?utf-8?B?GyRCOUEbKEI=?= <b@example.org>", None),
            (
                "Subject: a\nCc: =?iso-2022-jp?B?GyRCOUEbKEI=?= <b@example.org>",
                Some("# a\n\nCc: 港 <b@example.org>"),
            ),
        ] {
            let read = text(&format!("{head}\n\nx\n"));
            let shown = shown.map(|shown| format!("{shown}\n\nx")).ok_or(FileRefused::Encoding);
            assert_eq!(read, shown, "{head}");
        }
        assert_eq!(extract(b"Subject: Gr\xfc\xdfe\r\n\r\nx").err(), Some(FileRefused::Encoding));
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
