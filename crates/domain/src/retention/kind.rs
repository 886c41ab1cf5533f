//! The kinds of data that go by their age, and how long each is kept.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::as_text::text_enum;
use crate::ledger::{Period, Span};
use crate::time::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);

text_enum! {
    /// A kind of data that goes by its age. What is not of one of them goes with what it belongs to.
    pub enum RetentionKind {
        /// What events of the tenant's log know of persons: addresses, e-mail addresses, user agents, purposes. The events stay, and so does what
        /// proves them.
        LogPersonalData = "log_personal_data",
        /// What policies were before they were changed. Its age counts from when another took its place, so what a policy is stays.
        PolicyRevisions = "policy_revisions",
        /// Invitations that nobody accepted. Their age counts from when they ran out.
        Invitations = "invitations",
        /// What callers were shown under a limit on it. What counts still stays, however old it is.
        Disclosures = "disclosures",
        /// Charges, a month at a time. What accounts have come to stays while it counts, with what is gone brought forward.
        Transfers = "transfers",
        /// Events of the tenant's log, in blocks of 1,024. Their leaves stay, and so does what they prove.
        LogEvents = "log_events",
    }

    /// A text that is no kind of data.
    #[error("a kind of data is one of: {}", RetentionKind::ALL.map(RetentionKind::as_str).join(", "))]
    pub struct RetentionKindError;
}

impl RetentionKind {
    /// How many days it may be kept: long enough to look into what happened, and never for ever.
    #[must_use]
    pub const fn bounds(self) -> RangeInclusive<u32> {
        match self {
            Self::LogPersonalData => 7..=3_650,
            Self::PolicyRevisions => 30..=3_650,
            Self::Invitations | Self::Disclosures => 1..=3_650,
            Self::Transfers | Self::LogEvents => 90..=36_500,
        }
    }

    /// How many days it is kept where nobody says otherwise.
    #[must_use]
    pub const fn default_days(self) -> u32 {
        match self {
            Self::LogPersonalData => 365,
            Self::PolicyRevisions => 1_095,
            Self::Invitations | Self::Disclosures => 30,
            Self::Transfers | Self::LogEvents => 3_650,
        }
    }
}

impl PartialOrd for RetentionKind {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RetentionKind {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

/// A term that a kind of data cannot have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} is kept for {} to {} days", .kind.as_str(), .kind.bounds().start(), .kind.bounds().end())]
pub struct TermError {
    /// Of which kind.
    pub kind: RetentionKind,
}

/// How long each kind of data is kept. By default each for its own default.
///
/// ```
/// use std::time::Duration;
/// use syft_space_domain::retention::{RetentionKind, RetentionTerms};
/// use syft_space_domain::time::Timestamp;
///
/// let mut terms = RetentionTerms::default();
/// assert_eq!(terms.days(RetentionKind::LogPersonalData), 365);
/// terms.set(RetentionKind::LogPersonalData, 30)?;
/// let now = Timestamp::parse("2027-03-31T09:00:00Z")?;
/// assert_eq!(terms.due_before(RetentionKind::LogPersonalData, now).to_string(), "2027-03-01T09:00:00Z");
/// assert!(terms.set(RetentionKind::LogPersonalData, 1).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetentionTerms(BTreeMap<RetentionKind, u32>);

impl RetentionTerms {
    /// How many days a kind is kept.
    #[must_use]
    pub fn days(&self, kind: RetentionKind) -> u32 {
        self.0.get(&kind).copied().unwrap_or(kind.default_days())
    }

    /// Keeps a kind for so many days.
    ///
    /// # Errors
    /// When these are too few or too many for it; then nothing is changed.
    pub fn set(&mut self, kind: RetentionKind, days: u32) -> Result<(), TermError> {
        if !kind.bounds().contains(&days) {
            return Err(TermError { kind });
        }
        self.0.insert(kind, days);
        Ok(())
    }

    /// What of a kind is from before this time is kept no more. Of charges it is the beginning of a month: all of a period goes
    /// with what it came to.
    #[must_use]
    pub fn due_before(&self, kind: RetentionKind, now: Timestamp) -> Timestamp {
        let before = now.minus(DAY.saturating_mul(self.days(kind)));
        if kind == RetentionKind::Transfers { Span::of(Period::Month, before).begins } else { before }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g4_each_kind_has_a_term_within_its_bounds_and_none_is_kept_for_ever() {
        for kind in RetentionKind::ALL {
            assert!(kind.bounds().contains(&kind.default_days()), "{kind}");
            let mut terms = RetentionTerms::default();
            for days in [*kind.bounds().start(), *kind.bounds().end()] {
                terms.set(kind, days).unwrap();
                assert_eq!(terms.days(kind), days);
            }
            for days in [0, kind.bounds().start() - 1, kind.bounds().end() + 1, u32::MAX] {
                assert_eq!(terms.set(kind, days), Err(TermError { kind }));
                assert_eq!(terms.days(kind), *kind.bounds().end(), "what is refused changes nothing");
            }
        }
    }

    #[test]
    fn g4_what_is_just_as_old_as_the_term_is_kept() {
        let now = Timestamp::from_unix_micros(1_800_000_000_000_000);
        let terms = RetentionTerms::default();
        let before = terms.due_before(RetentionKind::LogPersonalData, now);
        assert_eq!(now.since(before), DAY * 365);
    }
}
