//! The task that makes a new signing key when that is due, and forgets old ones.

use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::identity::rotate_due_signing_key;
use syft_space_domain::tenant::OperatorScope;

use crate::background::ticks;

/// How often to look. A key accepts no token beyond its time; for so long it may still lie in the file.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);

/// Keeps the signing keys, until it is aborted. Failures are logged, and tried again.
pub(crate) async fn keep_forever(space: Space, operator: Arc<OperatorScope>) {
    let mut ticks = ticks(CHECK_INTERVAL);
    loop {
        ticks.tick().await;
        match rotate_due_signing_key(&space, &operator).await {
            Ok(None) => {}
            Ok(Some(key)) => {
                tracing::info!(kid = key.id, algorithm = key.algorithm, "a new key signs access tokens");
            }
            Err(error) => tracing::error!(%error, "the signing keys could not be kept"),
        }
    }
}
