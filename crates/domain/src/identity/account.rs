//! An account, with which somebody logs in to the installation.

use std::str::FromStr;

use crate::identity::{Email, PasswordHash};
use crate::ids::AccountId;
use crate::time::Timestamp;

/// Whether an account, or a membership, may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountStatus {
    /// It may.
    Active,
    /// It may not, until it is made active again.
    Disabled,
}

/// A text that is no status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a status is one of: active, disabled")]
pub struct StatusError;

impl AccountStatus {
    /// The status's name in JSON and in storage.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

impl FromStr for AccountStatus {
    type Err = StatusError;
    fn from_str(text: &str) -> Result<Self, StatusError> {
        match text {
            "active" => Ok(Self::Active),
            "disabled" => Ok(Self::Disabled),
            _ => Err(StatusError),
        }
    }
}

/// Somebody who can log in. It has no `Debug`, since it holds a password hash.
#[derive(Clone)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its e-mail address, unique in the installation.
    pub email: Email,
    /// What is stored of its password.
    pub password: PasswordHash,
    /// Whether it may log in.
    pub status: AccountStatus,
    /// When it was made.
    pub created_at: Timestamp,
}
