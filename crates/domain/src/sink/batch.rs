//! What a sink gets next, and that it has it.

use std::collections::BTreeSet;

use crate::audit::ports::{LogPosition, LogScope, LogWriteScope};
use crate::audit::{Log, RecordedEvent, pruned_events};
use crate::page::PageItem;
use crate::sink::{SinkName, SinkTerms};
use crate::space::Space;
use crate::store::{Flow, StoreError, View};
use crate::tenant::OperatorScope;

/// About so many bytes an event takes besides its texts, in any form.
const BYTES_BESIDES_TEXTS: usize = 700;

/// How large a batch may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchBounds {
    /// The most events.
    pub events: u64,
    /// About the most bytes; the event with which they are reached is the last.
    pub bytes: usize,
}

/// Events that are delivered at once: of each log those that follow on what the sink has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    parts: Vec<Part>,
}

/// The next events of one log, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    position: LogPosition,
    to: u64,
    events: Vec<RecordedEvent>,
}

impl Batch {
    /// The events, those of a log in its order.
    pub fn events(&self) -> impl Iterator<Item = &RecordedEvent> {
        self.parts.iter().flat_map(|part| &part.events)
    }

    /// The logs that have events in it.
    pub fn logs(&self) -> impl Iterator<Item = Log> {
        self.parts.iter().map(|part| part.position.log)
    }
}

/// What there is to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextBatch {
    /// What is delivered next; `None` where nothing can be.
    pub batch: Option<Batch>,
    /// Whether there was more than it takes. Where there was not, nobody need look again at once: a batch for each event would cost a
    /// commit for each.
    pub is_full: bool,
    /// The last log that was looked at: the next batch is of those behind it, so that logs take turns. `None` where no log has more.
    pub last: Option<Log>,
    /// A log whose next events cannot be read. It waits, and the others go on.
    pub unreadable: Option<(Log, StoreError)>,
}

/// The next events that a sink lacks, of the logs behind one, then from the first log on, but for those that are set aside. Each log gives
/// a share, so that a busy one does not hold up the others.
///
/// # Errors
/// When the store failed otherwise than for the events of one log.
pub async fn next_batch(
    space: &Space,
    operator: &OperatorScope,
    terms: &SinkTerms,
    after: Option<Log>,
    aside: BTreeSet<Log>,
    bounds: BatchBounds,
) -> Result<NextBatch, StoreError> {
    let (operator, terms) = (operator.clone(), terms.clone());
    let next = space.store.read(Flow::Installation, move |view| {
        let mut logs = view.undelivered_logs(&operator, &terms.name, terms.logs, after)?;
        if logs.is_empty() && after.is_some() {
            logs = view.undelivered_logs(&operator, &terms.name, terms.logs, None)?;
        }
        let last = logs.last().map(|position| position.log);
        let logs: Vec<_> = logs.into_iter().filter(|position| !aside.contains(&position.log)).collect();
        let next = gather(view, &operator, logs, bounds);
        // Where all are set aside the next look begins behind them.
        Ok::<_, StoreError>(NextBatch { last: next.last.or(last), ..next })
    });
    next.await
}

/// The next events that a sink lacks of one log; no batch where it lacks none.
///
/// # Errors
/// When the store failed otherwise than for these events.
pub async fn next_of_log(
    space: &Space,
    operator: &OperatorScope,
    sink: &SinkName,
    log: Log,
    bounds: BatchBounds,
) -> Result<NextBatch, StoreError> {
    let (operator, sink) = (operator.clone(), sink.clone());
    let next = space.store.read(Flow::Installation, move |view| {
        let of_tenant = match log {
            Log::Installation => None,
            Log::Tenant(tenant) => Some(operator.tenant(tenant)),
        };
        let scope = of_tenant.as_ref().map_or(LogScope::Installation(&operator), LogScope::Tenant);
        let seq = view.delivered(&sink, scope)?;
        let lacks = view.log_head(scope)?.seq() > seq;
        let positions = if lacks { vec![LogPosition { log, seq }] } else { Vec::new() };
        Ok::<_, StoreError>(gather(view, &operator, positions, bounds))
    });
    next.await
}

fn gather(
    view: &mut dyn View,
    operator: &OperatorScope,
    logs: Vec<LogPosition>,
    bounds: BatchBounds,
) -> NextBatch {
    let share = bounds.events.div_ceil(u64::try_from(logs.len()).unwrap_or(u64::MAX).max(1)).max(1);
    let (mut events_left, mut bytes_left) = (bounds.events, bounds.bytes);
    let mut next = NextBatch { batch: None, is_full: false, last: None, unreadable: None };
    let mut parts = Vec::new();
    for position in logs {
        if events_left == 0 || bytes_left == 0 {
            next.is_full = true;
            break;
        }
        next.last = Some(position.log);
        let most = share.min(events_left);
        match read_next(view, operator, position, most) {
            Ok(mut events) => {
                next.is_full |= u64::try_from(events.len()) == Ok(most);
                let mut kept = 0_usize;
                for event in &events {
                    kept = kept.saturating_add(1);
                    bytes_left = bytes_left.saturating_sub(event.bytes().saturating_add(BYTES_BESIDES_TEXTS));
                    if bytes_left == 0 {
                        next.is_full = true;
                        break;
                    }
                }
                events.truncate(kept);
                events_left = events_left.saturating_sub(u64::try_from(kept).unwrap_or(u64::MAX));
                if let Some(to) = events.last().map(|last| last.seq) {
                    parts.push(Part { position, to, events });
                }
            }
            Err(error) => {
                // What is read behind a failure of the store in one snapshot fails as well.
                next.unreadable = Some((position.log, error));
                break;
            }
        }
    }
    next.batch = (!parts.is_empty()).then_some(Batch { parts });
    next
}

fn read_next(
    view: &mut dyn View,
    operator: &OperatorScope,
    position: LogPosition,
    most: u64,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let tenant;
    let log = match position.log {
        Log::Installation => LogScope::Installation(operator),
        Log::Tenant(id) => {
            tenant = operator.tenant(id);
            LogScope::Tenant(&tenant)
        }
    };
    // What was pruned before the sink was there is not there any more.
    let first = position.seq.max(pruned_events(view, log)?).saturating_add(1);
    let events = view.events_in(log, first..first.saturating_add(most))?;
    // Nothing is passed over, be it that it is not there any more.
    match events.first() {
        Some(event) if event.seq == first => Ok(events),
        _ => Err(StoreError::failed("the audit log lacks an event")),
    }
}

/// The sink has these events.
///
/// # Errors
/// When the store failed: the same are delivered once more.
pub async fn delivered(space: &Space, sink: &SinkName, batch: Batch) -> Result<(), StoreError> {
    let sink = sink.clone();
    let moves: Vec<(LogPosition, u64)> =
        batch.parts.into_iter().map(|part| (part.position, part.to)).collect();
    space
        .store
        .keep_books(move |tx| {
            for (position, to) in &moves {
                // Where it is elsewhere meanwhile, the sink was set up anew.
                tx.advance_delivered(&LogWriteScope::of_system(position.log), &sink, position.seq, *to)?;
            }
            Ok(().into())
        })
        .await
}
