//! When an API key was last noted as used.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::time::Timestamp;

/// When a key was last noted as used. All snapshots of a key share one.
#[derive(Debug, Default)]
pub(crate) struct LastNoted(AtomicI64);

impl LastNoted {
    /// What a store knows of it.
    pub(crate) fn of(last_used_at: Option<Timestamp>) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(last_used_at.map_or(i64::MIN, Timestamp::as_unix_micros))))
    }

    /// When it was, if it ever was.
    pub(crate) fn last(&self) -> Option<Timestamp> {
        let noted = self.0.load(Ordering::Relaxed);
        (noted != i64::MIN).then(|| Timestamp::from_unix_micros(noted))
    }

    /// Whether a use now is to be noted: it is when none was for a minute, and for one of those who ask at once.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let noted = self.0.load(Ordering::Relaxed);
        let since = now.as_unix_micros().saturating_sub(noted);
        Duration::from_micros(u64::try_from(since).unwrap_or_default()) >= NOTED_EVERY
            && self
                .0
                .compare_exchange(noted, now.as_unix_micros(), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

/// How often a use of one key is noted at most.
const NOTED_EVERY: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k2_what_is_stored_of_a_use_is_known_and_a_key_that_was_never_used_has_none() {
        assert_eq!(LastNoted::of(None).last(), None);
        for at in [0, 1_000_000] {
            let at = Timestamp::from_unix_micros(at);
            assert_eq!(LastNoted::of(Some(at)).last(), Some(at));
        }
    }
}
