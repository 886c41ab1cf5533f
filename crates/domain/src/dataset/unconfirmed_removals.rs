//! What was removed, and is not confirmed yet to be gone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ids::DatasetId;
use crate::privacy::DeletedContent;
use crate::tenant::TenantScope;

/// The datasets of which something is still to go. They are found again at each start.
#[derive(Clone, Default)]
pub struct UnconfirmedRemovals(Arc<Mutex<Removals>>);

#[derive(Default)]
struct Removals {
    /// Each with what went of it, once that was counted.
    datasets: BTreeMap<DatasetId, (TenantScope, Option<DeletedContent>)>,
    documents: BTreeMap<DatasetId, TenantScope>,
}

impl UnconfirmedRemovals {
    pub(super) fn add(&self, scope: TenantScope, dataset: DatasetId) {
        self.lock().datasets.entry(dataset).or_insert((scope, None));
    }

    /// What went of one of them: as it was counted first, when its documents were still there.
    pub(super) fn counted(
        &self,
        dataset: DatasetId,
        count: impl FnOnce() -> DeletedContent,
    ) -> DeletedContent {
        if let Some((_, Some(counted))) = self.lock().datasets.get(&dataset) {
            return *counted;
        }
        // It blocks on a disk.
        let counted = count();
        if let Some((_, known)) = self.lock().datasets.get_mut(&dataset) {
            *known = Some(counted);
        }
        counted
    }

    pub(super) fn forget(&self, dataset: DatasetId) {
        self.lock().datasets.remove(&dataset);
    }

    /// Those that are out of sight and not gone yet, each with its tenant.
    #[must_use]
    pub fn all(&self) -> Vec<(TenantScope, DatasetId)> {
        self.lock().datasets.iter().map(|(dataset, (scope, _))| (*scope, *dataset)).collect()
    }

    /// Notes a dataset whose documents have changed: some may have been removed or replaced.
    pub(super) fn add_changed(&self, scope: TenantScope, dataset: DatasetId) {
        self.lock().documents.insert(dataset, scope);
    }

    /// Takes all out whose documents have changed.
    pub(super) fn take_changed(&self) -> Vec<(TenantScope, DatasetId)> {
        let changed = std::mem::take(&mut self.lock().documents);
        changed.into_iter().map(|(dataset, scope)| (scope, dataset)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Removals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
