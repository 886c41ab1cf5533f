//! Times, as a person writes and reads them.

use syft_space_domain::time::Timestamp;

use crate::cli::api::option;
use crate::cli::exit::CommandError;

/// The time of an option: RFC 3339, or a date, which is its beginning in UTC.
pub(super) fn instant(name: &str, text: &str) -> Result<Timestamp, CommandError> {
    let of_date = Timestamp::parse(&format!("{text}T00:00:00Z"));
    of_date.or_else(|_| option(name, text))
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
}
