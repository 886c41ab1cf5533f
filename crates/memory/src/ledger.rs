//! `LedgerView` and `LedgerRows` of a transaction.

use syft_space_domain::ids::PolicyId;
use syft_space_domain::ledger::ports::{LedgerRows, LedgerView};
use syft_space_domain::ledger::{
    AccountBalance, Balance, BalanceKey, MAX_REPEATS, RequestDigest, Transfer, TransferFilter, TransferKey,
    TransferPlace,
};
use syft_space_domain::page::{Cursor, Page, PageRequest};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::table::read_page;
use crate::transaction::{Transaction, check_key};

impl LedgerView for Transaction {
    fn balance(&mut self, scope: &TenantScope, key: &BalanceKey) -> Result<Balance, StoreError> {
        Ok(self.tables.balances.get(scope, *key).map(|account| account.balance).unwrap_or_default())
    }

    fn repeatable_transfer(
        &mut self,
        scope: &TenantScope,
        request: &RequestDigest,
        policy: PolicyId,
        since: Timestamp,
    ) -> Result<Option<Transfer>, StoreError> {
        let transfers = self.tables.transfers.rows(scope).map(|(_, transfer)| transfer);
        let same = transfers.filter(|transfer| {
            transfer.request.as_ref() == Some(request)
                && transfer.key.policy == policy
                && transfer.time >= since
                && transfer.repeats < MAX_REPEATS
        });
        Ok(same.max_by_key(|transfer| (transfer.time, transfer.key)).cloned())
    }

    fn transfers(
        &mut self,
        scope: &TenantScope,
        filter: &TransferFilter,
        page: PageRequest<TransferPlace>,
    ) -> Result<Page<Transfer, TransferPlace>, StoreError> {
        let is_behind =
            |transfer: &Transfer| page.after.as_ref().is_none_or(|Cursor(after)| transfer.place() > *after);
        let rows = self.tables.transfers.rows(scope).map(|(_, transfer)| (transfer.place(), transfer));
        let mut rows: Vec<_> =
            rows.filter(|(_, transfer)| filter.fits(transfer) && is_behind(transfer)).collect();
        rows.sort_by_key(|(place, _)| *place);
        Ok(read_page(rows.into_iter(), page.limit))
    }

    fn balances(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<BalanceKey>,
    ) -> Result<Page<AccountBalance, BalanceKey>, StoreError> {
        Ok(self.tables.balances.page(scope, page, |_, _| true))
    }
}

impl LedgerRows for Transaction {
    fn add_transfer(&mut self, scope: &WriteScope, transfer: &Transfer) -> Result<[Balance; 2], StoreError> {
        self.check_tenant_exists(scope)?;
        let is_new = !self.tables.transfers.contains(scope, transfer.key);
        check_key(is_new, || format!("there is a transfer {} already", transfer.key))?;
        let [payer, endpoint] = transfer.balances().map(|key| {
            let kept = self.tables.balances.get(scope, key).copied();
            let mut account = kept.unwrap_or_else(|| AccountBalance::empty(key));
            account.balance = account.balance.plus(transfer.charged);
            self.tables.balances.insert(scope, key, account);
            account.balance
        });
        self.tables.transfers.insert(scope, transfer.key, transfer.clone());
        Ok([payer, endpoint])
    }

    fn remove_transfer(
        &mut self,
        scope: &WriteScope,
        key: TransferKey,
    ) -> Result<Option<Transfer>, StoreError> {
        let Some(transfer) = self.tables.transfers.get(scope, key).cloned() else { return Ok(None) };
        for key in transfer.balances() {
            let kept = self.tables.balances.get_mut(scope, key);
            let kept = kept.ok_or_else(|| {
                StoreError::LedgerDamaged(format!("a charge of {} has no balance", transfer.time))
            })?;
            kept.brought_forward = kept.brought_forward.plus(transfer.charged);
        }
        self.tables.transfers.remove(scope, key);
        Ok(Some(transfer))
    }

    fn remove_balance(&mut self, scope: &WriteScope, key: &BalanceKey) -> Result<bool, StoreError> {
        let kept = self.tables.balances.get(scope, *key);
        let is_over = kept.is_some_and(|kept| kept.balance == kept.brought_forward);
        Ok(is_over && self.tables.balances.remove(scope, *key))
    }

    fn count_repeat(&mut self, scope: &WriteScope, key: TransferKey) -> Result<(), StoreError> {
        let transfer = self.tables.transfers.get_mut(scope, key);
        let transfer = transfer.ok_or_else(|| StoreError::Conflict(format!("there is no transfer {key}")))?;
        transfer.repeats = transfer.repeats.saturating_add(1);
        Ok(())
    }
}
