//! A limit and what one caller has taken of it: exact whole numbers, without a clock and without a lock.

use std::time::Duration;

use crate::as_text::named_enum;

/// So much of something in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How much is let through in a period, 1 to [`Limit::MOST`].
    pub number: u32,
    /// The period.
    pub period: Period,
    /// How it is counted.
    pub window: Window,
}

named_enum! {
    /// A period of a limit.
    pub enum Period {
        /// A second.
        Second = "s",
        /// A minute.
        Minute = "m",
        /// An hour.
        Hour = "h",
        /// A day of 24 hours.
        Day = "d",
    }
}

/// How a limit is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// It fills up evenly, as the generic cell rate algorithm has it: in any span of the time t at most
    /// `burst + number · t / period` are let through.
    Sliding {
        /// How much is let through at once when it is whole, 1 to [`Limit::MOST`].
        burst: u32,
    },
    /// `number` in each period of the calendar in UTC, and so again from its border on.
    Strict,
}

/// A time of a limiter, in microseconds. What is compared with it never sees it run backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The limiter's time.
    pub time: i64,
    /// What the clock showed at it, by which the borders of the calendar are found.
    pub clock: i64,
}

/// What was taken of a limit. The default is one that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Level {
    /// Until when something of it is missing, in microseconds of the limiter's time.
    pub until: i64,
    /// Sliding: the part of a microsecond behind `until`, as a numerator over the limit's number. Strict: how much was
    /// taken in the period that ends with `until`.
    pub part: u32,
}

/// How a limit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headroom {
    /// How much is left.
    pub remaining: u32,
    /// In how many microseconds more is left; 0 where it is whole.
    pub more_in: i64,
}

impl Period {
    /// How long it is, in microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        let seconds = match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        };
        seconds * 1_000_000
    }

    /// How long it is.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_micros(self.micros().unsigned_abs())
    }
}

impl Limit {
    /// The most queries that a limit lets through in a period, or at once.
    pub const MAX: u32 = 1_000_000;
    /// The most of anything. With more the whole numbers in which it is counted would not do.
    pub const MOST: u32 = 10_000_000;
    /// The longest that a sliding limit takes until it is whole again: what is kept of a caller goes then.
    pub const MAX_REFILL: Duration = Duration::from_hours(24 * 366);

    /// How much is let through at once when it is whole.
    #[must_use]
    pub fn burst(&self) -> u32 {
        match self.window {
            Window::Sliding { burst } => burst,
            Window::Strict => self.number,
        }
    }

    /// How long a sliding limit takes from nothing until it is whole, rounded up to microseconds.
    #[must_use]
    pub fn refill(&self) -> Duration {
        let micros = self.full().unsigned_abs().div_ceil(u64::from(self.number.max(1)));
        Duration::from_micros(micros)
    }

    /// Takes so much of it, which is no more than there is at once.
    ///
    /// # Errors
    /// When less is left: how many microseconds later it is there, if nothing is taken until then.
    pub fn take(&self, level: Level, amount: u32, now: Moment) -> Result<Level, i64> {
        match self.window {
            Window::Sliding { .. } => {
                let debt = self.debt(level, now).saturating_add(self.worth(amount));
                let over = debt.saturating_sub(self.full());
                if over > 0 { Err(div_ceil(over, self.per_micro())) } else { Ok(self.level(debt, now)) }
            }
            Window::Strict => {
                let (end, taken) = self.period_of(level, now);
                let taken = taken.saturating_add(amount);
                if taken <= self.number {
                    Ok(Level { until: end, part: taken })
                } else {
                    Err(end.saturating_sub(now.time))
                }
            }
        }
    }

    /// Gives so much back that was taken at a time and left `after`, as far as it is still missing: for a take that is given
    /// back at the time it was made, this is all of it, and later no more than what keeps the promise of [`Window`].
    #[must_use]
    pub fn give_back(&self, level: Level, amount: u32, taken_at: Moment, after: Level, now: Moment) -> Level {
        match self.window {
            Window::Sliding { .. } => {
                // As if what has filled up since had all been for this one: of others that were given back meanwhile, and of
                // those that came, nobody knows the order.
                let filled = now.time.saturating_sub(taken_at.time).saturating_mul(self.per_micro());
                let missing = self.worth(amount).saturating_sub(filled).max(0);
                self.level(self.debt(level, now).saturating_sub(missing), now)
            }
            Window::Strict if level.until == after.until => {
                Level { until: level.until, part: level.part.saturating_sub(amount) }
            }
            Window::Strict => level,
        }
    }

    /// How it stands.
    #[must_use]
    pub fn headroom(&self, level: Level, now: Moment) -> Headroom {
        match self.window {
            Window::Sliding { burst } => {
                let (debt, period) = (self.debt(level, now), self.period.micros());
                let left = self.full().saturating_sub(debt).div_euclid(period);
                let remaining = u32::try_from(left).unwrap_or(burst);
                // With one more left, this much may be missing.
                let missing = self.full().saturating_sub(left.saturating_add(1).saturating_mul(period));
                let more_in = if debt == 0 { 0 } else { div_ceil(debt - missing, self.per_micro()) };
                Headroom { remaining, more_in }
            }
            Window::Strict => {
                let (end, taken) = self.period_of(level, now);
                let more_in = if taken == 0 { 0 } else { end.saturating_sub(now.time) };
                Headroom { remaining: self.number.saturating_sub(taken), more_in }
            }
        }
    }

    /// Whether a level tells of more than there is of this limit: it was written under another one.
    #[must_use]
    pub fn is_beyond(&self, level: Level, now: Moment) -> bool {
        let micros = level.until.saturating_sub(now.time);
        match self.window {
            Window::Sliding { .. } => {
                micros.saturating_mul(self.per_micro()).saturating_add(level.part.into()) > self.full()
            }
            Window::Strict => micros > self.period.micros(),
        }
    }

    /// What counts of a level, which may have been written under another limit.
    #[must_use]
    pub fn counted(&self, level: Level, now: Moment) -> Level {
        match self.window {
            Window::Sliding { .. } => self.level(self.debt(level, now), now),
            Window::Strict => {
                let (until, part) = self.period_of(level, now);
                Level { until, part }
            }
        }
    }

    /// What is missing of a sliding limit, where one microsecond fills up `number` and one take is `period`: whole
    /// numbers, so that nothing is ever rounded. What was written under another limit counts as at most all of this one.
    fn debt(&self, level: Level, now: Moment) -> i64 {
        let micros = level.until.saturating_sub(now.time);
        let debt = micros.saturating_mul(self.per_micro()).saturating_add(i64::from(level.part));
        debt.clamp(0, self.full())
    }

    fn level(&self, debt: i64, now: Moment) -> Level {
        let number = self.per_micro();
        let part = u32::try_from(debt.rem_euclid(number)).unwrap_or(0);
        Level { until: now.time.saturating_add(debt.div_euclid(number)), part }
    }

    /// What so much of a sliding limit is.
    fn worth(&self, amount: u32) -> i64 {
        i64::from(amount).saturating_mul(self.period.micros())
    }

    /// All of a sliding limit, at most 8.64 · 10¹⁷.
    fn full(&self) -> i64 {
        self.worth(self.burst())
    }

    fn per_micro(&self) -> i64 {
        i64::from(self.number.max(1))
    }

    /// The end of the calendar's period that counts now, and how much was taken in it.
    fn period_of(&self, level: Level, now: Moment) -> (i64, u32) {
        let period = self.period.micros();
        let end = now.time.saturating_add(period - now.clock.rem_euclid(period));
        // A period that is under way ends as it was begun, although the clock may have been set since. What ends later
        // than any that begins now was begun under another limit or another clock.
        match level.until {
            until if until <= now.time => (end, 0),
            until if until > now.time.saturating_add(period) => (end, level.part),
            until => (until, level.part),
        }
    }
}

impl Level {
    /// Whether nothing of the limit is missing any more.
    #[must_use]
    pub fn is_whole(&self, time: i64) -> bool {
        self.until < time || (self.until == time && self.part == 0)
    }
}

/// The quotient of two positive numbers, rounded up.
fn div_ceil(dividend: i64, divisor: i64) -> i64 {
    dividend.div_euclid(divisor).saturating_add(i64::from(dividend.rem_euclid(divisor) > 0))
}
