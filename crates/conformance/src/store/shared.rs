//! Units of work, their error and their timeout, which several suites of the store share.

use std::time::Duration;

use syft_space_domain::access::Role;
use syft_space_domain::audit::Event;
use syft_space_domain::store::{StoreError, Tx};
use syft_space_domain::unit::{Unit, UnitOutcome};

use crate::sample::{
    account, dataset, endpoint, endpoint_id, invitation, job, policy, policy_id, tenant, write_scope,
};

/// The longest time that a suite waits for a unit.
pub(super) const UNIT_TIMEOUT: Duration = Duration::from_secs(60);

/// A unit that calls back when it is done.
pub(super) struct CallbackUnit<F> {
    /// The tenant that it adds, if any.
    pub(super) tenant: Option<u64>,
    pub(super) event: Event,
    pub(super) on_done: F,
}

impl<F: FnOnce(Result<(), StoreError>) + Send> Unit for CallbackUnit<F> {
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
        self.tenant.map_or(Ok(()), |n| tx.add_tenant(&tenant(n)))?;
        Ok(UnitOutcome::Commit(vec![self.event.clone()]))
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        (self.on_done)(outcome);
    }
}

/// The error of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UnitError {
    Refused(u64),
    Store(StoreError),
}

impl From<StoreError> for UnitError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl syft_space_domain::unit::UnitError for UnitError {
    fn into_store_error(self) -> Result<StoreError, Self> {
        match self {
            Self::Store(error) => Ok(error),
            error @ Self::Refused(_) => Err(error),
        }
    }
}

/// Adds one row of each kind to tenant 1.
pub(super) fn seed_rows(tx: &mut dyn Tx) -> Result<(), StoreError> {
    tx.add_account(&write_scope(1), &account(1, 1, Role::Owner))?;
    tx.add_invitation(&write_scope(1), &invitation(1, 1, 1))?;
    tx.add_dataset(&write_scope(1), &dataset(1))?;
    tx.add_job(&write_scope(1), &job(1, 1))?;
    tx.add_endpoint(&write_scope(1), &endpoint(1, 1))?;
    tx.add_policy(&write_scope(1), &policy(1))?;
    tx.attach_policies(&write_scope(1), endpoint_id(1), &[policy_id(1)])
}
