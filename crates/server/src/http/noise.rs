//! Failures by nobody known, merged: what anybody can cause at any rate must not fill the log.
//!
//! All that fail for one reason from one address (an IPv6 address: its /64) within one second become one event of
//! the installation's log, with their number. The table is bounded; beyond it, failures are counted under no
//! address. An event of this kind may come up to a second after its failures, unlike any other.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use syft_space_domain::Space;
use syft_space_domain::audit::{Action, Actor, Log, Origin};
use syft_space_domain::store::StoreError;

use crate::http::client_address::prefix;

/// The most different (address, reason) that are told apart within a second.
const KINDS_MAX: usize = 1_000;

/// Failures since the last flush.
#[derive(Default)]
pub struct Noise {
    counts: Mutex<HashMap<(Option<IpAddr>, &'static str), u32>>,
}

impl Noise {
    /// Counts a refused token.
    pub fn token_refused(&self, address: Option<IpAddr>, reason_code: &'static str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (address.map(prefix), reason_code);
        let key =
            if counts.len() < KINDS_MAX || counts.contains_key(&key) { key } else { (None, reason_code) };
        let count = counts.entry(key).or_default();
        *count = count.saturating_add(1);
    }

    /// Writes what was counted, one event each.
    ///
    /// # Errors
    /// When the store failed; what could not be written is not counted again.
    pub async fn flush(&self, space: &Space) -> Result<(), StoreError> {
        let counted = std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        let mut receipts = Vec::with_capacity(counted.len());
        for ((address, reason_code), count) in counted {
            let call = space.call(Origin { address, user_agent: None }).map_err(StoreError::failed)?;
            let event = call.event(Log::Installation, Action::AuthnTokenFail, Actor::Anonymous);
            let mut event = event.map_err(StoreError::failed)?.denied(reason_code);
            event.request = None;
            event.count = count;
            receipts.push(space.store.record(event));
        }
        for receipt in receipts {
            receipt.await?;
        }
        Ok(())
    }

    /// Flushes once a second, for as long as the task lives.
    pub async fn flush_forever(self: Arc<Self>, space: Space) {
        let mut every = tokio::time::interval(std::time::Duration::from_secs(1));
        loop {
            every.tick().await;
            if let Err(error) = self.flush(&space).await {
                tracing::warn!(%error, "refused tokens could not be recorded");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u1_the_table_of_refused_tokens_is_bounded_and_loses_no_count() {
        let noise = Noise::default();
        for n in 0..5_000u32 {
            noise.token_refused(Some(IpAddr::from(n.to_be_bytes())), "token_malformed");
        }
        let counts = noise.counts.lock().unwrap();
        assert!(counts.len() <= KINDS_MAX + 1);
        assert_eq!(counts.values().sum::<u32>(), 5_000);
    }
}
