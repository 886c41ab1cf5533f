//! How do a parent and the child that reads its files speak?
//!
//! | from | bytes |
//! |---|---|
//! | parent, once | memory (8), processor seconds (4) |
//! | child, once | `READY`, length 0 |
//! | parent, for each file | format (1), length (4), the file |
//! | child, for each file | outcome (1), length (4), what it says of it |
//!
//! Numbers are little-endian. The child is believed nothing: what is not such an answer is [`Nonsense`].

use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused, NewDocument};

use crate::draft;

/// The bytes before a file or an answer.
pub(super) const HEAD: usize = 5;
/// The bytes of a child's [`Allowance`].
pub(super) const ALLOWANCE: usize = 12;
/// The outcome that is none: the child is confined and waits for files.
pub(super) const READY: u8 = b'r';

const TEXT: u8 = b't';
const DAMAGED: u8 = b'd';
const ENCODING: u8 = b'e';
const ENCRYPTED: u8 = b'p';
const NO_TEXT: u8 = b'n';
const TOO_LARGE: u8 = b'l';

/// The most bytes of an answer's body: a text, its title, and the title's length.
pub(super) const BODY_MAX: usize = NewDocument::MAX_BYTES + 4 * draft::TITLE_MAX + 4;

/// What a child may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    /// Bytes of address space.
    pub(super) memory: u64,
    /// Seconds of a processor, for all its files together.
    pub(super) processor: u32,
}

impl Allowance {
    pub(super) fn to_bytes(self) -> [u8; ALLOWANCE] {
        let mut bytes = [0; ALLOWANCE];
        let (memory, processor) = bytes.split_at_mut(8);
        memory.copy_from_slice(&self.memory.to_le_bytes());
        processor.copy_from_slice(&self.processor.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: [u8; ALLOWANCE]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        Self {
            memory: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            processor: u32::from_le_bytes([i, j, k, l]),
        }
    }
}

/// What is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Nonsense;

/// The head of a frame.
pub(super) fn head(kind: u8, length: usize) -> [u8; HEAD] {
    // Nothing longer is ever sent: files and texts have bounds far below.
    let [a, b, c, d] = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    [kind, a, b, c, d]
}

/// The kind and the length that a head tells.
pub(super) fn read_head(head: [u8; HEAD]) -> (u8, usize) {
    let [kind, a, b, c, d] = head;
    (kind, usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX))
}

pub(super) fn format_code(format: FileFormat) -> u8 {
    let position = FileFormat::ALL.iter().position(|one| *one == format);
    position.and_then(|position| u8::try_from(position).ok()).unwrap_or(u8::MAX)
}

pub(super) fn read_format(code: u8) -> Option<FileFormat> {
    FileFormat::ALL.get(usize::from(code)).copied()
}

/// An answer as it is sent: its kind and its body.
pub(super) fn answer(outcome: Result<ExtractedText, FileRefused>) -> Option<(u8, Vec<u8>)> {
    Some(match outcome {
        Ok(ExtractedText { title, text }) => {
            let title = title.unwrap_or_default();
            let length = u32::try_from(title.len()).unwrap_or(u32::MAX).to_le_bytes();
            (TEXT, [&length, title.as_bytes(), text.as_bytes()].concat())
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

/// Reads an answer.
pub(super) fn read_answer(
    format: FileFormat,
    kind: u8,
    body: Vec<u8>,
) -> Result<Result<ExtractedText, FileRefused>, Nonsense> {
    let refused = match (kind, body.as_slice()) {
        (TEXT, _) => return read_text(body).map(Ok),
        (DAMAGED, why) => FileRefused::Damaged(
            crate::name_of(format),
            draft::title(&String::from_utf8_lossy(why)).unwrap_or_default(),
        ),
        (ENCODING, []) => FileRefused::Encoding,
        (ENCRYPTED, []) => FileRefused::Encrypted,
        (NO_TEXT, []) => FileRefused::NoText,
        (TOO_LARGE, &[a, b, c, d, e, f, g, h]) => {
            FileRefused::TooLarge(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
        }
        _ => return Err(Nonsense),
    };
    Ok(Err(refused))
}

fn read_text(mut body: Vec<u8>) -> Result<ExtractedText, Nonsense> {
    let (length, rest) = body.split_first_chunk::<4>().ok_or(Nonsense)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| Nonsense)?;
    let title = rest.get(..length).ok_or(Nonsense)?;
    let title = draft::title(std::str::from_utf8(title).map_err(|_| Nonsense)?);
    body.drain(..length.saturating_add(4));
    let text = String::from_utf8(body).map_err(|_| Nonsense)?;
    if text.len() > NewDocument::MAX_BYTES || text.trim().is_empty() || text.chars().any(draft::is_noise) {
        return Err(Nonsense);
    }
    Ok(ExtractedText { title, text })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_outcome_arrives_as_it_was_sent() {
        let text =
            |title: Option<&str>| ExtractedText { title: title.map(str::to_owned), text: "ü\n".to_owned() };
        for outcome in [
            Ok(text(None)),
            Ok(text(Some("Größe"))),
            Err(FileRefused::Damaged("CSV", "row 2".to_owned())),
            Err(FileRefused::Encoding),
            Err(FileRefused::Encrypted),
            Err(FileRefused::NoText),
            Err(FileRefused::TooLarge(u64::MAX)),
        ] {
            let (kind, body) = answer(outcome.clone()).unwrap();
            assert_eq!(read_answer(FileFormat::Csv, kind, body), Ok(outcome));
        }
        for format in FileFormat::ALL {
            assert_eq!(read_format(format_code(format)), Some(format));
        }
        assert_eq!(read_format(7), None);
        let allowance = Allowance { memory: 1 << 40, processor: 77 };
        assert_eq!(Allowance::from_bytes(allowance.to_bytes()), allowance);
        assert_eq!(read_head(head(b'x', 70_000)), (b'x', 70_000));
    }

    #[test]
    fn k16_what_a_broken_reader_says_is_cleaned_or_refused() {
        let text = |body: &[u8]| read_answer(FileFormat::Text, TEXT, body.to_vec());
        assert_eq!(text(b"\0\0\0\0a\0b"), Err(Nonsense));
        assert_eq!(text(b"\0\0\0\0 "), Err(Nonsense));
        assert_eq!(text(b"\x09\0\0\0a"), Err(Nonsense));
        assert_eq!(text(b"\0\0\0\0\xff"), Err(Nonsense));
        let large = [vec![0; 4], vec![b'x'; NewDocument::MAX_BYTES + 1]].concat();
        assert_eq!(text(&large), Err(Nonsense));
        let why = read_answer(FileFormat::Pdf, DAMAGED, b"line\x1b[2J\n\xff".to_vec());
        assert_eq!(why, Ok(Err(FileRefused::Damaged("PDF", "line[2J \u{fffd}".to_owned()))));
    }

    proptest! {
        #[test]
        fn k16_no_answer_of_a_reader_is_a_panic(kind in any::<u8>(), body in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(Ok(text)) = read_answer(FileFormat::Text, kind, body) {
                prop_assert!(!text.text.trim().is_empty());
            }
        }
    }
}
