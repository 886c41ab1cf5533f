//! What goes on in the background until it is done: what must leave the servers.

use std::sync::PoisonError;

use futures_executor::block_on;
use syft_space_domain::dataset::VectorDatabase;
use syft_space_domain::dataset::ports::{VectorDatabases, VectorIndexError};
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::tenant::OperatorScope;

use crate::collection::Location;
use crate::external::ExternalVectors;
use crate::journal::{self, DatasetKey};
use crate::routed::{confirm, unknown};
use crate::step::Confirm;

/// What became of the datasets of which something was to leave a server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swept {
    /// Of so many the servers have nothing any more that must leave.
    pub settled: u64,
    /// Of so many something may still lie there.
    pub waiting: u64,
    /// Of these the servers have fewer or other vectors than they should: they are to be queued, and are then encoded anew.
    pub damaged: Vec<(TenantId, DatasetId)>,
}

impl ExternalVectors {
    /// Goes on with what must leave the servers: vectors of documents that were removed or replaced, and collections that were
    /// given up. What is not confirmed is tried again the next time. After a start all datasets are looked at, and then those
    /// of which something must leave. Blocks on disks and networks.
    ///
    /// # Errors
    /// [`Failed`](VectorIndexError::Failed) when the home cannot be listed. What fails for one dataset is logged, and keeps no
    /// other from being swept.
    pub fn sweep(
        &self,
        operator: &OperatorScope,
        databases: &dyn VectorDatabases,
    ) -> Result<Swept, VectorIndexError> {
        let mut swept = Swept::default();
        for key in self.unsettled()? {
            let database = block_on(databases.confirmed(&operator.tenant(key.0), key.1));
            let settled = database.map_err(|error| unknown(&error, key.1)).and_then(|database| {
                let scope = operator.tenant(key.0);
                let confirm = || confirm(databases, &scope, key.1, database.as_ref());
                self.sweep_one(database.as_ref(), key, &confirm)
            });
            match settled {
                Ok(true) => swept.settled += 1,
                Ok(false) => swept.waiting += 1,
                // Whoever encodes next counts again, and finds it too.
                Err(VectorIndexError::Damaged(_)) => swept.damaged.push(key),
                // Whoever keeps databases tells the operator what they wait for.
                Err(VectorIndexError::NotReady(_)) => swept.waiting += 1,
                Err(error) => {
                    tracing::warn!(tenant = %key.0, dataset = %key.1, %error, "vectors wait to leave a vector database");
                    swept.waiting += 1;
                }
            }
        }
        Ok(swept)
    }

    /// The datasets to look at.
    fn unsettled(&self) -> Result<Vec<DatasetKey>, VectorIndexError> {
        let is_known = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).is_known;
        let all = if is_known { Ok(Vec::new()) } else { self.journals.datasets() };
        let all = all.map_err(|error| VectorIndexError::Failed(error.to_string()))?;
        let mut unsettled = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
        unsettled.datasets.extend(all);
        unsettled.is_known = true;
        Ok(unsettled.datasets.iter().copied().collect())
    }

    /// Whether nothing of a dataset must leave any more.
    fn sweep_one(
        &self,
        database: Option<&VectorDatabase>,
        key: DatasetKey,
        confirm: Confirm<'_>,
    ) -> Result<bool, VectorIndexError> {
        // Whoever takes a step of it does the same.
        let Some(_step) = self.steps.try_acquire(key) else { return Ok(false) };
        // From here on: what is outdated meanwhile is noted anew.
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).datasets.remove(&key);
        let swept = self.sweep_held(database, key, confirm);
        if swept.as_ref().is_err_and(|error| !matches!(error, VectorIndexError::Damaged(_))) {
            self.note_unsettled(key);
        }
        swept.map(|()| true)
    }

    fn sweep_held(
        &self,
        database: Option<&VectorDatabase>,
        key: DatasetKey,
        confirm: Confirm<'_>,
    ) -> Result<(), VectorIndexError> {
        let failed = |error: journal::JournalError| error.of(key.1);
        self.give_up_elsewhere(database, key).map_err(failed)?;
        let mut outcome = self.remove_given_up(database, key, |_| true, confirm);
        if let Some(database) = database {
            let remote = self.remote(database, self.options.step_timeout);
            let entries =
                self.journals.with_existing(key, journal::entries).map_err(failed)?.unwrap_or_default();
            let here = Location::from(database);
            for entry in entries.iter().filter(|entry| !entry.is_leaving && entry.location == here) {
                outcome = outcome.and(self.settle(&remote, key, entry));
            }
        }
        outcome?;
        self.journals.remove(key, |connection| Ok(journal::entries(connection)?.is_empty())).map_err(failed)
    }
}
