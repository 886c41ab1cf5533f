//! The schedule of fetches of a hub's keys, and their rate limit.

use std::time::Duration;

use syft_space_domain::time::Timestamp;

/// The most fetches on suspicion in a row.
const MAX_BURST_FETCHES: u32 = 3;
/// The interval after which one more is allowed.
const REFILL_INTERVAL: Duration = Duration::from_secs(10);
/// The least and the most time that keys are fresh, whatever the hub says.
const MIN_AGE: Duration = Duration::from_secs(60);
const MAX_AGE: Duration = Duration::from_secs(3_600);
/// The time that keys are fresh when the hub says nothing.
const DEFAULT_AGE: Duration = Duration::from_secs(600);
/// The least interval between scheduled fetches, however they end.
const SCHEDULED_INTERVAL: Duration = Duration::from_secs(30);

/// The schedule of one hub's fetches. Those on suspicion (a key is unknown, a signature is wrong) take tokens from a
/// bucket, which whoever sends nonsense can empty. Those on schedule do not: nonsense delays no rotation by more than a
/// minute.
pub(crate) struct FetchSchedule {
    tokens: u32,
    refilled_at: Timestamp,
    fetched_at: Option<Timestamp>,
    max_age: Duration,
    scheduled_at: Option<Timestamp>,
    has_failures: bool,
}

/// Whether a scheduled fetch is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefreshDue {
    /// Not yet, or tried a moment ago.
    NotYet,
    /// Keys grow old: fetch them, and meanwhile go on with what there is.
    Background,
    /// Keys are older than they may be: fetch them first.
    Blocking,
}

impl FetchSchedule {
    pub(crate) fn new() -> Self {
        Self {
            tokens: MAX_BURST_FETCHES,
            refilled_at: Timestamp::from_unix_micros(0),
            fetched_at: None,
            max_age: DEFAULT_AGE,
            scheduled_at: None,
            has_failures: false,
        }
    }

    /// Takes a token for a fetch on suspicion; `false` when none is left.
    pub(crate) fn try_take(&mut self, now: Timestamp) -> bool {
        let passed = now.since(self.refilled_at);
        let more = u32::try_from(passed.as_secs() / REFILL_INTERVAL.as_secs()).unwrap_or(u32::MAX);
        if more >= MAX_BURST_FETCHES - self.tokens {
            self.tokens = MAX_BURST_FETCHES;
            self.refilled_at = now.max(self.refilled_at);
        } else {
            self.tokens += more;
            self.refilled_at = self.refilled_at.plus(REFILL_INTERVAL * more);
        }
        if self.tokens == 0 {
            return false;
        }
        self.tokens -= 1;
        true
    }

    /// Reports that a signature was wrong or a key unknown, also after a fetch.
    pub(crate) fn report_failure(&mut self) {
        self.has_failures = true;
    }

    /// Whether a scheduled fetch is due; one that is counts as begun.
    pub(crate) fn refresh_due(&mut self, now: Timestamp) -> RefreshDue {
        let Some(fetched_at) = self.fetched_at else { return RefreshDue::NotYet };
        let tried =
            self.scheduled_at.is_some_and(|tried| tried <= now && now.since(tried) < SCHEDULED_INTERVAL);
        let age = now.since(fetched_at);
        let soon = if self.has_failures { MIN_AGE.min(self.max_age * 3 / 4) } else { self.max_age * 3 / 4 };
        if tried || age < soon {
            return RefreshDue::NotYet;
        }
        self.scheduled_at = Some(now);
        if age < self.max_age { RefreshDue::Background } else { RefreshDue::Blocking }
    }

    /// Reports that keys were fetched, and for how long the hub says they are fresh.
    pub(crate) fn fetched(&mut self, now: Timestamp, max_age: Option<Duration>) {
        self.fetched_at = Some(now);
        self.max_age = max_age.unwrap_or(DEFAULT_AGE).clamp(MIN_AGE, MAX_AGE);
        self.has_failures = false;
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
        let mut schedule = FetchSchedule::new();
        let taken =
            |schedule: &mut FetchSchedule, now| (0..100).filter(|_| schedule.try_take(at(now))).count();
        assert_eq!(taken(&mut schedule, 1_000), 3);
        assert_eq!(taken(&mut schedule, 1_009), 0);
        assert_eq!(taken(&mut schedule, 1_010), 1);
        assert_eq!(taken(&mut schedule, 1_019), 0);
        assert_eq!(taken(&mut schedule, 1_035), 2);
        // The five seconds since the last whole ten are not lost.
        assert_eq!(taken(&mut schedule, 1_040), 1);
        assert_eq!(taken(&mut schedule, 9_999), 3);
        // A clock that was set back gives nothing.
        assert_eq!(taken(&mut schedule, 0), 0);
    }

    #[test]
    fn keys_are_refreshed_ahead_of_their_age_within_bounds() {
        for (said, soon, now) in
            [(Some(1_000), 750, 1_000), (Some(0), 45, 60), (Some(1_000_000), 2_700, 3_600), (None, 450, 600)]
        {
            let mut schedule = FetchSchedule::new();
            assert_eq!(schedule.refresh_due(at(0)), RefreshDue::NotYet);
            schedule.fetched(at(0), said.map(Duration::from_secs));
            assert_eq!(schedule.refresh_due(at(soon - 1)), RefreshDue::NotYet);
            assert_eq!(schedule.refresh_due(at(soon)), RefreshDue::Background);
            assert_eq!(schedule.refresh_due(at(soon)), RefreshDue::NotYet, "it is on its way");
            let mut schedule = FetchSchedule::new();
            schedule.fetched(at(0), said.map(Duration::from_secs));
            assert_eq!(schedule.refresh_due(at(now)), RefreshDue::Blocking);
            assert_eq!(schedule.refresh_due(at(now + 29)), RefreshDue::NotYet);
            assert_eq!(
                schedule.refresh_due(at(now + 30)),
                RefreshDue::Blocking,
                "it failed, and is tried again"
            );
        }
    }

    #[test]
    fn a2_while_signatures_are_wrong_keys_are_refreshed_each_minute_whatever_the_bucket_holds() {
        let mut schedule = FetchSchedule::new();
        schedule.fetched(at(0), Some(Duration::from_secs(3_600)));
        while schedule.try_take(at(59)) {}
        schedule.report_failure();
        assert_eq!(schedule.refresh_due(at(59)), RefreshDue::NotYet);
        assert_eq!(schedule.refresh_due(at(60)), RefreshDue::Background);
        schedule.fetched(at(60), Some(Duration::from_secs(3_600)));
        assert_eq!(schedule.refresh_due(at(120)), RefreshDue::NotYet, "the alarm is over");
    }
}
