//! The ports of the ledger.

use crate::ids::PolicyId;
use crate::ledger::{
    AccountBalance, Balance, BalanceKey, RequestDigest, Transfer, TransferFilter, TransferKey, TransferPlace,
};
use crate::page::{Page, PageRequest};
use crate::store::StoreError;
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;

/// Reads the ledger.
pub trait LedgerView {
    /// What an account has come to; nothing where nothing was transferred.
    fn balance(&mut self, scope: &TenantScope, key: &BalanceKey) -> Result<Balance, StoreError>;
    /// The latest transfer of a policy for this very request since then that may be repeated still: fewer than
    /// [`MAX_REPEATS`](crate::ledger::MAX_REPEATS) are counted of it. One that is used up hides none before it.
    fn repeatable_transfer(
        &mut self,
        scope: &TenantScope,
        request: &RequestDigest,
        policy: PolicyId,
        since: Timestamp,
    ) -> Result<Option<Transfer>, StoreError>;
    /// Those of the tenant's transfers that are asked for, in the order of their times, and of their keys where those are the same. A
    /// page begins behind a place, whether or not a transfer stands there still.
    fn transfers(
        &mut self,
        scope: &TenantScope,
        filter: &TransferFilter,
        page: PageRequest<TransferPlace>,
    ) -> Result<Page<Transfer, TransferPlace>, StoreError>;
    /// The tenant's balances, in the order of their keys.
    fn balances(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<BalanceKey>,
    ) -> Result<Page<AccountBalance, BalanceKey>, StoreError>;
}

/// Writes the ledger. Nothing takes a transfer back: what goes by its age is brought forward.
pub trait LedgerRows: LedgerView {
    /// Adds a transfer, and what it comes to to the balances of both its accounts; answers what these are then, in the order of
    /// [`Transfer::balances`]. Its key is new in the tenant, else [`StoreError::Conflict`], and nothing is changed.
    fn add_transfer(&mut self, scope: &WriteScope, transfer: &Transfer) -> Result<[Balance; 2], StoreError>;
    /// Removes a transfer whose age is over. What its accounts have come to stays; it is brought forward in both balances. Answers what it was.
    /// Where one of these balances is not there nothing is removed: somebody else wrote into the ledger, and the transfer shows it.
    fn remove_transfer(
        &mut self,
        scope: &WriteScope,
        key: TransferKey,
    ) -> Result<Option<Transfer>, StoreError>;
    /// Removes a balance if all of it was brought forward. Answers whether it went.
    fn remove_balance(&mut self, scope: &WriteScope, key: &BalanceKey) -> Result<bool, StoreError>;
    /// Counts one more repeat of a transfer's request. [`StoreError::Conflict`] where there is no such transfer.
    fn count_repeat(&mut self, scope: &WriteScope, key: TransferKey) -> Result<(), StoreError>;
}
