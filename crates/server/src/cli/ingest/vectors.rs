//! Waiting until what was brought can be found by meaning, too.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::cli::api::ApiClient;
use crate::cli::ingest::progress::Progress;
use crate::routes::datasets::{Dataset, DatasetUsage};

/// How long to wait before the vectors are counted again.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// After how many counts without a change nobody seems to be encoding.
const MAX_IDLE_POLLS: u32 = 120;

/// Waits until a dataset's vectors are whole, or nobody makes any, or it is told to stop. Answers how many chunks have one;
/// `None` for a dataset that is searched by words.
///
/// # Errors
/// When the space cannot be asked.
pub(super) async fn wait(
    api: &ApiClient,
    dataset: &Dataset,
    progress: &Progress,
    stop: &AtomicBool,
) -> anyhow::Result<Option<u64>> {
    let Some(encoder) = &dataset.encoder else { return Ok(None) };
    let path = format!("/api/v1/datasets/{}/usage", dataset.id);
    let (mut encoded, mut idle, mut told) = (0, 0, 0);
    loop {
        let usage: DatasetUsage = api.get(&path).await?;
        let now =
            usage.vectors.filter(|vectors| vectors.encoder == *encoder).map_or(0, |vectors| vectors.chunks);
        idle = if now == encoded { idle + 1 } else { 0 };
        encoded = now;
        if encoded >= usage.chunks || idle >= MAX_IDLE_POLLS || stop.load(Ordering::Relaxed) {
            if encoded < usage.chunks {
                progress.line(&format!(
                    "{encoded} of {} chunks are found by meaning; the others follow while the space runs",
                    usage.chunks
                ));
            }
            return Ok(Some(encoded));
        }
        // A line for every tenth part is enough.
        if (encoded - told) * 10 >= usage.chunks {
            told = encoded;
            progress.line(&format!("{encoded} of {} chunks are found by meaning", usage.chunks));
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
