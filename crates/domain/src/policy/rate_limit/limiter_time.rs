//! A limiter's time: the clock's, but it never runs backwards, and a clock that is set back neither stops it nor drives it
//! on.

use super::limit::Moment;
use super::sync::{AtomicI64, Mutex, Ordering, PoisonError};

/// How far behind another reading of the clock may be and still be one that took its time on the way, in microseconds.
const STRAGGLES: i64 = 1_000_000;

/// The time of a limiter.
#[derive(Debug)]
pub(super) struct LimiterTime {
    /// The latest time that was told.
    latest: AtomicI64,
    /// How far the time is ahead of the clock, since the clock was set back.
    ahead: AtomicI64,
    /// The first reading after which the clock seems to be set back.
    suspected: Mutex<Option<Suspicion>>,
}

/// A reading of the clock that was far behind.
#[derive(Debug, Clone, Copy)]
struct Suspicion {
    /// The reading.
    first: i64,
    /// The latest time that had been told by then. Whatever else is read of a clock that was not set back moves it.
    at: i64,
}

impl LimiterTime {
    pub(super) fn new() -> Self {
        Self { latest: AtomicI64::new(i64::MIN), ahead: AtomicI64::new(0), suspected: Mutex::new(None) }
    }

    /// The time at a reading of the clock, in microseconds.
    pub(super) fn at(&self, clock: i64) -> Moment {
        let time = clock.saturating_add(self.ahead.load(Ordering::Acquire));
        let mut latest = self.latest();
        // Mostly it stands in the same microsecond, and then nobody else has to fetch it anew.
        if time > latest {
            latest = self.latest.fetch_max(time, Ordering::AcqRel);
        }
        if latest.saturating_sub(time) <= STRAGGLES {
            return Moment { time: time.max(latest), clock };
        }
        self.set_back(clock)
    }

    /// The time at a reading of the clock, for whoever only looks: no time is told by it, and it may be a reading that somebody
    /// makes up.
    pub(super) fn look(&self, clock: i64) -> Moment {
        let time = clock.saturating_add(self.ahead.load(Ordering::Acquire));
        Moment { time: time.max(self.latest()), clock }
    }

    /// The latest time that was told.
    pub(super) fn latest(&self) -> i64 {
        self.latest.load(Ordering::Acquire)
    }

    /// The clock's reading at a time.
    pub(super) fn clock_at(&self, time: i64) -> i64 {
        time.saturating_sub(self.ahead.load(Ordering::Acquire))
    }

    /// A reading far behind the latest one. A single one may come of a thread that was stopped for a while, and readings like
    /// the ones before follow it. The clock is set back where the next ones are behind, too, for longer than a second: the
    /// time stands until then, and goes on as if it had gone on from the first.
    fn set_back(&self, clock: i64) -> Moment {
        let mut suspected = self.suspected.lock().unwrap_or_else(PoisonError::into_inner);
        let (latest, ahead) = (self.latest(), self.ahead.load(Ordering::Acquire));
        let time = clock.saturating_add(ahead);
        // Somebody else may have found it out meanwhile.
        if latest.saturating_sub(time) <= STRAGGLES {
            return Moment { time: time.max(self.latest.fetch_max(time, Ordering::AcqRel)), clock };
        }
        match *suspected {
            Some(Suspicion { first, at }) if at == latest && first <= clock => {
                if clock.saturating_sub(first) > STRAGGLES {
                    *suspected = None;
                    self.ahead.store(latest.saturating_sub(first), Ordering::Release);
                    let time = latest.saturating_add(clock.saturating_sub(first));
                    return Moment { time: time.max(self.latest.fetch_max(time, Ordering::AcqRel)), clock };
                }
            }
            // The first, or one further back.
            _ => *suspected = Some(Suspicion { first: clock, at: latest }),
        }
        Moment { time: latest, clock }
    }
}
