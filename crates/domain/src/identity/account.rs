//! An account, with which somebody logs in to the installation.

use crate::as_text::text_enum;
use crate::identity::{Email, PasswordHash};
use crate::ids::AccountId;
use crate::time::Timestamp;

text_enum! {
    /// Whether an account, or a membership, may be used.
    pub enum AccountStatus {
        /// It may.
        Active = "active",
        /// It may not, until it is made active again.
        Disabled = "disabled",
    }

    /// A text that is no status.
    #[error("a status is one of: active, disabled")]
    pub struct StatusError;
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
