//! The protocol between a parent and the child that reads its files.
//!
//! | from | bytes |
//! |---|---|
//! | parent, once | memory (8), processor seconds (4) |
//! | child, once | `READY`, length (4), a line for each wall that it lacks |
//! | parent, for each file | format (1), length (4), the file |
//! | child, for each file | outcome (1), length (4), what it says of it |
//!
//! Numbers are little-endian. The child is believed nothing: what is not such a response is [`InvalidResponse`].

use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused, Landmark, Mark, NewDocument};

use crate::text_builder;

/// The bytes of a header, before a file or a response.
pub(super) const HEADER_BYTES: usize = 5;
/// The bytes of a child's [`ResourceLimits`].
pub(super) const RESOURCE_LIMITS_BYTES: usize = 12;
/// The first response: the child is confined, but for what it says, and waits for files.
pub(super) const READY: u8 = b'r';

const TEXT: u8 = b't';
const DAMAGED: u8 = b'd';
const ENCODING: u8 = b'e';
const ENCRYPTED: u8 = b'p';
const NO_TEXT: u8 = b'n';
const TOO_LARGE: u8 = b'l';

/// The bytes of a mark without its anchor: where it is, the number of its page, and the length of its anchor.
const MARK_BYTES: usize = 9;

/// The most bytes of a response's body: a text, its title, its marks, and the lengths of these.
pub(super) const MAX_BODY_BYTES: usize = NewDocument::MAX_BYTES
    + 4 * text_builder::MAX_TITLE_CHARS
    + Mark::MAX * (MARK_BYTES + Landmark::MAX_ANCHOR)
    + 8;

/// The resources that a child may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResourceLimits {
    /// Bytes of address space.
    pub(super) memory: u64,
    /// Seconds of a processor, for all its files together.
    pub(super) processor: u32,
}

impl ResourceLimits {
    pub(super) fn to_bytes(self) -> [u8; RESOURCE_LIMITS_BYTES] {
        let mut bytes = [0; RESOURCE_LIMITS_BYTES];
        let (memory, processor) = bytes.split_at_mut(8);
        memory.copy_from_slice(&self.memory.to_le_bytes());
        processor.copy_from_slice(&self.processor.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: [u8; RESOURCE_LIMITS_BYTES]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        Self {
            memory: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            processor: u32::from_le_bytes([i, j, k, l]),
        }
    }
}

/// The error for bytes that are no response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InvalidResponse;

/// Encodes the header of a frame.
pub(super) fn encode_header(kind: u8, length: usize) -> [u8; HEADER_BYTES] {
    // Nothing longer is ever sent: files and texts have bounds far below.
    let [a, b, c, d] = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    [kind, a, b, c, d]
}

/// Parses a header into kind and length.
pub(super) fn parse_header(header: [u8; HEADER_BYTES]) -> (u8, usize) {
    let [kind, a, b, c, d] = header;
    (kind, usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX))
}

pub(super) fn encode_format(format: FileFormat) -> u8 {
    let position = FileFormat::ALL.iter().position(|known| *known == format);
    position.and_then(|position| u8::try_from(position).ok()).unwrap_or(u8::MAX)
}

pub(super) fn decode_format(code: u8) -> Option<FileFormat> {
    FileFormat::ALL.get(usize::from(code)).copied()
}

/// Encodes a response: its kind and its body.
pub(super) fn encode_response(outcome: Result<ExtractedText, FileRefused>) -> Option<(u8, Vec<u8>)> {
    Some(match outcome {
        Ok(ExtractedText { title, text, marks }) => {
            let title = title.unwrap_or_default();
            let marks = encode_marks(&marks);
            let [of_title, of_marks] = [title.len(), marks.len()]
                .map(|length| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
            (TEXT, [&of_title, title.as_bytes(), &of_marks, marks.as_slice(), text.as_bytes()].concat())
        }
        Err(FileRefused::Damaged(_, why)) => (DAMAGED, why.into_bytes()),
        Err(FileRefused::Encoding) => (ENCODING, Vec::new()),
        Err(FileRefused::Encrypted) => (ENCRYPTED, Vec::new()),
        Err(FileRefused::NoText) => (NO_TEXT, Vec::new()),
        Err(FileRefused::TooLarge(bytes)) => (TOO_LARGE, bytes.to_le_bytes().to_vec()),
        // Only who waits for the reader can say so.
        Err(FileRefused::TooSlow(_) | FileRefused::TooHeavy) => return None,
    })
}

/// Decodes a response.
pub(super) fn decode_response(
    format: FileFormat,
    kind: u8,
    body: Vec<u8>,
) -> Result<Result<ExtractedText, FileRefused>, InvalidResponse> {
    let refused = match (kind, body.as_slice()) {
        (TEXT, _) => return decode_text(body).map(Ok),
        (DAMAGED, why) => FileRefused::Damaged(
            crate::format_name(format),
            text_builder::title(&String::from_utf8_lossy(why)).unwrap_or_default(),
        ),
        (ENCODING, []) => FileRefused::Encoding,
        (ENCRYPTED, []) => FileRefused::Encrypted,
        (NO_TEXT, []) => FileRefused::NoText,
        (TOO_LARGE, &[a, b, c, d, e, f, g, h]) => {
            FileRefused::TooLarge(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
        }
        _ => return Err(InvalidResponse),
    };
    Ok(Err(refused))
}

fn encode_marks(marks: &[Mark]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for Mark { at, landmark } in marks {
        let (page, anchor) = match landmark {
            Landmark::Page(number) => (*number, ""),
            Landmark::Anchor(id) => (0, id.as_str()),
        };
        bytes.extend(u32::try_from(*at).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend(page.to_le_bytes());
        bytes.push(u8::try_from(anchor.len()).unwrap_or(u8::MAX));
        bytes.extend(anchor.as_bytes());
    }
    bytes
}

/// Decodes the marks of a text, which are in order.
fn decode_marks(mut bytes: &[u8], text: &str) -> Result<Vec<Mark>, InvalidResponse> {
    let mut marks: Vec<Mark> = Vec::new();
    while let Some((&[a, b, c, d, e, f, g, h, length], rest)) = bytes.split_first_chunk::<MARK_BYTES>() {
        let (anchor, rest) = rest.split_at_checked(usize::from(length)).ok_or(InvalidResponse)?;
        let at = usize::try_from(u32::from_le_bytes([a, b, c, d])).map_err(|_| InvalidResponse)?;
        let landmark = match (u32::from_le_bytes([e, f, g, h]), std::str::from_utf8(anchor)) {
            (0, Ok(id)) => Landmark::anchor(id).ok_or(InvalidResponse)?,
            (page, Ok("")) => Landmark::Page(page),
            _ => return Err(InvalidResponse),
        };
        let follows = marks.last().is_none_or(|last| last.at <= at);
        if !follows || !text.is_char_boundary(at) || marks.len() >= Mark::MAX {
            return Err(InvalidResponse);
        }
        marks.push(Mark { at, landmark });
        bytes = rest;
    }
    if bytes.is_empty() { Ok(marks) } else { Err(InvalidResponse) }
}

/// Splits a part off that begins with its length.
fn split_part(bytes: &[u8]) -> Result<(&[u8], &[u8]), InvalidResponse> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(InvalidResponse)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| InvalidResponse)?;
    rest.split_at_checked(length).ok_or(InvalidResponse)
}

fn decode_text(mut body: Vec<u8>) -> Result<ExtractedText, InvalidResponse> {
    let (title, rest) = split_part(&body)?;
    let title = text_builder::title(std::str::from_utf8(title).map_err(|_| InvalidResponse)?);
    let (marks, text) = split_part(rest)?;
    let (marks, before_text) = (marks.to_vec(), body.len().saturating_sub(text.len()));
    body.drain(..before_text);
    let text = String::from_utf8(body).map_err(|_| InvalidResponse)?;
    if text.len() > NewDocument::MAX_BYTES
        || text.trim().is_empty()
        || text.chars().any(text_builder::is_disallowed_control)
    {
        return Err(InvalidResponse);
    }
    let marks = decode_marks(&marks, &text)?;
    Ok(ExtractedText { title, text, marks })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_outcome_arrives_as_it_was_sent() {
        let text = |title: Option<&str>| ExtractedText {
            title: title.map(str::to_owned),
            text: "ü\n".to_owned(),
            marks: vec![
                Mark { at: 0, landmark: Landmark::Page(7) },
                Mark { at: 2, landmark: Landmark::Anchor("x".repeat(Landmark::MAX_ANCHOR)) },
            ],
        };
        for outcome in [
            Ok(text(None)),
            Ok(text(Some("Größe"))),
            Err(FileRefused::Damaged("CSV", "row 2".to_owned())),
            Err(FileRefused::Encoding),
            Err(FileRefused::Encrypted),
            Err(FileRefused::NoText),
            Err(FileRefused::TooLarge(u64::MAX)),
        ] {
            let (kind, body) = encode_response(outcome.clone()).unwrap();
            assert_eq!(decode_response(FileFormat::Csv, kind, body), Ok(outcome));
        }
        for format in FileFormat::ALL {
            assert_eq!(decode_format(encode_format(format)), Some(format));
        }
        assert_eq!(decode_format(u8::try_from(FileFormat::ALL.len()).unwrap()), None);
        let resource_limits = ResourceLimits { memory: 1 << 40, processor: 77 };
        assert_eq!(ResourceLimits::from_bytes(resource_limits.to_bytes()), resource_limits);
        assert_eq!(parse_header(encode_header(b'x', 70_000)), (b'x', 70_000));
    }

    #[test]
    fn k16_what_a_broken_reader_says_is_cleaned_or_refused() {
        let text = |body: &[u8]| decode_response(FileFormat::Text, TEXT, body.to_vec());
        assert_eq!(text(b"\0\0\0\0\0\0\0\0a\0b"), Err(InvalidResponse));
        assert_eq!(text(b"\0\0\0\0\0\0\0\0 "), Err(InvalidResponse));
        assert_eq!(text(b"\x09\0\0\0a"), Err(InvalidResponse));
        assert_eq!(text(b"\0\0\0\0\0\0\0\0\xff"), Err(InvalidResponse));
        let marked = |marks: &[u8]| {
            let length = u8::try_from(marks.len()).unwrap();
            text(&[&[0, 0, 0, 0, length, 0, 0, 0], marks, "aü".as_bytes()].concat())
        };
        assert!(marked(b"\x01\0\0\0\0\0\0\0\x01x").unwrap().is_ok());
        for wrong in [
            &b"\x02\0\0\0\x01\0\0\0\0"[..],
            b"\x09\0\0\0\x01\0\0\0\0",
            b"\0\0\0\0\0\0\0\0\0",
            b"\0\0\0\0\0\0\0\0\x03a b",
            b"\0\0\0\0\x01\0\0\0\x01x",
            b"\0\0\0\0\0\0\0\0\x05x",
            b"\x01\0\0\0\x01\0\0\0\0\0\0\0\0\x01\0\0\0\0",
            b"\0\0\0\0",
        ] {
            assert_eq!(marked(wrong), Err(InvalidResponse), "{wrong:?}");
        }
        let large = [vec![0; 8], vec![b'x'; NewDocument::MAX_BYTES + 1]].concat();
        assert_eq!(text(&large), Err(InvalidResponse));
        let why = decode_response(FileFormat::Pdf, DAMAGED, b"line\x1b[2J\n\xff".to_vec());
        assert_eq!(why, Ok(Err(FileRefused::Damaged("PDF", "line[2J \u{fffd}".to_owned()))));
    }

    proptest! {
        #[test]
        fn k16_no_answer_of_a_reader_is_a_panic(kind in any::<u8>(), body in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(Ok(text)) = decode_response(FileFormat::Text, kind, body) {
                prop_assert!(!text.text.trim().is_empty());
            }
        }
    }
}
