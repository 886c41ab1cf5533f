//! When API keys were last used, on its way into the store: off the path of a request, and a few seconds later.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use syft_space_domain::identity::{KeyUse, Principal, note_key_uses};
use syft_space_domain::store::Store;
use syft_space_domain::time::Timestamp;

/// How often what was noted is written.
const WRITE_INTERVAL: Duration = Duration::from_secs(3);
/// The most uses that wait. Each key has one a minute, so more than these are of very many keys; what is beyond is noted a
/// minute later.
const MAX_WAITING: usize = 100_000;

/// The uses that wait to be written.
#[derive(Default)]
pub struct KeyUses(Mutex<Vec<KeyUse>>);

impl KeyUses {
    /// Notes that a principal came with an API key, if they did, and nobody did in the last minute with the same.
    pub fn note(&self, principal: &Principal, now: Timestamp) {
        let Some(used) = principal.key_use(now) else { return };
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MAX_WAITING {
            waiting.push(used);
        }
    }

    /// Writes what waits, every few seconds until `stop` ends, and then once more. What cannot be written is lost: when a key was
    /// last used is worth no more.
    pub async fn write_until(self: Arc<Self>, store: Arc<dyn Store>, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        loop {
            let is_last = tokio::time::timeout(WRITE_INTERVAL, stop.as_mut()).await.is_ok();
            let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
            if !waiting.is_empty()
                && let Err(error) = note_key_uses(&*store, waiting).await
            {
                tracing::warn!(%error, "when API keys were last used could not be noted");
            }
            if is_last {
                return;
            }
        }
    }
}
