//! `ApiKeyView` and `ApiKeyRows` of a transaction.

use syft_space_domain::identity::ApiKey;
use syft_space_domain::identity::ports::{ApiKeyRows, ApiKeyView};
use syft_space_domain::ids::{AccountId, ApiKeyId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::table::count;
use crate::transaction::{Transaction, check_key};

impl ApiKeyView for Transaction {
    fn api_key(&mut self, scope: &TenantScope, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.tables.api_keys.get(scope, id).cloned())
    }

    fn api_keys(
        &mut self,
        scope: &TenantScope,
        account: Option<AccountId>,
        page: PageRequest<ApiKeyId>,
    ) -> Result<Page<ApiKey, ApiKeyId>, StoreError> {
        let is_of = |key: &ApiKey| account.is_none_or(|account| key.account == account);
        Ok(self.tables.api_keys.page(scope, page, |_, key| is_of(key)))
    }
}

impl ApiKeyRows for Transaction {
    fn put_api_key(&mut self, scope: &WriteScope, key: &ApiKey) -> Result<(), StoreError> {
        let known = self.tables.api_keys.get(scope, key.id);
        let kept = known.map_or((key.account, key.last_used_at, key.created_at, key.created_by), |known| {
            (known.account, known.last_used_at, known.created_at, known.created_by)
        });
        let has_account = self.tables.accounts.contains(scope, kept.0);
        check_key(has_account, || "there is no account that the API key could be of")?;
        let (account, last_used_at, created_at, created_by) = kept;
        let tenant = scope.tenant();
        let row = ApiKey { tenant, account, last_used_at, created_at, created_by, ..key.clone() };
        self.tables.api_keys.insert(scope, key.id, row);
        self.changes.insert(StateChange::ApiKey(tenant, key.id));
        Ok(())
    }

    fn note_api_key_use(
        &mut self,
        scope: &WriteScope,
        id: ApiKeyId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        if let Some(key) = self.tables.api_keys.get_mut(scope, id) {
            key.last_used_at = key.last_used_at.max(Some(at));
        }
        Ok(())
    }

    fn remove_api_key(&mut self, scope: &WriteScope, id: ApiKeyId) -> Result<bool, StoreError> {
        let removed = self.tables.api_keys.remove(scope, id);
        if removed {
            self.changes.insert(StateChange::ApiKey(scope.tenant(), id));
        }
        Ok(removed)
    }

    fn remove_api_keys(&mut self, scope: &WriteScope, account: AccountId) -> Result<u64, StoreError> {
        let of = self.tables.api_keys.rows(scope).filter(|(_, key)| key.account == account);
        let of: Vec<ApiKeyId> = of.map(|(id, _)| id).collect();
        for id in &of {
            self.remove_api_key(scope, *id)?;
        }
        Ok(count(of.into_iter()))
    }
}
