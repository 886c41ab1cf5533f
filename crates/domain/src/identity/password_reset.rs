//! A reset of a password: its holder chooses another one, once, until a given time.

use std::time::Duration;

use crate::ids::{AccountId, TenantId};
use crate::secret::TokenHash;
use crate::time::Timestamp;

/// Somebody may choose another password for one account. An account has one at most; whoever used it, or whose right to make
/// it ended, finds it removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordReset {
    /// In which tenant.
    pub tenant: TenantId,
    /// For which account.
    pub account: AccountId,
    /// The generation of the account when it was made: another password, or being disabled, ends it.
    pub generation: u64,
    /// What is stored of its token.
    pub token: TokenHash,
    /// The member who made it; `None` for the host's operator.
    pub made_by: Option<AccountId>,
    /// When.
    pub created_at: Timestamp,
    /// From when on it cannot be used.
    pub expires_at: Timestamp,
}

impl PasswordReset {
    /// How long it can be used.
    pub const LIFETIME: Duration = Duration::from_secs(60 * 60);
}
