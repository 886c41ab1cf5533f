//! The credential that proves to a hub who we are.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::secret::Secret;
use crate::time::Timestamp;

/// What proves to a hub who a tenant is there. At rest it is sealed, in the form that [`to_plain`](Self::to_plain)
/// gives.
#[derive(Clone)]
pub enum HubCredential {
    /// A personal access token.
    Pat(Secret<String>),
    /// A name and a password, with which a session is begun and kept.
    Password {
        /// The name, or the e-mail address, that the hub's login takes.
        username: String,
        /// The password.
        password: Secret<String>,
    },
}

/// A hub does not accept a credential any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRefusal {
    /// Since when that is known.
    pub at: Timestamp,
    /// What the hub said of why.
    pub why: String,
}

/// A text that is no secret for a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HubSecretError {
    /// Nothing.
    #[error("is empty")]
    Empty,
    /// A control character, which no hub gives out and no header can carry.
    #[error("holds a control character")]
    Control,
    /// Too long.
    #[error("has more than {} bytes", HubCredential::MAX_SECRET_BYTES)]
    TooLong,
}

/// What was opened is no credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is stored is no credential for a hub")]
pub struct NoCredential;

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Plain<'a> {
    Pat { token: Cow<'a, str> },
    Password { username: Cow<'a, str>, password: Cow<'a, str> },
}

impl HubCredential {
    /// The most bytes of a token or a password.
    pub const MAX_SECRET_BYTES: usize = 4_096;

    /// Checks a token or a password.
    ///
    /// # Errors
    /// When it is empty, too long, or holds a control character.
    pub fn check_secret(secret: &Secret<String>) -> Result<(), HubSecretError> {
        let text = secret.expose();
        match text.len() {
            0 => Err(HubSecretError::Empty),
            1..=Self::MAX_SECRET_BYTES if text.chars().any(char::is_control) => Err(HubSecretError::Control),
            1..=Self::MAX_SECRET_BYTES => Ok(()),
            _ => Err(HubSecretError::TooLong),
        }
    }

    /// The name of its type in JSON.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Pat(_) => "pat",
            Self::Password { .. } => "password",
        }
    }

    /// The bytes that are sealed.
    #[must_use]
    pub fn to_plain(&self) -> Secret<Vec<u8>> {
        let plain = match self {
            Self::Pat(token) => Plain::Pat { token: token.expose().into() },
            Self::Password { username, password } => {
                Plain::Password { username: username.into(), password: password.expose().into() }
            }
        };
        // An enum of texts always serialises.
        Secret::new(serde_json::to_vec(&plain).unwrap_or_default())
    }

    /// Reads what was sealed.
    ///
    /// # Errors
    /// When it is no credential.
    pub fn from_plain(plain: &Secret<Vec<u8>>) -> Result<Self, NoCredential> {
        match serde_json::from_slice(plain.expose()).map_err(|_| NoCredential)? {
            Plain::Pat { token } => Ok(Self::Pat(Secret::new(token.into_owned()))),
            Plain::Password { username, password } => Ok(Self::Password {
                username: username.into_owned(),
                password: Secret::new(password.into_owned()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k18_a_secret_that_no_header_could_carry_is_refused() {
        let check = |text: &str| HubCredential::check_secret(&Secret::new(text.to_owned()));
        assert_eq!(check("syft_pat_x"), Ok(()));
        assert_eq!(check(&"x".repeat(HubCredential::MAX_SECRET_BYTES)), Ok(()));
        assert_eq!(check(""), Err(HubSecretError::Empty));
        assert_eq!(check("a\nb"), Err(HubSecretError::Control));
        let long = "x".repeat(HubCredential::MAX_SECRET_BYTES + 1);
        assert_eq!(check(&long), Err(HubSecretError::TooLong));
    }

    #[test]
    fn k18_what_is_sealed_is_read_back_and_nothing_else_is() {
        let pat = HubCredential::Pat(Secret::new("one".to_owned()));
        let password =
            HubCredential::Password { username: "alice".to_owned(), password: Secret::new("two".to_owned()) };
        for (credential, told) in [(pat, vec!["one"]), (password, vec!["alice", "two"])] {
            let read = HubCredential::from_plain(&credential.to_plain()).unwrap();
            assert_eq!(read.type_name(), credential.type_name());
            let texts = match &read {
                HubCredential::Pat(token) => vec![token.expose().as_str()],
                HubCredential::Password { username, password } => vec![&**username, password.expose()],
            };
            assert_eq!(texts, told);
        }
        for wrong in ["", "{}", r#"{"type":"pat"}"#, r#"{"type":"pat","token":"a","more":1}"#] {
            assert!(HubCredential::from_plain(&Secret::new(wrong.as_bytes().to_vec())).is_err(), "{wrong}");
        }
    }
}
