//! Times, as a person writes and reads them.

use syft_space_domain::time::Timestamp;

use crate::cli::api::{option, unusable};
use crate::cli::exit::CommandError;

/// The time of an option: RFC 3339, or a date, which is its beginning in UTC.
pub(super) fn instant(name: &str, text: &str) -> Result<Timestamp, CommandError> {
    let of_date = Timestamp::parse(&format!("{text}T00:00:00Z"));
    of_date.or_else(|_| option(name, text))
}

/// The times of `--since` and `--until`. An interval that nothing lies in is a mistake, and no list of nothing.
pub(super) fn interval(
    since: Option<&String>,
    until: Option<&String>,
) -> Result<[Option<Timestamp>; 2], CommandError> {
    let since = since.map(|since| instant("--since", since)).transpose()?;
    let until = until.map(|until| instant("--until", until)).transpose()?;
    match (since, until) {
        (Some(from), Some(to)) if from >= to => {
            Err(unusable("--since", format!("{from} is not before --until, {to}")))
        }
        _ => Ok([since, until]),
    }
}

/// A time, to the second.
pub(super) fn time(time: Timestamp) -> String {
    time.start_of_second().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_beginning_and_what_is_neither_date_nor_time_is_told_of_by_its_option() {
        let at = |text: &str| instant("--since", text).map(|time| time.to_string());
        assert_eq!(at("2026-07-01").unwrap(), at("2026-07-01T00:00:00Z").unwrap());
        assert_eq!(at("2026-07-01T02:00:00+02:00").unwrap(), at("2026-07-01").unwrap());
        for text in ["2026-02-30", "yesterday", "", "2026-07-01T"] {
            assert!(at(text).unwrap_err().to_string().contains("--since"), "{text}");
        }
    }

    #[test]
    fn an_interval_in_which_nothing_can_lie_is_told_as_that() {
        let of = |since: &str, until: &str| interval(Some(&since.to_owned()), Some(&until.to_owned()));
        assert!(of("2026-07-01", "2026-07-01T00:00:00.000001Z").is_ok());
        for (since, until) in [("2026-07-01", "2026-07-01"), ("2026-07-02", "2026-07-01T23:59:59Z")] {
            let error = of(since, until).unwrap_err().to_string();
            assert!(error.contains("--since: ") && error.contains("is not before --until"), "{error}");
        }
        assert!(interval(None, Some(&"2026-07-01".to_owned())).is_ok());
    }
}
