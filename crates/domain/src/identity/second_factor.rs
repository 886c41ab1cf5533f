//! The second factor of an account: what is stored of its authenticator app.

use crate::ids::AccountId;
use crate::sealing::{AssociatedData, Sealed};
use crate::time::Timestamp;

/// What is stored of an account's authenticator app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// The [`TotpSecret`](crate::identity::TotpSecret), sealed.
    pub secret: Sealed,
    /// Since when it is asked for. Before that whoever enrols has not shown that their app has the secret.
    pub confirmed_at: Option<Timestamp>,
    /// The last step of which a code was used. None of it, or of one before, is taken any more.
    pub last_step: u64,
}

impl SecondFactor {
    /// One that begins now, with this secret.
    pub(super) fn begin(secret: Sealed) -> Self {
        Self { secret, confirmed_at: None, last_step: 0 }
    }

    /// Where its secret lies.
    pub(super) fn place(account: AccountId) -> AssociatedData {
        AssociatedData { table: "accounts", column: "totp_secret", row: *account.as_bytes() }
    }
}
