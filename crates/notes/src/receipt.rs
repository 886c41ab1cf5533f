//! The form of a receipt: a signed note whose text begins with a line that no checkpoint begins with, so that neither passes for
//! the other although one key signs both.

use std::str::Split;

use syft_space_domain::audit::{AnswerReceipt, Digest, LogName};

use crate::note::{NotVouched, SignedText};
use crate::verifier::VerifierKey;

/// What the text of a receipt begins with.
const FIRST_LINE: &str = "syft-space receipt v1";

/// A text that is no receipt which a key has signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// It has not the form.
    #[error("this is no receipt, or not the whole of one")]
    Malformed,
    /// It is of another log than the key.
    #[error("the receipt is of the log {log}, and the key is that of {name}")]
    OtherLog {
        /// The log of the receipt.
        log: String,
        /// The name of the key.
        name: String,
    },
    /// The key has not signed it.
    #[error("the receipt is not signed by this key")]
    NotSigned,
    /// The signature is not of this text.
    #[error("the signature is not of this receipt: something in it was changed")]
    WrongSignature,
}

/// A receipt that was taken apart, and not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedReceipt {
    receipt: AnswerReceipt,
    key: VerifierKey,
    signed: SignedText,
}

/// The text of a receipt, which is signed. What may be missing has no line then.
pub(crate) fn receipt_text(receipt: &AnswerReceipt, key: &VerifierKey) -> String {
    let AnswerReceipt {
        log,
        seq,
        leaf,
        time,
        request,
        outcome,
        endpoint,
        correlation,
        question,
        status,
        answer,
    } = receipt;
    let lines = [
        Some(FIRST_LINE.to_owned()),
        Some(format!("log: {log}")),
        Some(format!("number: {seq}")),
        Some(format!("leaf: {}", hex::encode(leaf))),
        Some(format!("time: {time}")),
        Some(format!("request: {request}")),
        Some(format!("outcome: {outcome}")),
        endpoint.as_deref().map(|endpoint| format!("endpoint: {}", one_line(endpoint))),
        correlation.as_deref().map(|id| format!("correlation: {}", one_line(id))),
        question.map(|digest| format!("question: {}", hex::encode(digest))),
        Some(format!("status: {status}")),
        Some(format!("answer: {}", hex::encode(answer))),
        Some(format!("key: {key}")),
    ];
    lines.into_iter().flatten().map(|line| line + "\n").collect()
}

/// A text without what could begin a line of its own.
fn one_line(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).collect()
}

impl SignedReceipt {
    /// Takes a receipt apart.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(note: &str) -> Result<Self, ReceiptError> {
        let parse = || {
            let signed = SignedText::take_apart(note)?;
            let (receipt, key) = read(&signed.text)?;
            // So one receipt has one text, and nobody reads it otherwise than whoever signed it.
            (receipt_text(&receipt, &key) == signed.text).then_some(Self { receipt, key, signed })
        };
        parse().ok_or(ReceiptError::Malformed)
    }

    /// What it says; nobody has verified that yet.
    #[must_use]
    pub fn claimed(&self) -> &AnswerReceipt {
        &self.receipt
    }

    /// The key that it names itself. That proves as much as whoever handed the receipt over is believed.
    #[must_use]
    pub fn claimed_key(&self) -> &VerifierKey {
        &self.key
    }

    /// What it says, where this key has signed it.
    ///
    /// # Errors
    /// When it has not, is that of another log, or the text was changed since.
    pub fn verify(&self, key: &VerifierKey) -> Result<&AnswerReceipt, ReceiptError> {
        if self.receipt.log.as_str() != key.name() {
            let (log, name) = (self.receipt.log.to_string(), key.name().to_owned());
            return Err(ReceiptError::OtherLog { log, name });
        }
        self.signed.verify(key).map_err(|error| match error {
            NotVouched::NotSigned => ReceiptError::NotSigned,
            NotVouched::WrongSignature => ReceiptError::WrongSignature,
        })?;
        Ok(&self.receipt)
    }
}

/// The lines of a text in their order, some of which may be missing.
struct Lines<'a> {
    rest: Split<'a, char>,
    next: Option<&'a str>,
}

impl<'a> Lines<'a> {
    /// The value of the next line, where it has this name.
    fn optional(&mut self, name: &str) -> Option<&'a str> {
        let value = self.next?.strip_prefix(name)?.strip_prefix(": ")?;
        self.next = self.rest.next();
        Some(value)
    }
}

fn read(text: &str) -> Option<(AnswerReceipt, VerifierKey)> {
    let mut rest = text.strip_suffix('\n')?.split('\n');
    if rest.next() != Some(FIRST_LINE) {
        return None;
    }
    let next = rest.next();
    let mut lines = Lines { rest, next };
    let receipt = AnswerReceipt {
        log: LogName::from_checkpoint(lines.optional("log")?.to_owned()),
        seq: lines.optional("number")?.parse().ok()?,
        leaf: digest(lines.optional("leaf")?)?,
        time: lines.optional("time")?.parse().ok()?,
        request: lines.optional("request")?.parse().ok()?,
        outcome: lines.optional("outcome")?.parse().ok()?,
        endpoint: lines.optional("endpoint").map(str::to_owned),
        correlation: lines.optional("correlation").map(str::to_owned),
        question: match lines.optional("question") {
            None => None,
            Some(text) => Some(digest(text)?),
        },
        status: lines.optional("status")?.parse().ok()?,
        answer: digest(lines.optional("answer")?)?,
    };
    let key = lines.optional("key")?.parse().ok()?;
    lines.next.is_none().then_some((receipt, key))
}

fn digest(text: &str) -> Option<Digest> {
    let mut digest = [0; 32];
    hex::decode_to_slice(text, &mut digest).ok()?;
    Some(digest)
}
