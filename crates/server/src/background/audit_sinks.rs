//! The tasks that deliver the audit logs to sinks, one for each.

use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::audit::{Log, RecordedEvent};
use syft_space_domain::sink::{Batch, BatchBounds, NextBatch, delivered, next_batch, next_of_log};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::OperatorScope;
use syft_space_sinks::{Message, SinkError};
use tokio::time::Instant;

use crate::audit_formats::form::ExportFormat;
use crate::background::checkpoint_folder;
use crate::background::logs_aside::{LogAside, LogsAside};
use crate::http::audit_sinks::SinkStatus;
use crate::routes::audit_proofs::ExportedEvent;
use crate::startup::audit_sinks::OpenSink;

/// How often to look where there was nothing to deliver.
const INTERVAL: Duration = Duration::from_secs(1);
/// The longest pause behind a delivery that failed.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// The most of a batch.
const BOUNDS: BatchBounds = BatchBounds { events: 500, bytes: 512 * 1024 };

/// So many batches are refused one after the other before the sink counts as down: as many as it takes to come from a whole batch to one
/// event, for each of two logs.
const MAX_REFUSED: u32 = 20;

/// One sink, and how its deliveries go.
struct Delivery {
    space: Space,
    operator: Arc<OperatorScope>,
    open: OpenSink,
    status: Arc<SinkStatus>,
    /// The log behind which the next batch begins, so that logs take turns.
    after: Option<Log>,
    /// The logs of which the sink has refused events.
    aside: LogsAside,
    /// Whether one of those had its turn last.
    was_aside: bool,
    /// How many batches were refused one after the other, but for events that were refused alone before.
    refused: u32,
    failures: u32,
    /// How long the sink asks not to be delivered to, as it said last.
    asked_to_wait: Duration,
    unreadable: Option<Log>,
}

/// How a round went.
enum Round {
    /// There is more.
    Delivered,
    /// The sink has what there was.
    Idle,
    /// Nothing arrived, or not for certain.
    Failed,
}

/// Delivers, at once and from then on, until it is aborted. What fails is tried again, behind pauses that grow.
pub(crate) async fn deliver_forever(
    space: Space,
    operator: Arc<OperatorScope>,
    open: OpenSink,
    status: Arc<SinkStatus>,
) {
    let mut delivery = Delivery::new(space, operator, open, status);
    loop {
        match delivery.round().await {
            Round::Delivered => {}
            Round::Idle => tokio::time::sleep(INTERVAL).await,
            Round::Failed => tokio::time::sleep(delivery.pause_behind_failure()).await,
        }
    }
}

impl Delivery {
    fn new(space: Space, operator: Arc<OperatorScope>, open: OpenSink, status: Arc<SinkStatus>) -> Self {
        Self {
            space,
            operator,
            open,
            status,
            after: None,
            aside: LogsAside::default(),
            was_aside: false,
            refused: 0,
            failures: 0,
            asked_to_wait: Duration::ZERO,
            unreadable: None,
        }
    }

    async fn round(&mut self) -> Round {
        // Those that are set aside have every second turn.
        self.was_aside = !self.was_aside;
        if self.was_aside
            && let Some((log, aside)) = self.due()
        {
            let bounds = BatchBounds { events: aside.most_events, ..BOUNDS };
            let sink = &self.open.terms.name;
            return match next_of_log(&self.space, &self.operator, sink, log, bounds).await {
                Ok(NextBatch { batch: Some(batch), .. }) => self.deliver(batch, true).await,
                Ok(next) => {
                    self.tell_unreadable(next.unreadable);
                    self.aside.caught_up(log);
                    Round::Delivered
                }
                Err(error) => self.failed(&error.to_string()),
            };
        }
        let terms = &self.open.terms;
        let next =
            next_batch(&self.space, &self.operator, terms, self.after, self.aside.logs(), BOUNDS).await;
        let NextBatch { batch, is_full, last, unreadable } = match next {
            Ok(next) => next,
            Err(error) => return self.failed(&error.to_string()),
        };
        self.after = last;
        self.tell_unreadable(unreadable);
        let delivered = match batch {
            Some(batch) => self.deliver(batch, is_full).await,
            None => Round::Idle,
        };
        match delivered {
            Round::Idle if self.due().is_some() => Round::Delivered,
            round => round,
        }
    }

    /// The log that is set aside and whose turn it is.
    fn due(&self) -> Option<(Log, LogAside)> {
        self.aside.due(Instant::now())
    }

    async fn deliver(&mut self, batch: Batch, is_full: bool) -> Round {
        let logs: Vec<Log> = batch.logs().collect();
        let events = u64::try_from(batch.events().count()).unwrap_or(u64::MAX);
        let (batch, messages) = match told(batch, self.open.format).await {
            Ok(told) => told,
            Err(error) => return self.failed(&error),
        };
        match self.open.sink.deliver(messages, self.space.clock.now()).await {
            Ok(()) => {}
            Err(SinkError::Refused(error)) => return self.refused(&logs, events, &error),
            Err(SinkError::Unavailable(error)) => return self.failed(&error),
            Err(SinkError::Later(error, wait)) => {
                self.asked_to_wait = wait;
                return self.failed(&error);
            }
        }
        if let Err(error) = delivered(&self.space, &self.open.terms.name, batch).await {
            return self.failed(&error.to_string());
        }
        (self.failures, self.refused) = (0, 0);
        let now = Instant::now();
        logs.iter().for_each(|log| self.aside.taken(*log, BOUNDS.events, now));
        if self.status.note(false) {
            tracing::info!(sink = %self.open.terms.name, "the audit sink is delivered to again");
        }
        if is_full { Round::Delivered } else { Round::Idle }
    }

    /// A batch was refused, be it for its size or for one event in it: each log of it is delivered by itself from now on, and of a single
    /// one fewer events are tried, at once. One that is alone then waits. A sink that refuses whatever it is sent is down.
    fn refused(&mut self, logs: &[Log], events: u64, error: &str) -> Round {
        let now = Instant::now();
        let mut waited_before = false;
        for log in logs {
            let failures = self.aside.refused(*log, events, logs.len() == 1, now);
            if failures > 0 {
                self.aside.wait(*log, now + self.pause(failures));
                waited_before = failures > 1;
            }
            if failures == 1 {
                let (sink, log) = (&self.open.terms.name, checkpoint_folder::name(*log));
                tracing::warn!(
                    %sink, log, error,
                    "the audit sink refuses an event; its log waits, and is tried again, and the others go on"
                );
            }
        }
        if !waited_before {
            self.refused = self.refused.saturating_add(1);
        }
        if self.refused > MAX_REFUSED { self.failed(error) } else { Round::Delivered }
    }

    fn tell_unreadable(&mut self, unreadable: Option<(Log, StoreError)>) {
        if let Some((log, error)) = unreadable
            && self.unreadable.replace(log) != Some(log)
        {
            let (sink, log) = (&self.open.terms.name, checkpoint_folder::name(log));
            tracing::error!(%sink, log, %error, "an audit log cannot be read for its sink; the others go on");
        }
    }

    fn failed(&mut self, error: &str) -> Round {
        self.failures = self.failures.saturating_add(1);
        let sink = &self.open.terms.name;
        // Once in an outage, however long it is.
        if self.status.note(true) {
            tracing::warn!(%sink, error, "the audit sink has not got what it was sent; it is tried again");
        } else {
            tracing::debug!(%sink, error, "the audit sink still has not got what it was sent");
        }
        Round::Failed
    }

    /// How long to wait before the sink is delivered to again: as long as it has asked for, where that is longer.
    fn pause_behind_failure(&mut self) -> Duration {
        self.pause(self.failures).max(std::mem::take(&mut self.asked_to_wait))
    }

    /// Twice as long each time, up to a minute, and up to a quarter less, by chance: so that many spaces do not come at once.
    fn pause(&self, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        let pause = INTERVAL.saturating_mul(doubled).min(MAX_PAUSE);
        let mut chance = [0; 1];
        // Where there is no chance to be had, it is the whole pause.
        drop(self.space.entropy.fill(&mut chance));
        let less = u32::from(u8::from_be_bytes(chance));
        pause.saturating_sub(pause.saturating_mul(less) / 1_024)
    }
}

/// The events as they are told to others. That takes a while for many, and no thread that serves requests.
async fn told(batch: Batch, format: ExportFormat) -> Result<(Batch, Vec<Message>), String> {
    let telling = tokio::task::spawn_blocking(move || {
        let messages: Result<Vec<Message>, _> = batch.events().map(|event| tell(event, format)).collect();
        messages.map(|messages| (batch, messages)).map_err(|error| error.to_string())
    });
    telling.await.map_err(|error| error.to_string())?
}

fn tell(
    recorded: &RecordedEvent,
    format: ExportFormat,
) -> Result<Message, crate::audit_formats::ExportFormatError> {
    let line = format.line(ExportedEvent::from(recorded.clone()))?;
    let event = &recorded.event;
    Ok(Message { id: event.id, time: event.time, action: event.action, outcome: event.outcome, line })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

    use syft_space_domain::sink::{SinkLogs, SinkName, SinkStart, SinkTerms};
    use syft_space_domain::time::{Clock, Timestamp};
    use syft_space_sinks::{FileSettings, FileSink, Sink};

    use super::*;
    use crate::http::testing;

    /// The host's clock, which somebody sets.
    struct SetClock(AtomicI64);

    impl Clock for SetClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix_micros(self.0.load(Ordering::Relaxed))
        }
    }

    /// A sink to which nothing is delivered here.
    fn delivery(clock: Arc<SetClock>) -> Delivery {
        let (name, logs) = (SinkName::parse("archive").unwrap(), SinkLogs::All);
        let folder = std::path::PathBuf::from("/nowhere");
        let settings =
            FileSettings { folder, rotate_bytes: 1 << 20, rotate_age: Duration::from_secs(60), keep: 1 };
        let sink = Sink::File(Arc::new(FileSink::new(name.clone(), settings)));
        let terms = SinkTerms { name: name.clone(), logs, start: SinkStart::Now, target: [0; 32] };
        let open = OpenSink { terms, format: ExportFormat::Jsonl, sink };
        let status =
            SinkStatus { name, kind: "file", logs, format: "native", is_late: AtomicBool::new(false) };
        let space = Space { clock, ..testing::state().space.clone() };
        Delivery::new(space, Arc::new(OperatorScope::at_startup()), open, Arc::new(status))
    }

    #[tokio::test(start_paused = true)]
    async fn u1_a_clock_that_is_set_back_has_no_log_wait_for_longer() {
        let hour = 60 * 60 * 1_000_000;
        let clock = Arc::new(SetClock(AtomicI64::new(2 * hour)));
        let mut delivery = delivery(Arc::clone(&clock));
        delivery.refused(&[Log::Installation], 1, "too much");
        assert!(delivery.due().is_none(), "what was refused alone waits");
        clock.0.store(hour, Ordering::Relaxed);
        tokio::time::advance(MAX_PAUSE).await;
        assert!(delivery.due().is_some(), "as long as it was to, and not an hour longer");
    }

    #[tokio::test(start_paused = true)]
    async fn u1_a_sink_is_let_alone_for_as_long_as_it_asks_for_and_once() {
        let mut delivery = delivery(Arc::new(SetClock(AtomicI64::new(0))));
        delivery.failed("down");
        assert!(delivery.pause_behind_failure() <= INTERVAL);
        delivery.asked_to_wait = Duration::from_secs(300);
        assert_eq!(delivery.pause_behind_failure(), Duration::from_secs(300));
        assert!(delivery.pause_behind_failure() <= INTERVAL);
    }
}
