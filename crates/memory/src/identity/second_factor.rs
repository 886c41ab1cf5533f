//! `SecondFactorView` and `SecondFactorRows` of a transaction.

use syft_space_domain::identity::SecondFactor;
use syft_space_domain::identity::ports::{SecondFactorRows, SecondFactorView};
use syft_space_domain::ids::AccountId;
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};

use crate::table::count;
use crate::transaction::Transaction;

impl SecondFactorView for Transaction {
    fn second_factor(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Option<SecondFactor>, StoreError> {
        Ok(self.tables.second_factors.get(scope, account).cloned())
    }

    fn count_recovery_codes(&mut self, scope: &TenantScope, account: AccountId) -> Result<u64, StoreError> {
        Ok(count(self.tables.recovery_codes.get(scope, account).into_iter().flatten()))
    }
}

impl SecondFactorRows for Transaction {
    fn put_second_factor(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        factor: &SecondFactor,
        recovery_codes: &[TokenHash],
    ) -> Result<(), StoreError> {
        let Some(row) = self.tables.accounts.get_mut(scope, account) else { return Ok(()) };
        row.member.second_factor_since = factor.confirmed_at;
        self.tables.second_factors.insert(scope, account, factor.clone());
        let codes = recovery_codes.iter().map(|code| code.0).collect();
        self.tables.recovery_codes.insert(scope, account, codes);
        self.changes.insert(StateChange::Member(scope.tenant(), account));
        Ok(())
    }

    fn set_totp_step(&mut self, scope: &WriteScope, account: AccountId, step: u64) -> Result<(), StoreError> {
        if let Some(factor) = self.tables.second_factors.get_mut(scope, account) {
            factor.last_step = step;
        }
        Ok(())
    }

    fn take_recovery_code(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        code: &TokenHash,
    ) -> Result<bool, StoreError> {
        Ok(self.tables.recovery_codes.get_mut(scope, account).is_some_and(|codes| codes.remove(&code.0)))
    }

    fn remove_second_factor(&mut self, scope: &WriteScope, account: AccountId) -> Result<bool, StoreError> {
        self.tables.recovery_codes.remove(scope, account);
        let removed = self.tables.second_factors.remove(scope, account);
        if let Some(row) = self.tables.accounts.get_mut(scope, account).filter(|_| removed) {
            row.member.second_factor_since = None;
            self.changes.insert(StateChange::Member(scope.tenant(), account));
        }
        Ok(removed)
    }
}
