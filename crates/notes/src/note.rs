//! The form of a note: a text, an empty line, and a line for each signature.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use syft_space_domain::audit::{Checkpoint, LogName};

use crate::verifier::VerifierKey;

/// What a line with a signature begins with: an em dash and a space.
const SIGNATURE_MARK: &str = "\u{2014} ";
/// The most bytes of a note that are looked at.
const MAX_BYTES: usize = 64 * 1024;

/// A text that is no checkpoint which a key has signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It has not the form.
    #[error("this is no signed checkpoint: it is three lines, an empty one, and a line for each signature")]
    Malformed,
    /// The key has not signed it.
    #[error("the checkpoint is not signed by the key of {name}")]
    NotSigned {
        /// The name of the key.
        name: String,
    },
    /// The signature is not of this text.
    #[error("the signature by the key of {name} is not of this checkpoint: it was changed")]
    WrongSignature {
        /// The name of the key.
        name: String,
    },
}

/// A signed checkpoint that was taken apart, and not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    checkpoint: Checkpoint,
    signed: SignedText,
}

/// A text with its signatures, of whatever it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignedText {
    /// The text, with the end of its last line.
    pub(crate) text: String,
    /// The name, the id of the key and the signature of each line.
    signatures: Vec<(String, [u8; 4], Vec<u8>)>,
}

/// Why a key does not vouch for a text.
pub(crate) enum NotVouched {
    NotSigned,
    WrongSignature,
}

impl SignedText {
    pub(crate) fn take_apart(note: &str) -> Option<Self> {
        if note.len() > MAX_BYTES || note.chars().any(|char| char.is_control() && char != '\n') {
            return None;
        }
        let (text, signed) = note.split_once("\n\n")?;
        let signatures: Option<Vec<_>> = signed.strip_suffix('\n')?.split('\n').map(signature).collect();
        Some(Self { text: format!("{text}\n"), signatures: signatures? })
    }

    pub(crate) fn verify(&self, key: &VerifierKey) -> Result<(), NotVouched> {
        let mut found = self.signatures.iter().filter(|(by, id, _)| by == key.name() && *id == key.id());
        let (_, _, signature) = found.next().ok_or(NotVouched::NotSigned)?;
        if key.verifies(self.text.as_bytes(), signature) { Ok(()) } else { Err(NotVouched::WrongSignature) }
    }
}

/// The text of a checkpoint, which is signed.
pub(crate) fn checkpoint_text(Checkpoint { log, size, root }: &Checkpoint) -> String {
    format!("{log}\n{size}\n{}\n", STANDARD.encode(root))
}

/// A text with a signature.
pub(crate) fn with_signature(text: &str, name: &str, key_id: [u8; 4], signature: &[u8]) -> String {
    let signed = STANDARD.encode([&key_id, signature].concat());
    format!("{text}\n{SIGNATURE_MARK}{name} {signed}\n")
}

impl SignedNote {
    /// Takes a note apart.
    ///
    /// # Errors
    /// When it is none, or no checkpoint.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        Self::take_apart(note).ok_or(NoteError::Malformed)
    }

    fn take_apart(note: &str) -> Option<Self> {
        let signed = SignedText::take_apart(note)?;
        let mut lines = signed.text.strip_suffix('\n')?.split('\n');
        let (log, number, root) = (lines.next()?, lines.next()?, lines.next()?);
        let size: u64 = number.parse().ok()?;
        // Lines that others add behind these three are theirs; ours has none.
        if lines.next().is_some() || log.is_empty() || size.to_string() != number {
            return None;
        }
        let root = STANDARD.decode(root).ok()?.try_into().ok()?;
        let checkpoint = Checkpoint { log: LogName::from_checkpoint(log.to_owned()), size, root };
        Some(Self { checkpoint, signed })
    }

    /// Which log it says that it is of; nobody has verified that yet.
    #[must_use]
    pub fn claimed_log(&self) -> &LogName {
        &self.checkpoint.log
    }

    /// The checkpoint, where this key has signed it.
    ///
    /// # Errors
    /// When it has not, or the text was changed since.
    pub fn verify(&self, key: &VerifierKey) -> Result<Checkpoint, NoteError> {
        let name = || key.name().to_owned();
        self.signed.verify(key).map_err(|error| match error {
            NotVouched::NotSigned => NoteError::NotSigned { name: name() },
            NotVouched::WrongSignature => NoteError::WrongSignature { name: name() },
        })?;
        Ok(self.checkpoint.clone())
    }
}

fn signature(line: &str) -> Option<(String, [u8; 4], Vec<u8>)> {
    let (name, encoded) = line.strip_prefix(SIGNATURE_MARK)?.split_once(' ')?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let (id, signature) = bytes.split_first_chunk()?;
    let is_name = !name.is_empty() && !name.contains(['+', ' ']);
    is_name.then(|| (name.to_owned(), *id, signature.to_vec()))
}

/// The notes of a text with one behind the other, as a folder of checkpoints keeps them.
#[must_use]
pub fn split_notes(text: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = String::new();
    let mut is_signed = false;
    for line in text.lines() {
        if is_signed && !line.starts_with(SIGNATURE_MARK) {
            notes.push(std::mem::take(&mut note));
            is_signed = false;
            if line.is_empty() {
                continue;
            }
        }
        is_signed = line.starts_with(SIGNATURE_MARK);
        note.push_str(line);
        note.push('\n');
    }
    if !note.trim().is_empty() {
        notes.push(note);
    }
    notes
}

/// Whether the last note of a text may be the beginning of one: a power cut in the middle of an append leaves such a note. A whole
/// one ends with a line that has a signature, and with the end of that line.
#[must_use]
pub fn may_be_torn(text: &str) -> bool {
    let last = text.trim_end_matches('\n').rsplit('\n').next().unwrap_or_default();
    !text.ends_with('\n') || !last.starts_with(SIGNATURE_MARK)
}

/// How many bytes of the end of a file of notes are no whole note, where each was written with an empty line behind it; `None` where no
/// note ends in these bytes, the last of the file.
#[must_use]
pub fn torn_bytes(end: &[u8]) -> Option<usize> {
    let mut whole = None;
    let mut begin = 0_usize;
    for line in end.split_inclusive(|byte| *byte == b'\n') {
        begin = begin.saturating_add(line.len());
        let is_signature = line.starts_with(SIGNATURE_MARK.as_bytes()) && line.ends_with(b"\n");
        // The empty line behind a signature belongs to the note.
        if is_signature || (line == b"\n" && whole == begin.checked_sub(1)) {
            whole = Some(begin);
        }
    }
    whole.map(|whole| end.len().saturating_sub(whole))
}
