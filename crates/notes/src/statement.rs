//! The form of a statement that the key of a log signs: a signed note whose text begins with a line that no checkpoint begins with, nor a
//! statement of another kind, so that none passes for another although one key signs all.

use std::str::Split;

use syft_space_domain::audit::LogName;

use crate::note::{NotVouched, SignedText};
use crate::verifier::VerifierKey;

/// What a statement of one kind says, and how it is written.
pub trait Statement: Sized {
    /// What such a statement is called.
    const NAME: &'static str;
    /// What its text begins with.
    const FIRST_LINE: &'static str;

    /// The log by whose key it is signed.
    fn log(&self) -> &LogName;
    /// Its lines between the first one and that of the key, each a name and a value. What may be missing has none then.
    fn lines(&self) -> Vec<(&'static str, String)>;
    /// What these lines say; `None` where they are none of such a statement.
    fn read(lines: &mut Lines<'_>) -> Option<Self>;
}

/// A text that is no statement which a key has signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// It has not the form.
    #[error("this is no {what}, or not the whole of one")]
    Malformed {
        /// What it is none of.
        what: &'static str,
    },
    /// It is of another log than the key.
    #[error("the {what} is of the log {log}, and the key is that of {name}")]
    OtherLog {
        /// What it is.
        what: &'static str,
        /// Its log.
        log: String,
        /// The name of the key.
        name: String,
    },
    /// The key has not signed it.
    #[error("the {what} is not signed by this key")]
    NotSigned {
        /// What it is.
        what: &'static str,
    },
    /// The signature is not of this text.
    #[error("the signature is not of this {what}: something in it was changed")]
    WrongSignature {
        /// What it is.
        what: &'static str,
    },
}

/// A statement that was taken apart, and not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed<S> {
    statement: S,
    key: VerifierKey,
    signed: SignedText,
}

/// The text of a statement, which is signed.
pub(crate) fn statement_text<S: Statement>(statement: &S, key: &VerifierKey) -> String {
    let mut text = format!("{}\n", S::FIRST_LINE);
    for (name, value) in statement.lines() {
        // No value makes a line of its own.
        let value: String = value.chars().filter(|char| !char.is_control()).collect();
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push_str(&format!("key: {key}\n"));
    text
}

impl<S: Statement> Signed<S> {
    /// Takes a statement apart.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(note: &str) -> Result<Self, StatementError> {
        let parse = || {
            let signed = SignedText::take_apart(note)?;
            let (statement, key) = read(&signed.text)?;
            // So one statement has one text, and nobody reads it otherwise than whoever signed it.
            (statement_text(&statement, &key) == signed.text).then_some(Self { statement, key, signed })
        };
        parse().ok_or(StatementError::Malformed { what: S::NAME })
    }

    /// What it says; nobody has verified that yet.
    #[must_use]
    pub fn claimed(&self) -> &S {
        &self.statement
    }

    /// The key that it names itself. That proves as much as whoever handed it over is believed.
    #[must_use]
    pub fn claimed_key(&self) -> &VerifierKey {
        &self.key
    }

    /// What it says, where this key has signed it.
    ///
    /// # Errors
    /// When it has not, is that of another log, or the text was changed since.
    pub fn verify(&self, key: &VerifierKey) -> Result<&S, StatementError> {
        let (what, log) = (S::NAME, self.statement.log());
        if log.as_str() != key.name() {
            let (log, name) = (log.to_string(), key.name().to_owned());
            return Err(StatementError::OtherLog { what, log, name });
        }
        self.signed.verify(key).map_err(|error| match error {
            NotVouched::NotSigned => StatementError::NotSigned { what },
            NotVouched::WrongSignature => StatementError::WrongSignature { what },
        })?;
        Ok(&self.statement)
    }
}

/// The lines of a text in their order, some of which may be missing.
pub struct Lines<'a> {
    rest: Split<'a, char>,
    next: Option<&'a str>,
}

impl<'a> Lines<'a> {
    /// The value of the next line, where it has this name.
    pub fn value(&mut self, name: &str) -> Option<&'a str> {
        let value = self.next?.strip_prefix(name)?.strip_prefix(": ")?;
        self.next = self.rest.next();
        Some(value)
    }

    /// The same, parsed.
    pub fn parsed<T: std::str::FromStr>(&mut self, name: &str) -> Option<T> {
        self.value(name)?.parse().ok()
    }

    /// The value of the next line, parsed, where that has this name; `Some(None)` where it has another.
    pub fn optional<T: std::str::FromStr>(&mut self, name: &str) -> Option<Option<T>> {
        match self.value(name) {
            None => Some(None),
            Some(value) => value.parse().ok().map(Some),
        }
    }

    /// The same, of a hash in hexadecimal digits.
    pub fn hash(&mut self, name: &str) -> Option<[u8; 32]> {
        hash(self.value(name)?)
    }
}

/// A hash in hexadecimal digits.
pub(crate) fn hash(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).ok()?;
    Some(hash)
}

fn read<S: Statement>(text: &str) -> Option<(S, VerifierKey)> {
    let mut rest = text.strip_suffix('\n')?.split('\n');
    if rest.next() != Some(S::FIRST_LINE) {
        return None;
    }
    let next = rest.next();
    let mut lines = Lines { rest, next };
    let statement = S::read(&mut lines)?;
    let key = lines.parsed("key")?;
    lines.next.is_none().then_some((statement, key))
}
