//! The exports of what is held about people that are under way: each reads all of a tenant's log, so there are few at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use syft_space_domain::ids::{AccountId, TenantId};
use tokio::time::Instant;

use crate::http::problem::Problem;
use crate::http::reason::Reason;

/// How many a tenant may have at once, and all together.
const MAX_OF_TENANT: usize = 4;
const MAX_OF_ALL: usize = 64;
/// How long one may take. Whoever reads theirs slower than that begins anew, and holds nobody else up for longer.
const MAX_TIME: Duration = Duration::from_secs(15 * 60);
/// In how many seconds to come back, where there are too many.
const SECONDS_TO_WAIT: u64 = 5;

/// Those of every tenant.
#[derive(Clone, Default)]
pub struct ExportsUnderWay(Arc<Mutex<HashMap<(TenantId, AccountId), Instant>>>);

/// One of them, until this is dropped.
pub(crate) struct ExportSlot {
    all: ExportsUnderWay,
    whose: (TenantId, AccountId),
    since: Instant,
}

impl ExportsUnderWay {
    /// Takes the slot of an account, whoever asks for its export.
    ///
    /// # Errors
    /// When an export of it is under way already, or as many as may be.
    pub(crate) fn begin(&self, tenant: TenantId, account: AccountId) -> Result<ExportSlot, Problem> {
        let (whose, since) = ((tenant, account), Instant::now());
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|_, began| since.duration_since(*began) < MAX_TIME);
        let refused = |detail: &str| Problem::new(Reason::Overloaded, detail).retry_after(SECONDS_TO_WAIT);
        if under_way.contains_key(&whose) {
            return Err(refused("this account is being exported already: wait until that has ended"));
        }
        if under_way.keys().filter(|(of, _)| *of == tenant).count() >= MAX_OF_TENANT {
            return Err(refused(
                "your tenant exports as many accounts as it may at once: wait until one has ended",
            ));
        }
        if under_way.len() >= MAX_OF_ALL {
            return Err(refused(
                "the server exports as many accounts as it may at once: wait until one has ended",
            ));
        }
        under_way.insert(whose, since);
        drop(under_way);
        Ok(ExportSlot { all: self.clone(), whose, since })
    }
}

impl ExportSlot {
    /// Whether its time is over.
    pub(crate) fn is_over(&self) -> bool {
        self.since.elapsed() >= MAX_TIME
    }
}

impl Drop for ExportSlot {
    fn drop(&mut self) {
        let mut under_way = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Where its time was over another one may have taken its place.
        if under_way.get(&self.whose) == Some(&self.since) {
            under_way.remove(&self.whose);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g1_an_account_is_exported_once_at_a_time_and_a_tenant_leaves_room_for_others() {
        let all = ExportsUnderWay::default();
        let tenant = |n| TenantId::from_bytes([n; 16]);
        let account = |n| AccountId::from_bytes([n; 16]);
        let mut held: Vec<_> = (0..4).map(|n| all.begin(tenant(1), account(n)).unwrap()).collect();
        for n in [0, 9] {
            let refused = all.begin(tenant(1), account(n)).err().unwrap();
            assert_eq!((refused.reason(), refused.seconds_to_wait()), (Reason::Overloaded, Some(5)));
        }
        assert!(all.begin(tenant(2), account(0)).is_ok());
        held.pop();
        assert!(all.begin(tenant(1), account(9)).is_ok());
        assert!(all.begin(tenant(1), account(0)).is_err(), "one that is under way is");
    }
}
