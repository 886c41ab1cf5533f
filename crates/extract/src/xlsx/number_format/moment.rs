//! Dates, times of day and times that something took.

/// The days from the first of 1900, by which Excel counts, to the first of 1970; and those from 1904.
const DAYS_TO_1970: i64 = 25_569;
const DAYS_1900_TO_1904: f64 = 1_462.0;
const SECONDS_OF_DAY: i64 = 86_400;
/// The last day that Excel knows, 9999-12-31.
const LAST_DAY: f64 = 2_958_466.0;
/// The most decimals of a second.
const MAX_DECIMALS: usize = 3;

/// How a number of days is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) has_date: bool,
    pub(super) has_time: bool,
    /// Whether it shows no hours, as `mm:ss.0` does.
    pub(super) is_below_hour: bool,
    /// Whether it may be longer than a day.
    pub(super) is_duration: bool,
    /// The decimals of its seconds.
    pub(super) decimals: usize,
}

impl Moment {
    /// What it shows, as ISO 8601 writes it; `None` where there is no such day.
    pub(super) fn show(self, number: f64, from_1904: bool) -> Option<String> {
        let counts_from_1904 = from_1904 && !self.is_duration;
        let days = if counts_from_1904 { number + DAYS_1900_TO_1904 } else { number };
        let (seconds, fraction) = self.seconds(days)?;
        if self.is_duration {
            return Some(clock(seconds, &fraction));
        }
        let mut day = seconds.div_euclid(SECONDS_OF_DAY);
        // Excel has a 29th of February 1900, which there never was.
        if (1..60).contains(&day) {
            day = day.saturating_add(1);
        }
        let (year, month, day) = civil(day.saturating_sub(DAYS_TO_1970));
        let date = format!("{year:04}-{month:02}-{day:02}");
        let time = clock(seconds.rem_euclid(SECONDS_OF_DAY), &fraction);
        // With decimals it is no time of day, of which minutes and seconds could be taken for hours and minutes.
        let short = time.strip_prefix("00:").filter(|_| self.is_below_hour && !fraction.is_empty());
        Some(match (self.has_date, self.has_time) {
            (true, true) => format!("{date} {time}"),
            (false, true) => short.unwrap_or(&time).to_owned(),
            _ => date,
        })
    }

    /// The whole seconds of a number of days, and their decimals with the point, if there are days of that number.
    fn seconds(self, days: f64) -> Option<(i64, String)> {
        if !(0.0..LAST_DAY).contains(&days) {
            return None;
        }
        let decimals = self.decimals.min(MAX_DECIMALS);
        let unit: i64 = (0..decimals).fold(1, |unit, _| unit * 10);
        #[expect(clippy::as_conversions, reason = "a float becomes the nearest number there is")]
        let units = (days * 86_400.0 * unit as f64).round() as i64;
        let fraction = units.rem_euclid(unit);
        let fraction = if decimals == 0 { String::new() } else { format!(".{fraction:0decimals$}") };
        Some((units.div_euclid(unit), fraction))
    }
}

/// Seconds as hours, minutes and, if there are any, seconds.
fn clock(seconds: i64, fraction: &str) -> String {
    let (minutes, second) = (seconds.div_euclid(60), seconds.rem_euclid(60));
    let (hour, minute) = (minutes.div_euclid(60), minutes.rem_euclid(60));
    if second == 0 && fraction.is_empty() {
        format!("{hour:02}:{minute:02}")
    } else {
        format!("{hour:02}:{minute:02}:{second:02}{fraction}")
    }
}

/// The date of a day counted from the first of 1970, in the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years begin in March here, so that the day that some have more is their last: eras have 400 years.
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era
        .saturating_sub(day_of_era.div_euclid(1_460))
        .saturating_add(day_of_era.div_euclid(36_524))
        .saturating_sub(day_of_era.div_euclid(146_096)))
    .div_euclid(365);
    let days_before = year_of_era
        .saturating_mul(365)
        .saturating_add(year_of_era.div_euclid(4))
        .saturating_sub(year_of_era.div_euclid(100));
    let day_of_year = day_of_era.saturating_sub(days_before);
    let month = day_of_year.saturating_mul(5).saturating_add(2).div_euclid(153);
    let day = day_of_year.saturating_sub(month.saturating_mul(153).saturating_add(2).div_euclid(5));
    let month = if month < 10 { month.saturating_add(3) } else { month.saturating_sub(9) };
    let year = year_of_era.saturating_add(era.saturating_mul(400)).saturating_add(i64::from(month <= 2));
    (year, month, day.saturating_add(1))
}
