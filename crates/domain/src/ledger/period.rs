//! The periods in which prices and budgets are reckoned.

use std::cmp::Ordering;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::as_text::text_enum;
use crate::time::Timestamp;

text_enum! {
    /// How long a free quota and a budget last.
    pub enum Period {
        /// A day of UTC.
        Day = "day",
        /// A month of UTC.
        Month = "month",
        /// For ever: it is never renewed.
        Total = "total",
    }

    /// A text that is no period.
    #[error(r#"a period is "day", "month" or "total""#)]
    pub struct PeriodError;
}

impl Ord for Period {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for Period {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One period: one day, one month, or all of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// How long it is.
    pub period: Period,
    /// When it begins; 1970 for all of time.
    pub begins: Timestamp,
}

impl Span {
    /// The period that a time is in.
    #[must_use]
    pub fn of(period: Period, now: Timestamp) -> Self {
        let begins = match period {
            Period::Day => date(now),
            Period::Month => date(now).map(Date::first_of_month),
            Period::Total => None,
        };
        Self { period, begins: begins.map_or(Timestamp::from_unix_micros(0), midnight) }
    }

    /// When the next one begins; `None` for all of time, and where no calendar has it.
    #[must_use]
    pub fn ends(self) -> Option<Timestamp> {
        let begins = date(self.begins)?;
        let next = match self.period {
            Period::Day => begins.tomorrow(),
            Period::Month => begins.last_of_month().tomorrow(),
            Period::Total => return None,
        };
        next.ok().map(midnight)
    }
}

/// The day of UTC that a time is in; `None` where no calendar has it.
fn date(time: Timestamp) -> Option<Date> {
    let time = jiff::Timestamp::from_microsecond(time.as_unix_micros()).ok()?;
    Some(TimeZone::UTC.to_datetime(time).date())
}

fn midnight(date: Date) -> Timestamp {
    let midnight = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0));
    Timestamp::from_unix_micros(midnight.map_or(0, jiff::Timestamp::as_microsecond))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begins(period: Period, now: &str) -> String {
        Span::of(period, Timestamp::parse(now).unwrap()).begins.to_string()
    }

    #[test]
    fn z2_a_period_begins_at_its_border_in_utc_and_not_a_microsecond_before() {
        for (period, now, expected) in [
            (Period::Day, "2026-11-28T00:00:00Z", "2026-11-28T00:00:00Z"),
            (Period::Day, "2026-11-27T23:59:59.999999Z", "2026-11-27T00:00:00Z"),
            (Period::Month, "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z"),
            (Period::Month, "2026-12-31T23:59:59.999999Z", "2026-12-01T00:00:00Z"),
            (Period::Month, "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            (Period::Total, "2027-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(begins(period, now), expected, "{period} {now}");
        }
    }

    #[test]
    fn z2_a_period_ends_where_the_next_one_begins() {
        let ends = |period, now| Span::of(period, Timestamp::parse(now).unwrap()).ends();
        for (period, now, expected) in [
            (Period::Day, "2028-02-28T23:59:59Z", "2028-02-29T00:00:00Z"),
            (Period::Day, "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z"),
            (Period::Month, "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
            (Period::Month, "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
        ] {
            let ends = ends(period, now).unwrap();
            assert_eq!(ends.to_string(), expected, "{period} {now}");
            assert_eq!(Span::of(period, ends).begins, ends);
        }
        assert_eq!(ends(Period::Total, "2026-12-31T23:59:59Z"), None);
    }

    #[test]
    fn z2_a_time_that_no_calendar_has_is_in_a_period_as_well() {
        for micros in [i64::MIN, i64::MAX] {
            let span = Span::of(Period::Day, Timestamp::from_unix_micros(micros));
            assert_eq!(span.begins, Timestamp::from_unix_micros(0));
        }
    }
}
