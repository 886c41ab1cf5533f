//! `PrivacyView` and `PrivacyRows` of a transaction.

use std::sync::Arc;

use syft_space_domain::audit::ports::LogWriteScope;
use syft_space_domain::identity::oidc::{OidcIssuer, SessionAtProvider, Subject};
use syft_space_domain::identity::{Email, LoginKey, LoginRecord, PasswordReset};
use syft_space_domain::ids::{AccountId, ActorId, GroupId, PolicyId, SessionId, TenantId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::privacy::Erasure;
use syft_space_domain::privacy::ports::{PrivacyRows, PrivacyView};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::table::count;
use crate::transaction::Transaction;

impl PrivacyView for Transaction {
    fn oidc_identities_of(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<(OidcIssuer, Subject)>, StoreError> {
        let tenant = scope.tenant();
        let of_account = self
            .tables
            .oidc_identities
            .iter()
            .filter(|((of, _, _), identified)| *of == tenant && **identified == account);
        Ok(of_account.map(|((_, issuer, subject), _)| (issuer.clone(), subject.clone())).collect())
    }

    fn oidc_sessions_of(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<(SessionId, SessionAtProvider)>, StoreError> {
        let of_account = self.tables.oidc_sessions.rows(scope).filter(|((of, _), _)| *of == account);
        Ok(of_account.map(|((_, session), at)| (session, at.clone())).collect())
    }

    fn password_resets_of(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<PasswordReset>, StoreError> {
        let resets = self.tables.password_resets.rows(scope).map(|(_, reset)| reset);
        let meant = resets.filter(|reset| reset.account == account || reset.made_by == Some(account));
        Ok(meant.cloned().collect())
    }

    fn groups_of(
        &mut self,
        scope: &TenantScope,
        email: &Email,
    ) -> Result<Vec<(GroupId, Timestamp)>, StoreError> {
        let groups = self.tables.group_members.rows(scope);
        Ok(groups.filter_map(|(group, members)| Some((group, *members.get(email)?))).collect())
    }

    fn login_records(&mut self, key: &LoginKey) -> Result<Vec<LoginRecord>, StoreError> {
        let records = self.tables.login_records.range((*key, None)..).take_while(|((of, _), _)| of == key);
        Ok(records.map(|(_, record)| record.clone()).collect())
    }

    fn disclosed_under(&mut self, scope: &TenantScope, caller: ActorId) -> Result<Vec<PolicyId>, StoreError> {
        let noted =
            self.tables.disclosures.rows(scope).filter(|((_, of), shown)| *of == caller && !shown.is_empty());
        Ok(noted.map(|((policy, _), _)| policy).collect())
    }

    fn erasure(&mut self, scope: &TenantScope, account: AccountId) -> Result<Option<Erasure>, StoreError> {
        Ok(self.tables.erasures.get(scope, account).cloned())
    }

    fn erasures(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<AccountId>,
    ) -> Result<Page<Erasure, AccountId>, StoreError> {
        Ok(self.tables.erasures.page(scope, page, |_, _| true))
    }

    fn unfinished_erasures(
        &mut self,
        _operator: &OperatorScope,
        most: usize,
    ) -> Result<Vec<(TenantId, AccountId)>, StoreError> {
        let unfinished = self.tables.erasures.all().filter(|(_, _, erasure)| erasure.ended_at.is_none());
        Ok(unfinished.map(|(tenant, account, _)| (tenant, account)).take(most).collect())
    }
}

impl PrivacyRows for Transaction {
    fn remove_login_records(&mut self, key: &LoginKey, most: usize) -> Result<u64, StoreError> {
        let records = Arc::make_mut(&mut self.tables.login_records);
        let known = records.range((*key, None)..).take_while(|((of, _), _)| of == key);
        let keys: Vec<_> = known.map(|(key, _)| *key).take(most).collect();
        Ok(count(keys.iter().filter(|key| records.remove(key).is_some())))
    }

    fn remove_disclosures(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        caller: ActorId,
        most: usize,
    ) -> Result<u64, StoreError> {
        let Some(shown) = self.tables.disclosures.get_mut(scope, (policy, caller)) else { return Ok(0) };
        let items: Vec<_> = shown.keys().copied().take(most).collect();
        let removed = count(items.iter().filter(|item| shown.remove(*item).is_some()));
        if shown.is_empty() {
            self.tables.disclosures.remove(scope, (policy, caller));
        }
        Ok(removed)
    }

    fn erase_persons(&mut self, log: &LogWriteScope, numbers: &[u64]) -> Result<u64, StoreError> {
        Ok(self.tables.logs.erase_persons(log.log(), numbers))
    }

    fn put_erasure(&mut self, scope: &WriteScope, erasure: &Erasure) -> Result<(), StoreError> {
        self.check_tenant_exists(scope)?;
        self.tables.erasures.insert(scope, erasure.account, erasure.clone());
        Ok(())
    }
}
