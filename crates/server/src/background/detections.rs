//! The task that looks at what is new in the audit logs for what somebody should look at.

use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::audit::Log;
use syft_space_domain::detection::{Detected, DetectionTerms, detect};
use syft_space_domain::tenant::OperatorScope;

use crate::background::ticks;
use crate::http::metrics::Metrics;

/// How often to look where there is no more than one look takes in.
const INTERVAL: Duration = Duration::from_secs(1);

/// Looks, at once and from then on, until it is aborted. Failures are logged, and tried again.
pub(crate) async fn detect_forever(
    space: Space,
    operator: Arc<OperatorScope>,
    terms: DetectionTerms,
    metrics: Arc<Metrics>,
) {
    let mut ticks = ticks(INTERVAL);
    loop {
        ticks.tick().await;
        let mut is_behind = true;
        while is_behind {
            is_behind = match detect(&space, &operator, terms).await {
                Ok(round) => {
                    for detected in &round.detected {
                        metrics.detected(detected.kind);
                        tell(detected);
                    }
                    round.is_behind
                }
                Err(error) => {
                    tracing::error!(%error, "the audit logs could not be looked at for detections");
                    false
                }
            };
        }
    }
}

fn tell(detected: &Detected) {
    let Detected { log, kind, count } = detected;
    let log = match log {
        Log::Installation => "installation".to_owned(),
        Log::Tenant(tenant) => tenant.to_string(),
    };
    tracing::warn!(detection = kind.reason_code().as_str(), %log, count, "somebody should look at an audit log");
}
