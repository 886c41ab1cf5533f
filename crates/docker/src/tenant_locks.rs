//! One change at a time to what a tenant has on the engine, so that its network does not go while a database comes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syft_space_domain::ids::TenantId;
use tokio::sync::OwnedMutexGuard;

/// A lock for each tenant for whom somebody works or waits.
#[derive(Default)]
pub(crate) struct TenantLocks(Arc<Mutex<HashMap<TenantId, Arc<tokio::sync::Mutex<()>>>>>);

/// The turn of one caller. It is handed on when dropped.
pub(crate) struct TenantTurn {
    locks: Arc<Mutex<HashMap<TenantId, Arc<tokio::sync::Mutex<()>>>>>,
    tenant: TenantId,
    held: Option<OwnedMutexGuard<()>>,
}

fn entries<T>(locks: &Mutex<T>) -> MutexGuard<'_, T> {
    locks.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TenantLocks {
    /// Waits for the turn of one caller. Who stops waiting leaves nothing behind.
    pub(crate) async fn turn(&self, tenant: TenantId) -> TenantTurn {
        let lock = Arc::clone(entries(&self.0).entry(tenant).or_default());
        // Made before the wait: whoever is dropped while waiting forgets the entry too.
        let mut turn = TenantTurn { locks: Arc::clone(&self.0), tenant, held: None };
        turn.held = Some(lock.lock_owned().await);
        turn
    }
}

impl Drop for TenantTurn {
    fn drop(&mut self) {
        self.held = None;
        let mut locks = entries(&self.locks);
        if locks.get(&self.tenant).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    #[tokio::test]
    async fn r4_one_tenants_turn_keeps_others_of_the_tenant_waiting_and_no_other_tenant() {
        let locks = TenantLocks::default();
        let (one, other) = (TenantId::from_bytes([1; 16]), TenantId::from_bytes([2; 16]));
        let held = locks.turn(one).await;
        let mut waiting = Box::pin(locks.turn(one));
        assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(locks.turn(other).await);
        drop(held);
        drop(waiting.await);
        assert!(entries(&locks.0).is_empty(), "no lock is kept of whom nobody works for");
    }

    #[tokio::test]
    async fn r4_who_stops_waiting_keeps_nobody_waiting_and_leaves_nothing() {
        let locks = TenantLocks::default();
        let tenant = TenantId::from_bytes([1; 16]);
        let held = locks.turn(tenant).await;
        let mut waiting = Box::pin(locks.turn(tenant));
        assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(waiting);
        drop(held);
        drop(locks.turn(tenant).await);
        assert!(entries(&locks.0).is_empty());
    }
}
