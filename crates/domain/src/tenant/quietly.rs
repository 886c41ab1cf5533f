//! Units of the removal of a tenant, which have no event of their own: that it began, and what it came to, tells of all of them.

use futures_channel::oneshot;

use crate::space::Space;
use crate::store::{StoreError, Tx};
use crate::tenant::{TenantScope, WriteScope};
use crate::unit::{Receipt, Unit, UnitOutcome};

/// Runs such a unit, and answers how much it did: where that is nothing, nothing is kept.
pub(super) fn write_quietly(
    space: &Space,
    scope: TenantScope,
    work: impl FnMut(&mut dyn Tx, &WriteScope) -> Result<u64, StoreError> + Send + 'static,
) -> Receipt<u64, StoreError> {
    let (reply, receipt) = oneshot::channel();
    space.store.submit(Box::new(Quiet { scope, work, done: 0, reply }));
    Receipt(receipt)
}

struct Quiet<F> {
    scope: TenantScope,
    work: F,
    done: u64,
    reply: oneshot::Sender<Result<u64, StoreError>>,
}

impl<F> Unit for Quiet<F>
where
    F: FnMut(&mut dyn Tx, &WriteScope) -> Result<u64, StoreError> + Send + 'static,
{
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
        self.done = (self.work)(tx, &WriteScope::of_system(&self.scope))?;
        Ok(if self.done > 0 { UnitOutcome::Counted } else { UnitOutcome::Rollback(Vec::new()) })
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        // Nobody is obliged to wait for the answer.
        drop(self.reply.send(outcome.map(|()| self.done)));
    }
}
