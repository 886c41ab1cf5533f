//! Hours of some days of the week, as a clock on the wall shows them.

use jiff::civil::{Time, Weekday};

/// The days of the week by the names that they have in a configuration, in the order in which they are shown.
pub(super) const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// The minutes of a day on the clock, however long the day really is.
pub(super) const DAY: i16 = 24 * 60;

/// Some days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Days(u8);

impl Days {
    /// These, and one more.
    pub(super) fn and(self, day: Weekday) -> Self {
        Self(self.0 | Self::bit(day))
    }

    /// Whether a day is one of them.
    pub(super) fn hold(self, day: Weekday) -> bool {
        self.0 & Self::bit(day) != 0
    }

    fn bit(day: Weekday) -> u8 {
        1 << day.to_monday_zero_offset()
    }
}

/// From a minute of some days, which is in it, until another, which is not. It has at least a minute, and at most a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// On which days it begins.
    pub(super) days: Days,
    /// The minute of the day: below [`DAY`].
    pub(super) from: i16,
    /// The minute of the day, at most [`DAY`]; of the next day where it is less than `from`.
    pub(super) until: i16,
}

impl Span {
    /// Whether it holds a minute of a day on which it may begin.
    pub(super) fn holds(self, day: Weekday, minute: i16) -> bool {
        self.days.hold(day) && self.from <= minute && (minute < self.until || self.ends_next_day())
    }

    /// Whether it holds a minute of the day behind one on which it may have begun.
    pub(super) fn holds_after(self, day: Weekday, minute: i16) -> bool {
        self.days.hold(day) && self.ends_next_day() && minute < self.until
    }

    fn ends_next_day(self) -> bool {
        self.until < self.from
    }
}

/// The minute of a day that a clock shows.
pub(super) fn minute_of(time: Time) -> i16 {
    60 * i16::from(time.hour()) + i16::from(time.minute())
}

/// Reads a minute of a day, `00:00` to `24:00`.
pub(super) fn read_minute(text: &str) -> Option<i16> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    Some(60 * hour + minute).filter(|whole| minute < 60 && *whole <= DAY)
}

fn two_digits(text: &str) -> Option<i16> {
    let are_digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| are_digits)
}

/// A minute of a day in the form that is read.
pub(super) fn show_minute(minute: i16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z4_each_minute_of_a_day_is_read_as_it_is_shown_and_nothing_else_is_one() {
        for minute in 0..=DAY {
            assert_eq!(read_minute(&show_minute(minute)), Some(minute));
        }
        for text in [
            "", ":", "8:00", "08:0", "08:60", "24:01", "25:00", "08:00:00", "+8:00", "-1:00", "08:+1",
            " 08:00", "0８:00", "08.00", "0800",
        ] {
            assert_eq!(read_minute(text), None, "{text:?}");
        }
    }

    #[test]
    fn z4_a_span_holds_its_first_minute_and_not_the_one_that_ends_it_also_past_midnight() {
        use Weekday::{Monday, Tuesday};
        let span = |from, until| Span { days: Days::default().and(Monday), from, until };
        for (span, minute, on_its_day, on_the_next) in [
            (span(480, 1080), 479, false, false),
            (span(480, 1080), 480, true, false),
            (span(480, 1080), 1079, true, false),
            (span(480, 1080), 1080, false, false),
            (span(0, DAY), 0, true, false),
            (span(0, DAY), 1439, true, false),
            (span(1320, 360), 0, false, true),
            (span(1320, 360), 359, false, true),
            (span(1320, 360), 360, false, false),
            (span(1320, 360), 1319, false, false),
            (span(1320, 360), 1439, true, false),
        ] {
            assert_eq!(span.holds(Monday, minute), on_its_day, "{span:?} {minute}");
            assert_eq!(span.holds_after(Monday, minute), on_the_next, "{span:?} {minute}");
            assert!(!span.holds(Tuesday, minute) && !span.holds_after(Tuesday, minute));
        }
    }
}
