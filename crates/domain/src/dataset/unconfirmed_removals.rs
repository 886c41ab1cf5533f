//! Datasets that are being removed: a database or a disk may keep one waiting.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ids::DatasetId;
use crate::tenant::TenantScope;

/// The datasets that are out of sight, and not gone yet. They are found again at each start.
#[derive(Clone, Default)]
pub struct UnconfirmedRemovals(Arc<Mutex<BTreeMap<DatasetId, TenantScope>>>);

impl UnconfirmedRemovals {
    pub(super) fn add(&self, scope: TenantScope, dataset: DatasetId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(dataset, scope);
    }

    pub(super) fn forget(&self, dataset: DatasetId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&dataset);
    }

    /// All of them, each with its tenant.
    #[must_use]
    pub fn all(&self) -> Vec<(TenantScope, DatasetId)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(dataset, scope)| (*scope, *dataset)).collect()
    }
}
