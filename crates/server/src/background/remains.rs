//! The task that overwrites what removed rows and documents have left in files.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::dataset::overwrite_document_remains;
use tokio::time::{Instant, interval_at, sleep};

/// How long to wait until datasets are looked for whose documents have changed.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// So many times as long as the last look took: of large files that change all the time, not more than a tenth of the time goes into reading
/// them.
const REST: u32 = 9;
/// How often the store is looked through. Erasures and the end of a tenant do not wait for that; what has passed its term does.
const STORE_INTERVAL: Duration = Duration::from_secs(86_400);
/// So long after the start it is looked through first.
const STORE_DELAY: Duration = Duration::from_secs(600);

/// Overwrites it, from now on and until it is aborted. Failures are logged, and tried again.
pub(crate) async fn overwrite_forever(space: Space) {
    let goes_on = GoesOn(Arc::new(AtomicBool::new(true)));
    let mut rest = LOOK_INTERVAL;
    let mut of_store = interval_at(Instant::now() + STORE_DELAY, STORE_INTERVAL);
    loop {
        tokio::select! {
            () = sleep(rest) => {
                let begun = Instant::now();
                let (space, goes_on) = (space.clone(), Arc::clone(&goes_on.0));
                let overwrite = move || overwrite_document_remains(&space, &|| goes_on.load(Ordering::Relaxed));
                match tokio::task::spawn_blocking(overwrite).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::error!(%error, "what removed documents have left could not be overwritten"),
                    Err(error) => tracing::error!(%error, "what removed documents have left could not be looked for"),
                }
                rest = begun.elapsed().saturating_mul(REST).max(LOOK_INTERVAL);
            }
            _ = of_store.tick() => {
                if let Err(error) = space.store.overwrite_remains().await {
                    tracing::error!(%error, "what removed rows have left could not be overwritten");
                }
            }
        }
    }
}

/// Where it is dropped, what goes on on another thread ends.
struct GoesOn(Arc<AtomicBool>);

impl Drop for GoesOn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
