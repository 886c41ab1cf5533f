//! The tasks that deliver the audit logs to sinks, one for each.

use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::audit::{Log, RecordedEvent};
use syft_space_domain::sink::{Batch, BatchBounds, NextBatch, delivered, next_batch};
use syft_space_domain::tenant::OperatorScope;
use syft_space_sinks::{Message, SinkError};

use crate::audit_formats::form::ExportFormat;
use crate::background::checkpoint_folder;
use crate::http::audit_sinks::SinkStatus;
use crate::routes::audit_proofs::ExportedEvent;
use crate::startup::audit_sinks::OpenSink;

/// How often to look where there was nothing to deliver.
const INTERVAL: Duration = Duration::from_secs(1);
/// The longest pause behind a delivery that failed.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// The most of a batch.
const BOUNDS: BatchBounds = BatchBounds { events: 500, bytes: 512 * 1024 };

/// One sink, and how its deliveries go.
struct Delivery {
    space: Space,
    operator: Arc<OperatorScope>,
    open: OpenSink,
    status: Arc<SinkStatus>,
    /// The log behind which the next batch begins, so that logs take turns.
    after: Option<Log>,
    /// Fewer than all where the sink has refused a larger batch: if it is one event that it refuses, the logs of others go on.
    most_events: u64,
    failures: u32,
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
    let most_events = BOUNDS.events;
    let mut delivery =
        Delivery { space, operator, open, status, after: None, most_events, failures: 0, unreadable: None };
    loop {
        match delivery.round().await {
            Round::Delivered => {}
            Round::Idle => tokio::time::sleep(INTERVAL).await,
            Round::Failed => tokio::time::sleep(delivery.pause()).await,
        }
    }
}

impl Delivery {
    async fn round(&mut self) -> Round {
        let bounds = BatchBounds { events: self.most_events, ..BOUNDS };
        let next = next_batch(&self.space, &self.operator, &self.open.terms, self.after, bounds).await;
        let NextBatch { batch, is_full, last, unreadable } = match next {
            Ok(next) => next,
            Err(error) => return self.failed(&error.to_string()),
        };
        self.after = last;
        if let Some((log, error)) = unreadable
            && self.unreadable.replace(log) != Some(log)
        {
            let (sink, log) = (&self.open.terms.name, checkpoint_folder::name(log));
            tracing::error!(%sink, log, %error, "an audit log cannot be read for its sink; the others go on");
        }
        let Some(batch) = batch else { return Round::Idle };
        let (batch, messages) = match told(batch, self.open.format).await {
            Ok(told) => told,
            Err(error) => return self.failed(&error),
        };
        match self.open.sink.deliver(messages, self.space.clock.now()).await {
            Ok(()) => {}
            Err(SinkError::Refused(error)) => {
                self.most_events = (self.most_events / 2).max(1);
                return self.failed(&error);
            }
            Err(SinkError::Unavailable(error)) => return self.failed(&error),
        }
        if let Err(error) = delivered(&self.space, &self.open.terms.name, batch).await {
            return self.failed(&error.to_string());
        }
        self.failures = 0;
        self.most_events = self.most_events.saturating_mul(2).min(BOUNDS.events);
        if self.status.note(false) {
            tracing::info!(sink = %self.open.terms.name, "the audit sink is delivered to again");
        }
        if is_full { Round::Delivered } else { Round::Idle }
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

    /// Twice as long each time, up to a minute, and up to a quarter less, by chance: so that many spaces do not come at once.
    fn pause(&self) -> Duration {
        let doubled = 1_u32.checked_shl(self.failures.saturating_sub(1)).unwrap_or(u32::MAX);
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
