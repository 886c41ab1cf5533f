//! What the erasure ledger keeps: an account that was erased, or that all of a tenant was removed.

use crate::audit::Digest;
use crate::ids::{AccountId, TenantId};
use crate::privacy::ErasureBy;
use crate::secret::TokenHash;
use crate::time::Timestamp;

/// What the ledger keeps. Nobody is named by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerEntry {
    /// An account was erased.
    Account(ErasedAccount),
    /// The removal of a tenant has begun, which nobody can take back.
    Tenant(TenantId),
}

impl LedgerEntry {
    /// Of which tenant, and which account of it where it is about one: by these it is kept once.
    #[must_use]
    pub const fn key(&self) -> (TenantId, Option<AccountId>) {
        match self {
            Self::Account(erased) => (erased.tenant, Some(erased.account)),
            Self::Tenant(tenant) => (*tenant, None),
        }
    }
}

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
