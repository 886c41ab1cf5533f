//! The logs of which a sink has refused events. They are delivered each by itself, so that one event that is never taken holds up its own
//! log alone.

use std::collections::{BTreeMap, BTreeSet};

use syft_space_domain::audit::Log;
use tokio::time::Instant;

/// A log that is delivered by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogAside {
    /// The most events of a batch. It is halved where the sink refuses one, and what it takes is kept.
    pub(super) most_events: u64,
    /// How many batches were taken since the sink refused one.
    taken: u32,
    /// How often the next event was refused alone.
    pub(super) failures: u32,
    /// When it is tried again. The host's clock may be set meanwhile: this time only runs.
    due: Instant,
}

/// So many batches are taken before a larger one is tried: where the sink has a bound, few batches are more than it takes.
const TAKEN_BEFORE_LARGER: u32 = 32;

/// The logs that are delivered by themselves.
#[derive(Debug, Default)]
pub(super) struct LogsAside(BTreeMap<Log, LogAside>);

impl LogsAside {
    /// Which they are.
    pub(super) fn logs(&self) -> BTreeSet<Log> {
        self.0.keys().copied().collect()
    }

    /// The log whose turn it is: that which is due for the longest time.
    pub(super) fn due(&self, now: Instant) -> Option<(Log, LogAside)> {
        let due = self.0.iter().filter(|(_, aside)| aside.due <= now);
        due.min_by_key(|(_, aside)| aside.due).map(|(log, aside)| (*log, *aside))
    }

    /// Sets a log aside, of which so many events were refused together with others, or tries fewer of it. Answers how often its next event
    /// was refused alone; 0 where fewer are tried first.
    pub(super) fn refused(&mut self, log: Log, events: u64, is_alone: bool, now: Instant) -> u32 {
        let fewer = events.saturating_sub(1).max(1);
        let new = LogAside { most_events: fewer, taken: 0, failures: 0, due: now };
        let aside = self.0.entry(log).or_insert(new);
        (aside.taken, aside.due) = (0, now);
        if is_alone && events > 1 {
            aside.most_events = events / 2;
        } else if is_alone {
            aside.failures = aside.failures.saturating_add(1);
        }
        aside.failures
    }

    /// Has a log wait.
    pub(super) fn wait(&mut self, log: Log, until: Instant) {
        if let Some(aside) = self.0.get_mut(&log) {
            aside.due = until;
        }
    }

    /// A batch of a log was taken. One that takes as many as any is set aside no more.
    pub(super) fn taken(&mut self, log: Log, all: u64, now: Instant) {
        let Some(aside) = self.0.get_mut(&log) else { return };
        (aside.failures, aside.due, aside.taken) = (0, now, aside.taken.saturating_add(1));
        if aside.taken >= TAKEN_BEFORE_LARGER {
            (aside.most_events, aside.taken) = (aside.most_events.saturating_mul(2), 0);
        }
        if aside.most_events >= all {
            self.0.remove(&log);
        }
    }

    /// A log has no more events, or there is none any more.
    pub(super) fn caught_up(&mut self, log: Log) {
        self.0.remove(&log);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn u1_a_bound_of_a_sink_is_found_kept_and_seldom_passed() {
        let (log, now) = (Log::Installation, Instant::now());
        let mut aside = LogsAside::default();
        assert_eq!(aside.refused(log, 500, false, now), 0);
        let (mut sent, mut refused) = (0, 0);
        for _ in 0..1_000 {
            let (_, one) = aside.due(now).unwrap();
            if one.most_events > 50 {
                refused += 1;
                assert_eq!(aside.refused(log, one.most_events, true, now), 0);
            } else {
                sent += one.most_events;
                aside.taken(log, 500, now);
            }
        }
        assert!(refused <= 40 && sent >= 29_000, "{refused} refused, {sent} sent");
    }

    #[test]
    fn u1_an_event_that_is_never_taken_waits_alone_and_its_log_comes_back() {
        let log = Log::Installation;
        let begun = Instant::now();
        let at = |seconds: u64| begun + Duration::from_secs(seconds);
        let mut aside = LogsAside::default();
        aside.refused(log, 3, false, at(0));
        assert_eq!((aside.refused(log, 3, true, at(0)), aside.refused(log, 1, true, at(0))), (0, 1));
        aside.wait(log, at(5));
        assert_eq!(aside.due(at(4)), None);
        assert_eq!(aside.due(at(5)).unwrap().1.most_events, 1);
        assert_eq!(aside.refused(log, 1, true, at(5)), 2);
        for _ in 0..400 {
            aside.taken(log, 500, at(6));
        }
        assert!(aside.logs().is_empty(), "all are taken again");
    }
}
