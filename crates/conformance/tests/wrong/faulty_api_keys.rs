//! The wrapper of a view or a transaction, for API keys.

use std::ops::DerefMut;

use syft_space_conformance::sample;
use syft_space_domain::identity::ApiKey;
use syft_space_domain::identity::ports::{ApiKeyRows, ApiKeyView};
use syft_space_domain::ids::{AccountId, ApiKeyId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::faulty_view::{FaultyView, scoped};
use crate::merge::Merge;
use crate::store::Fault;

impl<P: DerefMut> ApiKeyView for FaultyView<P>
where
    P::Target: ApiKeyView,
{
    scoped! { TenantScope, sample::scope;
        api_key(id: ApiKeyId) -> Option<ApiKey>;
        api_keys(account: Option<AccountId>, page: PageRequest<ApiKeyId>) -> Page<ApiKey, ApiKeyId>;
    }
}

impl<P: DerefMut> ApiKeyRows for FaultyView<P>
where
    P::Target: ApiKeyRows,
{
    fn put_api_key(&mut self, scope: &WriteScope, key: &ApiKey) -> Result<(), StoreError> {
        if self.fault == Fault::ForgetsUsesOfRotatedKeys {
            self.inner.remove_api_key(scope, key.id)?;
        }
        self.inner.put_api_key(scope, key)
    }
    scoped! { WriteScope, sample::write_scope;
        note_api_key_use(id: ApiKeyId, at: Timestamp) -> ();
        remove_api_key(id: ApiKeyId) -> bool;
        remove_api_keys(account: AccountId) -> u64;
    }
}
