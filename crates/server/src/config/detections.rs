//! From when on something is detected, as a setting writes it.

use std::time::Duration;

use syft_space_domain::detection::DetectionTerms;

/// What the setting may be.
pub(super) const ALLOWED: &str = "none, or any of login_failures=N, limit_refusals=N (1 to 1000000 each), reads=N (1 to \
                                  2000) and minutes=N (1 to 1440), separated by commas";

/// Reads the terms: `None` detects nothing; what is not said is as by default.
pub(super) fn apply(setting: &mut Option<DetectionTerms>, text: &str) -> Option<()> {
    if text == "none" {
        *setting = None;
        return Some(());
    }
    let mut terms = DetectionTerms::default();
    for part in text.split(',').map(str::trim) {
        let (name, number) = part.split_once('=')?;
        let number: u64 = number.parse().ok().filter(|number| (1..=1_000_000).contains(number))?;
        match name {
            "login_failures" => terms.login_failures = number,
            "limit_refusals" => terms.limit_refusals = number,
            "reads" if number <= DetectionTerms::MAX_READS => terms.reads = number,
            "minutes" if number <= 1_440 => terms.window = Duration::from_secs(number.saturating_mul(60)),
            _ => return None,
        }
    }
    *setting = Some(terms);
    Some(())
}

/// As [`apply`] reads it.
pub(super) fn show(terms: Option<&DetectionTerms>) -> String {
    let Some(DetectionTerms { window, login_failures, limit_refusals, reads }) = terms else {
        return "none".to_owned();
    };
    let minutes = window.as_secs() / 60;
    format!("login_failures={login_failures},limit_refusals={limit_refusals},reads={reads},minutes={minutes}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u1_what_is_shown_of_detections_is_read_back_and_what_is_none_is_refused() {
        let own = DetectionTerms {
            login_failures: 3,
            window: Duration::from_secs(60),
            ..DetectionTerms::default()
        };
        let read = |text: &str| {
            let mut terms = Some(DetectionTerms { reads: 77, ..own });
            apply(&mut terms, text).map(|()| terms)
        };
        for terms in [None, Some(DetectionTerms::default()), Some(own)] {
            assert_eq!(read(&show(terms.as_ref())), Some(terms));
        }
        assert_eq!(read("login_failures=3, minutes=1"), Some(Some(own)));
        for bad in [
            "",
            "reads",
            "reads=0",
            "reads=2001",
            "login_failures=1000001",
            "minutes=1441",
            "reads=-1",
            "owners=1",
            "None",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
