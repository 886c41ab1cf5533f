//! What is counted while the server runs, for whoever watches it. No tenant stands in it.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use syft_space_domain::detection::DetectionKind;

/// The counters.
pub struct Metrics {
    /// How often what was detected.
    pub(crate) detections: Family<DetectionLabels, Counter>,
}

/// Which kind of detection is counted, by its reason in the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct DetectionLabels {
    kind: &'static str,
}

impl From<DetectionKind> for DetectionLabels {
    fn from(kind: DetectionKind) -> Self {
        Self { kind: kind.reason_code().as_str() }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self { detections: Family::default() };
        // What was never seen is 0, and not unknown: the first of a kind is an increase.
        for kind in DetectionKind::ALL {
            drop(metrics.detections.get_or_create(&kind.into()));
        }
        metrics
    }
}

impl Metrics {
    /// Counts a detection.
    pub(crate) fn detected(&self, kind: DetectionKind) {
        self.detections.get_or_create(&kind.into()).inc();
    }
}
