//! An account that was erased, as the erasure ledger keeps it.

use crate::audit::Digest;
use crate::ids::{AccountId, TenantId};
use crate::privacy::ErasureBy;
use crate::secret::TokenHash;
use crate::time::Timestamp;

/// An account that was erased, as the ledger keeps it. It has no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedAccount {
    /// In which tenant.
    pub tenant: TenantId,
    /// Which account.
    pub account: AccountId,
    /// Who asked.
    pub asked_by: ErasureBy,
    /// When.
    pub asked_at: Timestamp,
    /// Of the token by which the certificate is had, where one was handed out.
    pub token: Option<TokenHash>,
    /// The address as [`ErasureLedger::mark`](crate::privacy::ports::ErasureLedger::mark) tells it apart, by which it is found in a copy from
    /// before there was the account; `None` where it was not known any more.
    pub address: Option<Digest>,
}
