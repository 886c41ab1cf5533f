//! `PrivacyView` of a transaction.

use syft_space_domain::identity::oidc::{OidcIssuer, SessionAtProvider, Subject};
use syft_space_domain::identity::{Email, LoginKey, LoginRecord, PasswordReset};
use syft_space_domain::ids::{AccountId, GroupId, SessionId};
use syft_space_domain::privacy::ports::PrivacyView;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::TenantScope;
use syft_space_domain::time::Timestamp;

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
}
