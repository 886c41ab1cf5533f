//! Lengths of time, as a person reads them.

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

/// A time to wait, in the largest unit of which it is two or more. It is rounded up, so that whoever waits so long has waited
/// long enough.
pub(super) fn rounded_up(seconds: u64) -> String {
    let units = [(DAY, "days"), (HOUR, "h"), (MINUTE, "min")];
    let fitting = units.into_iter().find(|(length, _)| seconds >= length.saturating_mul(2));
    let (length, unit) = fitting.unwrap_or((1, "s"));
    format!("{} {unit}", seconds.div_ceil(length))
}

/// A window, as it stands behind "3 queries": "an hour", "in 30 days".
pub(super) fn every(seconds: u64) -> String {
    match seconds {
        1 => "a second".to_owned(),
        MINUTE => "a minute".to_owned(),
        HOUR => "an hour".to_owned(),
        DAY => "a day".to_owned(),
        other => within(other),
    }
}

/// A window, in days where it is whole ones.
pub(super) fn within(seconds: u64) -> String {
    match (seconds.checked_div(DAY), seconds.checked_rem(DAY)) {
        (Some(1), Some(0)) => "in a day".to_owned(),
        (Some(days), Some(0)) if days > 0 => format!("in {days} days"),
        _ => format!("in {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k12_a_wait_is_told_in_the_largest_unit_of_which_it_is_two_and_never_too_short() {
        for (seconds, told) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (3_310, "56 min"),
            (7_199, "120 min"),
            (7_201, "3 h"),
            (86_400, "24 h"),
            (172_800, "2 days"),
            (172_801, "3 days"),
        ] {
            assert_eq!(rounded_up(seconds), told, "{seconds}");
        }
    }
}
