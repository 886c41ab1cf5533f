//! A clock for tests, which only moves when it is told to.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use syft_space_domain::time::{Clock, Timestamp};

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        Self(Mutex::new(time))
    }

    fn time(&self) -> MutexGuard<'_, Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows another time from now on.
    pub fn set(&self, time: Timestamp) {
        *self.time() = time;
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        let mut time = self.time();
        *time = time.plus(span);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.time()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_moves_only_when_it_is_moved() {
        let clock = ManualClock::at(Timestamp::from_unix_micros(5));
        assert_eq!([clock.now(), clock.now()], [Timestamp::from_unix_micros(5); 2]);
        clock.advance(Duration::from_micros(7));
        assert_eq!(clock.now(), Timestamp::from_unix_micros(12));
        clock.set(Timestamp::from_unix_micros(3));
        assert_eq!(clock.now(), Timestamp::from_unix_micros(3));
    }
}
