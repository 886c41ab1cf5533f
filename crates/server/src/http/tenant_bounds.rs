//! How much of one tenant's may be under way at once, where more would take from others what all share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use syft_space_domain::ids::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::http::problem::Problem;
use crate::http::reason::Reason;

/// How many requests of one tenant may bring files at once, and of all.
const MAX_UPLOADS: (usize, usize) = (16, 512);
/// How many threads that may block one tenant may have at once.
const MAX_BLOCKING: usize = 16;
/// How many threads that take the processor for long one tenant may have at once: with more, others would wait for it.
const MAX_COMPUTING: usize = 1;
/// How many replays of recorded queries run at once, of all tenants: each asks the store's readers for one part after the other.
const MAX_REPLAYS: usize = 4;
/// How long one waits for either.
const MAX_WAIT_TO_COMPUTE: Duration = Duration::from_secs(10);
/// When uploads are refused: in how many seconds to come back. They last.
const SECONDS_TO_WAIT: u64 = 5;
/// With how many tenants those with nothing under way are forgotten.
const MAX_REMEMBERED: usize = 1_000;

/// The bounds of every tenant.
pub struct TenantBounds {
    uploads: PerTenant,
    all_uploads: Arc<Semaphore>,
    blocking: PerTenant,
    computing: PerTenant,
    replays: Arc<Semaphore>,
}

/// One request that brings files, until this is dropped.
pub(crate) struct UploadSlot(
    #[expect(dead_code, reason = "they count while they are there")] [OwnedSemaphorePermit; 2],
);

/// One replay of recorded queries, until this is dropped.
pub(crate) struct ReplayTurn(
    #[expect(dead_code, reason = "they count while they are there")] [OwnedSemaphorePermit; 2],
);

impl Default for TenantBounds {
    fn default() -> Self {
        let (of_tenant, of_all) = MAX_UPLOADS;
        Self {
            uploads: PerTenant::new(of_tenant),
            all_uploads: Arc::new(Semaphore::new(of_all)),
            blocking: PerTenant::new(MAX_BLOCKING),
            computing: PerTenant::new(MAX_COMPUTING),
            replays: Arc::new(Semaphore::new(MAX_REPLAYS)),
        }
    }
}

impl TenantBounds {
    /// Takes a slot for a request that brings files, which may take hours.
    ///
    /// # Errors
    /// When the tenant has all that it may have, or the server.
    pub(crate) fn upload(&self, tenant: TenantId) -> Result<UploadSlot, Problem> {
        let full = |whose: &str, most: usize| {
            let detail =
                format!("{whose} takes files in {most} requests already: wait until one of them has ended");
            Problem::new(Reason::Overloaded, detail).retry_after(SECONDS_TO_WAIT)
        };
        let (of_tenant, of_all) = MAX_UPLOADS;
        let own = self.uploads.of(tenant).try_acquire_owned().map_err(|_| full("your tenant", of_tenant))?;
        let all = Arc::clone(&self.all_uploads).try_acquire_owned();
        Ok(UploadSlot([own, all.map_err(|_| full("the server", of_all))?]))
    }

    /// Waits for a turn to block a thread. `None` cannot be: nothing ends the turns.
    pub(crate) async fn blocking_turn(&self, tenant: TenantId) -> Option<OwnedSemaphorePermit> {
        self.blocking.of(tenant).acquire_owned().await.ok()
    }

    /// Waits for a turn to take the processor for long.
    ///
    /// # Errors
    /// When the tenant has had others take it for too long.
    pub(crate) async fn computing_turn(&self, tenant: TenantId) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = timeout(MAX_WAIT_TO_COMPUTE, self.computing.of(tenant).acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| {
            let detail = "your tenant has others do what takes as long, one after the other: wait until they have ended";
            Problem::new(Reason::Overloaded, detail).retry_after(SECONDS_TO_WAIT)
        })
    }

    /// Waits for a turn to replay recorded queries: of a tenant one, beside nothing else that takes the processor for long.
    ///
    /// # Errors
    /// When the tenant, or all of them, have had others do that for too long.
    pub(crate) async fn replay_turn(&self, tenant: TenantId) -> Result<ReplayTurn, Problem> {
        let own = self.computing_turn(tenant).await?;
        let turn = timeout(MAX_WAIT_TO_COMPUTE, Arc::clone(&self.replays).acquire_owned()).await;
        let all = turn.ok().and_then(Result::ok).ok_or_else(|| {
            let detail = "the server replays queries for others already: try again in a moment";
            Problem::new(Reason::Overloaded, detail).retry_after(SECONDS_TO_WAIT)
        })?;
        Ok(ReplayTurn([own, all]))
    }
}

/// A number of permits for each tenant.
struct PerTenant {
    most: usize,
    tenants: Mutex<HashMap<TenantId, Arc<Semaphore>>>,
}

impl PerTenant {
    fn new(most: usize) -> Self {
        Self { most, tenants: Mutex::default() }
    }

    fn of(&self, tenant: TenantId) -> Arc<Semaphore> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if tenants.len() >= MAX_REMEMBERED {
            // A permit, and who waits for one, holds it too.
            tenants.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        }
        Arc::clone(tenants.entry(tenant).or_insert_with(|| Arc::new(Semaphore::new(self.most))))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn tenant(n: usize) -> TenantId {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&n.to_le_bytes());
        TenantId::from_bytes(id)
    }

    #[test]
    fn a_tenant_with_many_uploads_leaves_room_for_others() {
        let bounds = TenantBounds::default();
        let mut held: Vec<_> = (0..16).map(|_| bounds.upload(tenant(1)).unwrap()).collect();
        let refused = bounds.upload(tenant(1)).err().unwrap();
        assert_eq!((refused.reason(), refused.seconds_to_wait()), (Reason::Overloaded, Some(5)));
        assert!(refused.detail().contains("your tenant") && refused.detail().contains("16"));
        assert!(bounds.upload(tenant(2)).is_ok());
        held.pop();
        assert!(bounds.upload(tenant(1)).is_ok(), "and has room again behind each that ends");
    }

    #[test]
    fn the_server_takes_a_bounded_number_of_uploads() {
        let bounds = TenantBounds::default();
        let held: Vec<_> = (0..512).map(|n| bounds.upload(tenant(n)).unwrap()).collect();
        assert!(bounds.upload(tenant(512)).err().unwrap().detail().contains("the server"));
        drop(held);
        assert!((0..512).all(|n| bounds.upload(tenant(n)).is_ok()));
    }

    #[test]
    fn a_tenant_that_blocks_threads_waits_for_its_own_and_nobody_elses() {
        let bounds = TenantBounds::default();
        let turn = |n| bounds.blocking_turn(tenant(n)).now_or_never();
        let held: Vec<_> = (0..16).map(|_| turn(1).unwrap()).collect();
        assert!(turn(1).is_none());
        assert!(turn(2).is_some());
        drop(held);
        assert!(turn(1).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn m3_a_tenant_takes_the_processor_for_long_once_at_a_time_and_waits_for_it_no_longer_than_is_said()
    {
        let bounds = TenantBounds::default();
        let held = bounds.computing_turn(tenant(1)).await.unwrap();
        assert!(bounds.computing_turn(tenant(2)).await.is_ok());
        let began = tokio::time::Instant::now();
        let refused = bounds.computing_turn(tenant(1)).await.err().unwrap();
        assert_eq!((refused.reason(), refused.seconds_to_wait()), (Reason::Overloaded, Some(5)));
        assert_eq!(began.elapsed(), MAX_WAIT_TO_COMPUTE);
        drop(held);
        assert!(bounds.computing_turn(tenant(1)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn m3_the_server_replays_for_some_tenants_at_once_and_for_each_one_time() {
        let bounds = TenantBounds::default();
        let mut held = Vec::new();
        for n in 1..=MAX_REPLAYS {
            held.push(bounds.replay_turn(tenant(n)).await.unwrap());
        }
        let own = bounds.replay_turn(tenant(1)).await.err().unwrap();
        assert!(own.detail().contains("your tenant"), "{}", own.detail());
        let others = bounds.replay_turn(tenant(100)).await.err().unwrap();
        assert_eq!((others.reason(), others.seconds_to_wait()), (Reason::Overloaded, Some(5)));
        held.pop();
        assert!(bounds.replay_turn(tenant(100)).await.is_ok());
    }

    #[test]
    fn tenants_with_nothing_under_way_are_forgotten_and_no_others() {
        let per_tenant = PerTenant::new(1);
        let held = per_tenant.of(tenant(0)).try_acquire_owned().unwrap();
        for n in 1..10_000 {
            drop(per_tenant.of(tenant(n)));
        }
        assert!(per_tenant.tenants.lock().unwrap().len() <= MAX_REMEMBERED);
        assert!(per_tenant.of(tenant(0)).try_acquire_owned().is_err());
        drop(held);
    }
}
