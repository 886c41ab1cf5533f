//! What time is it on the hub?

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The hub's clock. Its clones are the same clock.
#[derive(Debug, Clone)]
pub struct HubClock {
    /// Seconds since 1970 where the clock stands still, else seconds that it is ahead of the system's.
    seconds: Arc<AtomicI64>,
    stands_still: bool,
}

impl HubClock {
    /// The system's clock, which can still be advanced.
    #[must_use]
    pub fn system() -> Self {
        Self { seconds: Arc::default(), stands_still: false }
    }

    /// A clock that stands at this time until it is advanced.
    #[must_use]
    pub fn at(unix_seconds: i64) -> Self {
        Self { seconds: Arc::new(unix_seconds.into()), stands_still: true }
    }

    /// Makes it later.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        self.seconds.fetch_add(by, Ordering::SeqCst);
    }

    /// The time, in seconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        let seconds = self.seconds.load(Ordering::SeqCst);
        if self.stands_still { seconds } else { system_seconds().saturating_add(seconds) }
    }
}

#[expect(clippy::disallowed_methods, reason = "a server of its own, for tests, with a clock of its own")]
fn system_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// A time as the hub writes it in JSON.
pub(crate) fn written(unix_seconds: i64) -> String {
    jiff::Timestamp::from_second(unix_seconds).map_or_else(|_| String::new(), |time| time.to_string())
}
