//! Whose write that hangs on many expectations goes next: those of a tenant one after the other, so that none is looked at in vain.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_channel::oneshot;

use crate::ids::TenantId;
use crate::store::StoreError;

/// How many writes of one tenant may wait for their turn.
const MAX_WAITING: usize = 256;

/// Gives turns, for each tenant by itself.
#[derive(Clone, Default)]
pub struct GuardTurns(Arc<Mutex<HashMap<TenantId, VecDeque<oneshot::Sender<Lease>>>>>);

/// A write's turn, until this is dropped.
pub(super) struct Lease {
    turns: GuardTurns,
    tenant: TenantId,
}

impl GuardTurns {
    /// Waits for the turn of a tenant's write. Whoever stops waiting gives the place back.
    pub(super) async fn take(&self, tenant: TenantId) -> Result<Lease, StoreError> {
        let turn = {
            let mut lines = self.lines();
            let Some(waiting) = lines.get_mut(&tenant) else {
                lines.insert(tenant, VecDeque::new());
                return Ok(Lease { turns: self.clone(), tenant });
            };
            waiting.retain(|one| !one.is_canceled());
            if waiting.len() >= MAX_WAITING {
                return Err(StoreError::Busy);
            }
            let (sender, receiver) = oneshot::channel();
            waiting.push_back(sender);
            receiver
        };
        turn.await.map_err(|_| StoreError::failed("the turn of a write got lost"))
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<TenantId, VecDeque<oneshot::Sender<Lease>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let next = {
            let mut lines = self.turns.lines();
            let waiting = lines.get_mut(&self.tenant);
            let next = waiting.and_then(|waiting| {
                std::iter::from_fn(|| waiting.pop_front()).find(|one| !one.is_canceled())
            });
            if next.is_none() {
                lines.remove(&self.tenant);
            }
            next
        };
        if let Some(next) = next {
            // Where nobody waits any more the turn is dropped in its turn.
            drop(next.send(Self { turns: self.turns.clone(), tenant: self.tenant }));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use futures_executor::block_on;

    use super::*;

    #[test]
    fn k12_writes_of_a_tenant_take_turns_and_who_waits_no_more_is_passed_over() {
        let turns = GuardTurns::default();
        let [one, other] = [1, 2].map(|n| TenantId::from_bytes([n; 16]));
        let first = block_on(turns.take(one)).unwrap();
        drop(block_on(turns.take(other)).unwrap());
        let mut context = Context::from_waker(Waker::noop());
        let mut third = pin!(turns.take(one));
        {
            let mut gone = pin!(turns.take(one));
            assert!(gone.as_mut().poll(&mut context).is_pending());
            assert!(third.as_mut().poll(&mut context).is_pending());
        }
        drop(first);
        let Poll::Ready(Ok(third)) = third.as_mut().poll(&mut context) else { panic!("it is its turn") };
        let held: Vec<_> = (0..MAX_WAITING).map(|_| Box::pin(turns.take(one))).collect();
        let mut held = held;
        assert!(held.iter_mut().all(|one| one.as_mut().poll(&mut context).is_pending()));
        assert_eq!(block_on(turns.take(one)).err(), Some(StoreError::Busy));
        drop(held);
        drop(third);
        assert!(turns.lines().is_empty(), "nothing is left");
    }
}
