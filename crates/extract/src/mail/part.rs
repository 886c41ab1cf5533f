//! A part of a message: its heads, its body, and the parts in that.

use std::borrow::Cow;

use mail_parser::parsers::MessageStream;
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders};

use super::transfer;

/// A part, or the message itself.
pub(super) struct Part<'a> {
    /// Its heads alone.
    pub(super) heads: Message<'a>,
    /// The bytes of its heads, which say what is truly in them.
    pub(super) head_bytes: &'a [u8],
    body: &'a [u8],
}

/// What a part is, as far as it makes a difference to how it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Mixed,
    Alternative,
    Related,
    Digest,
    Message,
    Page,
    /// Text of any kind but a page, and whether that is plain.
    Text {
        is_plain: bool,
    },
    Other,
}

impl<'a> Part<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Self {
        let mut stream = MessageStream::new(bytes);
        let mut headers = Vec::new();
        let _is_ended = stream.parse_headers(&MessageParser::default(), &mut headers);
        let (head_bytes, body) = bytes.split_at_checked(stream.offset()).unwrap_or((bytes, &[]));
        // Lines without a name that stand where heads should are text.
        let is_headless = headers.is_empty() && !head_bytes.trim_ascii().is_empty();
        let (head_bytes, body): (&[u8], _) = if is_headless { (&[], bytes) } else { (head_bytes, body) };
        let parts = vec![MessagePart { headers, ..MessagePart::default() }];
        Self { heads: Message { parts, ..Message::default() }, head_bytes, body }
    }

    /// Whether it has any heads.
    pub(super) fn has_heads(&self) -> bool {
        self.heads.parts.iter().any(|part| !part.headers.is_empty())
    }

    /// What it is by what it says; one that says nothing is what parts of that which it stands in are.
    pub(super) fn kind(&self, within: Kind) -> Kind {
        let Some(kind) = self.heads.content_type() else {
            return if within == Kind::Digest { Kind::Message } else { Kind::Text { is_plain: true } };
        };
        let subtype = kind.subtype().unwrap_or_default().to_ascii_lowercase();
        match (kind.ctype().to_ascii_lowercase().as_str(), subtype.as_str()) {
            ("multipart", "alternative") => Kind::Alternative,
            ("multipart", "related") => Kind::Related,
            ("multipart", "digest") => Kind::Digest,
            ("multipart", _) => Kind::Mixed,
            ("message", "rfc822" | "global") => Kind::Message,
            ("text", "html") | ("application", "xhtml+xml") => Kind::Page,
            ("text", subtype) => Kind::Text { is_plain: subtype == "plain" },
            _ => Kind::Other,
        }
    }

    /// The parts in it; `None` when no line parts it.
    ///
    /// Where the line that it tells is not there, it is the first of its body behind which heads of a part stand, as far as that stands there
    /// again: rules of dashes part nothing.
    pub(super) fn parts(&self) -> Option<Vec<&'a [u8]>> {
        let told = self.parameter("boundary").map(|boundary| boundary.trim_ascii_end().as_bytes());
        told.filter(|told| !told.is_empty()).and_then(|told| parted(self.body, told)).or_else(|| {
            let mut lines = self.body.split(|byte| *byte == b'\n').peekable();
            let mut boundary = None;
            while let (None, Some(line)) = (boundary, lines.next()) {
                let begins_part = lines.peek().is_some_and(|next| is_head_of_part(next));
                let stroke = line.trim_ascii_end().strip_prefix(b"--").filter(|rest| !rest.is_empty());
                boundary = stroke.filter(|_| begins_part);
            }
            let boundary = boundary?;
            lines.find_map(|line| closes(line, boundary))?;
            parted(self.body, boundary)
        })
    }

    /// Its bytes before they were packed for the way, and the text behind them that never was.
    pub(super) fn unpacked(&self) -> (Cow<'a, [u8]>, &'a [u8]) {
        transfer::unpack(self.body, self.encoding())
    }

    /// Whether its bytes are packed for the way.
    pub(super) fn is_packed(&self) -> bool {
        ["base64", "quoted-printable"].iter().any(|packed| self.encoding().eq_ignore_ascii_case(packed))
    }

    fn encoding(&self) -> &str {
        self.heads.content_transfer_encoding().unwrap_or_default().trim()
    }

    /// Whether it is sent along, and no part of what is read.
    pub(super) fn is_attached(&self) -> bool {
        self.heads.content_disposition().is_some_and(mail_parser::ContentType::is_attachment)
    }

    /// A parameter of its `Content-Type`.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.heads.content_type()?.attribute(name)
    }
}

/// The parts of a body that such lines part.
///
/// What comes before the first of them and after the last is for programs that know no parts. The end of the file ends the
/// last part as its line would have.
fn parted<'a>(body: &'a [u8], boundary: &[u8]) -> Option<Vec<&'a [u8]>> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (None, 0_usize);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let end = at.saturating_add(line.len());
        if let Some(closes) = closes(line, boundary) {
            parts.extend(start.and_then(|start| body.get(start..at)));
            start = (!closes).then_some(end);
            if closes && !parts.is_empty() {
                break;
            }
        }
        at = end;
    }
    parts.extend(start.and_then(|start| body.get(start..)));
    if parts.is_empty() { None } else { Some(parts) }
}

/// Whether a line is a head that a part has.
fn is_head_of_part(line: &[u8]) -> bool {
    const NAME: &[u8] = b"content-";
    line.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME))
}

/// Whether a line that parts a body by this boundary closes it; `None` when it is no such line.
fn closes(line: &[u8], boundary: &[u8]) -> Option<bool> {
    match line.strip_prefix(b"--")?.strip_prefix(boundary)?.trim_ascii() {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}
