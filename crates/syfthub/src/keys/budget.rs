//! When may a hub's keys be fetched?

use std::time::Duration;

use syft_space_domain::time::Timestamp;

/// How many fetches on suspicion may follow each other at once.
const BURST: u32 = 3;
/// How long it takes until one more may.
const REFILL: Duration = Duration::from_secs(10);
/// The least and the most that keys are taken to be fresh, whatever the hub says.
const AGE_MIN: Duration = Duration::from_secs(60);
const AGE_MAX: Duration = Duration::from_secs(3_600);
/// How long keys are taken to be fresh when the hub says nothing.
const AGE_UNSAID: Duration = Duration::from_secs(600);
/// How long after a scheduled fetch the next one may come, however that ended.
const SCHEDULED: Duration = Duration::from_secs(30);

/// The times of one hub's fetches. Those on suspicion (a key is unknown, a signature is wrong) come from a bucket that
/// whoever sends nonsense can empty; those on schedule do not, so that nonsense delays no rotation by more than a
/// minute.
pub(crate) struct Budget {
    left: u32,
    refilled_at: Timestamp,
    fetched_at: Option<Timestamp>,
    age: Duration,
    scheduled_at: Option<Timestamp>,
    alarmed: bool,
}

/// Whether a fetch on schedule is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Not yet, or tried a moment ago.
    No,
    /// Keys grow old: fetch them, and meanwhile go on with what there is.
    Soon,
    /// Keys are older than they may be: fetch them first.
    Now,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self {
            left: BURST,
            refilled_at: Timestamp::from_unix_micros(0),
            fetched_at: None,
            age: AGE_UNSAID,
            scheduled_at: None,
            alarmed: false,
        }
    }

    /// Takes a fetch on suspicion; `false` when none is left.
    pub(crate) fn take(&mut self, now: Timestamp) -> bool {
        let passed = now.since(self.refilled_at);
        let more = u32::try_from(passed.as_secs() / REFILL.as_secs()).unwrap_or(u32::MAX);
        if more >= BURST - self.left {
            self.left = BURST;
            self.refilled_at = now.max(self.refilled_at);
        } else {
            self.left += more;
            self.refilled_at = self.refilled_at.plus(REFILL * more);
        }
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        true
    }

    /// Says that a signature was wrong or a key unknown, and stayed so.
    pub(crate) fn alarm(&mut self) {
        self.alarmed = true;
    }

    /// Whether a scheduled fetch is due; one that is counts as begun.
    pub(crate) fn due(&mut self, now: Timestamp) -> Due {
        let Some(fetched_at) = self.fetched_at else { return Due::No };
        let tried = self.scheduled_at.is_some_and(|tried| tried <= now && now.since(tried) < SCHEDULED);
        let age = now.since(fetched_at);
        let soon = if self.alarmed { AGE_MIN.min(self.age * 3 / 4) } else { self.age * 3 / 4 };
        if tried || age < soon {
            return Due::No;
        }
        self.scheduled_at = Some(now);
        if age < self.age { Due::Soon } else { Due::Now }
    }

    /// Says that keys were fetched, and for how long the hub says they are fresh.
    pub(crate) fn fetched(&mut self, now: Timestamp, age: Option<Duration>) {
        self.fetched_at = Some(now);
        self.age = age.unwrap_or(AGE_UNSAID).clamp(AGE_MIN, AGE_MAX);
        self.alarmed = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds * 1_000_000)
    }

    #[test]
    fn k4_three_fetches_and_then_one_each_ten_seconds() {
        let mut budget = Budget::new();
        let taken = |budget: &mut Budget, now| (0..100).filter(|_| budget.take(at(now))).count();
        assert_eq!(taken(&mut budget, 1_000), 3);
        assert_eq!(taken(&mut budget, 1_009), 0);
        assert_eq!(taken(&mut budget, 1_010), 1);
        assert_eq!(taken(&mut budget, 1_019), 0);
        assert_eq!(taken(&mut budget, 1_035), 2);
        // The five seconds since the last whole ten are not lost.
        assert_eq!(taken(&mut budget, 1_040), 1);
        assert_eq!(taken(&mut budget, 9_999), 3);
        // A clock that was set back gives nothing.
        assert_eq!(taken(&mut budget, 0), 0);
    }

    #[test]
    fn keys_are_refreshed_ahead_of_their_age_within_bounds() {
        for (said, soon, now) in
            [(Some(1_000), 750, 1_000), (Some(0), 45, 60), (Some(1_000_000), 2_700, 3_600), (None, 450, 600)]
        {
            let mut budget = Budget::new();
            assert_eq!(budget.due(at(0)), Due::No);
            budget.fetched(at(0), said.map(Duration::from_secs));
            assert_eq!(budget.due(at(soon - 1)), Due::No);
            assert_eq!(budget.due(at(soon)), Due::Soon);
            assert_eq!(budget.due(at(soon)), Due::No, "it is on its way");
            let mut budget = Budget::new();
            budget.fetched(at(0), said.map(Duration::from_secs));
            assert_eq!(budget.due(at(now)), Due::Now);
            assert_eq!(budget.due(at(now + 29)), Due::No);
            assert_eq!(budget.due(at(now + 30)), Due::Now, "it failed, and is tried again");
        }
    }

    #[test]
    fn a2_while_signatures_are_wrong_keys_are_refreshed_each_minute_whatever_the_bucket_holds() {
        let mut budget = Budget::new();
        budget.fetched(at(0), Some(Duration::from_secs(3_600)));
        while budget.take(at(59)) {}
        budget.alarm();
        assert_eq!(budget.due(at(59)), Due::No);
        assert_eq!(budget.due(at(60)), Due::Soon);
        budget.fetched(at(60), Some(Duration::from_secs(3_600)));
        assert_eq!(budget.due(at(120)), Due::No, "the alarm is over");
    }
}
