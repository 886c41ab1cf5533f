//! How many refusals are logged: who is refused as often as they like must not fill the host's disk with it.

use std::time::Duration;

use tokio::time::Instant;

/// The time for which lines are counted.
const PERIOD: Duration = Duration::from_secs(60);
/// The most lines in that time.
const MAX_LINES: u64 = 100;

/// What is left of the lines of this minute.
pub(crate) struct LogBudget {
    begun: Instant,
    refusals: u64,
}

/// What is to be done with a refusal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It has a line.
    Line,
    /// It has the last line for now.
    LastLine,
    /// It has none.
    None,
}

impl LogBudget {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), refusals: 0 }
    }

    /// Counts a refusal. Answers what is to be done with it, and how many before it had no line, once a minute is over.
    pub(crate) fn count(&mut self) -> (Entry, Option<u64>) {
        let now = Instant::now();
        let mut unsaid = None;
        if now.saturating_duration_since(self.begun) >= PERIOD {
            unsaid = self.refusals.checked_sub(MAX_LINES).filter(|unsaid| *unsaid > 0);
            (self.begun, self.refusals) = (now, 0);
        }
        self.refusals = self.refusals.saturating_add(1);
        let entry = match self.refusals {
            ..MAX_LINES => Entry::Line,
            MAX_LINES => Entry::LastLine,
            _ => Entry::None,
        };
        (entry, unsaid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn n3_refusals_without_end_are_a_hundred_lines_a_minute_and_a_count() {
        let mut budget = LogBudget::new();
        for _ in 1..MAX_LINES {
            assert_eq!(budget.count(), (Entry::Line, None));
        }
        assert_eq!(budget.count(), (Entry::LastLine, None));
        for _ in 0..1_000 {
            assert_eq!(budget.count(), (Entry::None, None));
        }
        tokio::time::advance(PERIOD).await;
        assert_eq!(budget.count(), (Entry::Line, Some(1_000)));
        tokio::time::advance(PERIOD).await;
        assert_eq!(budget.count(), (Entry::Line, None));
    }
}
