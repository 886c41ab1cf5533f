//! The batches under way, and what became of their index since they were begun.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use syft_space_domain::dataset::{ChangeNumber, DocumentId};

use super::place::Place;

/// The batches under way.
#[derive(Default)]
pub(crate) struct Batches(Mutex<State>);

#[derive(Default)]
struct State {
    open: HashMap<u64, Open>,
    next: u64,
}

struct Open {
    place: Place,
    /// The last change that outdated a document, since the batch was begun.
    outdated: BTreeMap<DocumentId, ChangeNumber>,
    is_destroyed: bool,
}

/// A batch under way, until it is dropped.
pub(crate) struct OpenBatch<'a> {
    batches: &'a Batches,
    number: u64,
}

impl Batches {
    pub(crate) fn open(&self, place: Place) -> OpenBatch<'_> {
        let mut state = self.state();
        let number = state.next;
        state.next = number.wrapping_add(1);
        state.open.insert(number, Open { place, outdated: BTreeMap::new(), is_destroyed: false });
        OpenBatch { batches: self, number }
    }

    /// Notes, for each batch of the places that are meant, that documents are outdated.
    pub(crate) fn outdate(
        &self,
        is_meant: impl Fn(&Place) -> bool,
        documents: &[(ChangeNumber, DocumentId)],
    ) {
        for batch in self.state().open.values_mut().filter(|batch| is_meant(&batch.place)) {
            for (number, document) in documents {
                let latest = batch.outdated.entry(document.clone()).or_default();
                *latest = (*latest).max(*number);
            }
        }
    }

    /// Notes, for each batch of the places that are meant, that its index was destroyed.
    pub(crate) fn destroy(&self, is_meant: impl Fn(&Place) -> bool) {
        for batch in self.state().open.values_mut().filter(|batch| is_meant(&batch.place)) {
            batch.is_destroyed = true;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenBatch<'_> {
    /// What is outdated since it was begun; `None` when its index was destroyed.
    pub(crate) fn outdated(&self) -> Option<BTreeMap<DocumentId, ChangeNumber>> {
        let mut state = self.batches.state();
        let open = state.open.get_mut(&self.number)?;
        if open.is_destroyed { None } else { Some(std::mem::take(&mut open.outdated)) }
    }
}

impl Drop for OpenBatch<'_> {
    fn drop(&mut self) {
        self.batches.state().open.remove(&self.number);
    }
}
