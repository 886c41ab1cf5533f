//! The batches under way: what is outdated or destroyed while encoding takes its time.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use syft_space_domain::dataset::{ChangeNumber, DocumentId};
use syft_space_domain::encoder::ModelRevision;

use crate::journal::DatasetKey;

/// The batches under way.
#[derive(Default)]
pub(crate) struct Batches(Mutex<State>);

#[derive(Default)]
struct State {
    open: HashMap<u64, Open>,
    next: u64,
}

struct Open {
    dataset: DatasetKey,
    revision: ModelRevision,
    /// The last change that outdated a document since the batch was begun.
    outdated: BTreeMap<DocumentId, ChangeNumber>,
    is_destroyed: bool,
}

/// A batch under way, until it is dropped.
pub(crate) struct OpenBatch<'a> {
    batches: &'a Batches,
    number: u64,
}

impl Batches {
    pub(crate) fn open(&self, dataset: DatasetKey, revision: ModelRevision) -> OpenBatch<'_> {
        let mut state = self.state();
        let number = state.next;
        state.next = number.wrapping_add(1);
        state.open.insert(number, Open { dataset, revision, outdated: BTreeMap::new(), is_destroyed: false });
        OpenBatch { batches: self, number }
    }

    /// Notes, for each batch of the dataset, that documents are outdated.
    pub(crate) fn outdate(&self, dataset: DatasetKey, documents: &[(ChangeNumber, DocumentId)]) {
        for batch in self.state().open.values_mut().filter(|batch| batch.dataset == dataset) {
            for (number, document) in documents {
                let latest = batch.outdated.entry(document.clone()).or_default();
                *latest = (*latest).max(*number);
            }
        }
    }

    /// Notes, for each batch of the dataset, of one revision or of all, that its vectors were destroyed.
    pub(crate) fn destroy(&self, dataset: DatasetKey, revision: Option<ModelRevision>) {
        for batch in self.state().open.values_mut() {
            let is_meant = batch.dataset == dataset && revision.is_none_or(|meant| batch.revision == meant);
            batch.is_destroyed |= is_meant;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenBatch<'_> {
    /// What is outdated since it was begun; `None` when its vectors were destroyed.
    pub(crate) fn outdated(&self) -> Option<BTreeMap<DocumentId, ChangeNumber>> {
        let state = self.batches.state();
        let open = state.open.get(&self.number)?;
        if open.is_destroyed { None } else { Some(open.outdated.clone()) }
    }
}

impl Drop for OpenBatch<'_> {
    fn drop(&mut self) {
        self.batches.state().open.remove(&self.number);
    }
}
