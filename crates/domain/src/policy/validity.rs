//! The time in which a policy acts.

use crate::time::Timestamp;

/// The time in which a policy acts: from a time, which is in it, until another, which is not.
///
/// ```
/// use syft_space_domain::policy::Validity;
/// use syft_space_domain::time::Timestamp;
/// let (june, july) = (Timestamp::parse("2027-06-01T00:00:00Z")?, Timestamp::parse("2027-07-01T00:00:00Z")?);
/// let validity = Validity::new(Some(june), Some(july))?;
/// assert!(validity.holds(june) && !validity.holds(july));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Validity {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// The end of a time is not behind its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("valid_until is later than valid_from")]
pub struct ValidityError;

impl Validity {
    /// The time between two times; without one of them it has no end on that side.
    ///
    /// # Errors
    /// When the end is not behind the beginning.
    pub fn new(from: Option<Timestamp>, until: Option<Timestamp>) -> Result<Self, ValidityError> {
        match from.zip(until) {
            Some((from, until)) if until <= from => Err(ValidityError),
            _ => Ok(Self { from, until }),
        }
    }

    /// Its first instant.
    #[must_use]
    pub fn from(&self) -> Option<Timestamp> {
        self.from
    }

    /// The first instant behind it.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// Whether every instant of another is in it.
    pub(super) fn includes(&self, other: &Self) -> bool {
        let begins = self.from.is_none_or(|from| other.from.is_some_and(|other| from <= other));
        begins && self.until.is_none_or(|until| other.until.is_some_and(|other| other <= until))
    }

    /// An instant that is in it: `now` where it is, else its first, or the last of one without a beginning.
    pub(super) fn instant(&self, now: Timestamp) -> Timestamp {
        match (self.from, self.until) {
            _ if self.holds(now) => now,
            (Some(from), _) => from,
            (None, Some(until)) => Timestamp::from_unix_micros(until.as_unix_micros().saturating_sub(1)),
            (None, None) => now,
        }
    }

    /// Whether an instant is in it.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z2_a_time_holds_its_first_instant_and_not_the_one_that_ends_it() {
        let at = Timestamp::from_unix_micros;
        let holds = |from: Option<i64>, until: Option<i64>, now| {
            Validity::new(from.map(at), until.map(at)).unwrap().holds(at(now))
        };
        for (from, until, now, expected) in [
            (None, None, 0, true),
            (Some(5), None, 4, false),
            (Some(5), None, 5, true),
            (None, Some(5), 4, true),
            (None, Some(5), 5, false),
            (Some(5), Some(6), 5, true),
            (Some(5), Some(6), 6, false),
        ] {
            assert_eq!(holds(from, until, now), expected, "{from:?} {until:?} {now}");
        }
        let ended = Validity::new(None, Some(at(5))).unwrap();
        assert_eq!((ended.instant(at(9)), ended.instant(at(3))), (at(4), at(3)));
        assert_eq!(Validity::new(Some(at(5)), Some(at(7))).unwrap().instant(at(9)), at(5));
        let whole = Validity::default();
        assert!(whole.includes(&whole) && whole.includes(&ended) && !ended.includes(&whole));
        assert!(ended.includes(&ended));
        assert_eq!(Validity::new(Some(at(5)), Some(at(5))), Err(ValidityError));
        assert_eq!(Validity::new(Some(at(6)), Some(at(5))), Err(ValidityError));
    }
}
