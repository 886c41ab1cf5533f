//! The keys that sign access tokens, as the operator sees them.

use crate::page::PageItem;
use crate::time::Timestamp;

/// A key that signs access tokens, or did. It holds nothing secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// What a token's header names it by (`kid`; RFC 7515, section 4.1.4).
    pub id: String,
    /// Its algorithm, as RFC 7518 names it.
    pub algorithm: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The time from which tokens that it signed are refused. The key that signs has none.
    pub accepted_until: Option<Timestamp>,
    /// When the next key takes over from the one that signs, where that is planned.
    pub rotates_at: Option<Timestamp>,
}

impl PageItem for SigningKey {
    fn bytes(&self) -> usize {
        self.id.len() + self.algorithm.len()
    }
}

/// What becomes of the keys before, when a new one is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreviousKeys {
    /// Their tokens are accepted until the last of them has expired: nobody notices.
    Overlap,
    /// Their access tokens are refused from now on; sessions go on by their refresh tokens. This is for a key that has leaked.
    Revoke,
}

/// The keys were not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeysError {
    /// Tokens of so many are accepted that there is no room for one more.
    #[error(
        "tokens of {0} signing keys are accepted, and of no more at once: wait until those of the oldest have expired, or \
         revoke the keys before the new one"
    )]
    TooMany(usize),
    /// A key cannot be made, kept or forgotten.
    #[error("the signing keys could not be changed: {0}")]
    Failed(String),
}
