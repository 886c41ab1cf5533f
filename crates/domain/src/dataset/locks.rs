//! Locks that let one writer at a time change a dataset.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ids::DatasetId;

/// One lock per dataset that is being written to.
#[derive(Clone, Default)]
pub struct DatasetLocks(Arc<Mutex<HashMap<DatasetId, Arc<Mutex<()>>>>>);

impl DatasetLocks {
    /// Runs `work` while nobody else writes to the dataset's documents or index. Blocks until it may.
    pub fn with_lock<T>(&self, dataset: DatasetId, work: impl FnOnce() -> T) -> T {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(dataset).or_default())
        };
        let done = {
            let _alone = lock.lock().unwrap_or_else(PoisonError::into_inner);
            work()
        };
        drop(lock);
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if locks.get(&dataset).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&dataset);
        }
        done
    }
}
