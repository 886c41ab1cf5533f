//! The clock of the hub.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The clock of the hub. Clones share the time.
#[derive(Debug, Clone)]
pub struct HubClock {
    /// Seconds since 1970 if the clock is fixed, else the offset from the system's clock.
    seconds: Arc<AtomicI64>,
    is_fixed: bool,
}

impl HubClock {
    /// A clock that follows the system's clock, plus any advance.
    #[must_use]
    pub fn system() -> Self {
        Self { seconds: Arc::default(), is_fixed: false }
    }

    /// A fixed clock at this time.
    #[must_use]
    pub fn at(unix_seconds: i64) -> Self {
        Self { seconds: Arc::new(unix_seconds.into()), is_fixed: true }
    }

    /// Advances the clock.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        self.seconds.fetch_add(by, Ordering::SeqCst);
    }

    /// The time, in seconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        let seconds = self.seconds.load(Ordering::SeqCst);
        if self.is_fixed { seconds } else { system_seconds().saturating_add(seconds) }
    }
}

#[expect(clippy::disallowed_methods, reason = "a server of its own, for tests, with a clock of its own")]
fn system_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// A time in RFC 3339, as the hub writes it in JSON.
pub(crate) fn rfc3339(unix_seconds: i64) -> String {
    jiff::Timestamp::from_second(unix_seconds).map_or_else(|_| String::new(), |time| time.to_string())
}
