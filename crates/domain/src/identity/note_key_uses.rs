//! Noting when API keys were last used.

use std::collections::BTreeMap;

use crate::identity::Principal;
use crate::ids::{ApiKeyId, TenantId};
use crate::store::{Store, StoreError};
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::unit::Receipt;

/// That a key was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUse {
    /// Of which tenant.
    pub tenant: TenantId,
    /// Which key.
    pub key: ApiKeyId,
    /// When.
    pub at: Timestamp,
}

impl Principal {
    /// The use of a key, where it is one and is to be noted: at most once a minute for each key.
    #[must_use]
    pub fn key_use(&self, now: Timestamp) -> Option<KeyUse> {
        let key = self.api_key()?;
        let tenant = self.snapshot().tenant.id;
        key.noted.is_due(now).then_some(KeyUse { tenant, key: key.key.id, at: now })
    }
}

/// Writes when keys were last used. It has no event of its own: what was done with a key has each its own.
///
/// # Errors
/// When the store fails; what was to be noted is lost.
pub fn note_key_uses(store: &dyn Store, uses: Vec<KeyUse>) -> Receipt<(), StoreError> {
    let mut latest = BTreeMap::new();
    for KeyUse { tenant, key, at } in uses {
        latest.entry((tenant, key)).and_modify(|known: &mut Timestamp| *known = at.max(*known)).or_insert(at);
    }
    store.keep_books(move |tx| {
        for ((tenant, key), at) in &latest {
            let scope = WriteScope::of_system(&TenantScope::of(*tenant));
            tx.note_api_key_use(&scope, *key, *at)?;
        }
        Ok(().into())
    })
}
