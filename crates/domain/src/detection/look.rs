//! Looking at what is new in the logs.

use std::collections::{BTreeMap, BTreeSet};

use futures_channel::oneshot;

use crate::audit::ports::{EventFilter, LogPosition, LogScope, LogWriteScope, Seq};
use crate::audit::tree::BLOCK_LEAVES;
use crate::audit::{Action, Actor, Event, Log, ObjectKind, Origin, RecordedEvent, newest};
use crate::detection::kinds::{DetectionKind, DetectionTerms, Suspect};
use crate::page::Cursor;
use crate::port_error::PortError;
use crate::space::Space;
use crate::store::{Flow, StoreError, View};
use crate::tenant::{OperatorScope, TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::transaction::Tx;
use crate::unit::{Receipt, Unit, UnitOutcome};

/// How many pages of events of an action are counted, of a hundred each: behind so many the threshold is reached, or they are of so
/// many that no one of them stands out.
const PAGES_COUNTED: usize = 20;
/// The most detections of one kind that a log gets in a window. So many are an attack on all; the log itself has the others.
const MAX_IN_WINDOW: usize = 50;

/// Something that was detected, once it is durable in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    /// In which log.
    pub log: Log,
    /// What.
    pub kind: DetectionKind,
    /// How many events it was.
    pub count: u32,
}

/// What came of looking at the logs once: 1,024 events of each at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// What was detected.
    pub detected: Vec<Detected>,
    /// Whether there was more of some log than one round takes in.
    pub is_behind: bool,
}

/// Something that a part of a log says.
#[derive(Debug, Clone)]
struct Finding {
    kind: DetectionKind,
    suspect: Suspect,
    count: u64,
    /// The last event that says it.
    last: Event,
}

/// Looks at what is new in the logs, records what it says, and answers that.
///
/// # Errors
/// When a port failed. What was not looked at is looked at the next time.
pub async fn detect(
    space: &Space,
    operator: &OperatorScope,
    terms: DetectionTerms,
) -> Result<Round, PortError> {
    let (mut detected, mut is_behind, mut after) = (Vec::new(), false, None);
    loop {
        let whose = operator.clone();
        let logs = space.store.read(Flow::Installation, move |view| view.unwatched_logs(&whose, after));
        let logs: Vec<LogPosition> = logs.await?;
        let Some(last) = logs.last() else { return Ok(Round { detected, is_behind }) };
        after = Some(last.log);
        let mut steps = Vec::new();
        for position in logs {
            let (to, findings) = look_at(space, operator, position, terms).await?;
            let events = findings.iter().map(|finding| event_of(space, position.log, finding));
            let events = events.collect::<Result<Vec<_>, PortError>>()?;
            detected.extend(findings.iter().map(|finding| Detected {
                log: position.log,
                kind: finding.kind,
                count: counted(finding),
            }));
            is_behind |= to.saturating_sub(position.seq) >= BLOCK_LEAVES;
            steps.push(Step { position, to, events });
        }
        advance(space, steps).await?;
    }
}

fn counted(finding: &Finding) -> u32 {
    u32::try_from(finding.count).unwrap_or(u32::MAX)
}

fn event_of(space: &Space, log: Log, finding: &Finding) -> Result<Event, PortError> {
    let context = space.request_context(Origin::default())?;
    let event = context.event(log, Action::Detection, Actor::System)?;
    let mut event = Event {
        reason_code: Some(finding.kind.reason_code().into()),
        count: counted(finding),
        request: None,
        ..event
    };
    match finding.suspect {
        Suspect::Actor(id) => event = event.on(ObjectKind::Member, id),
        Suspect::Network(address) => {
            event.person.address = Some(address);
            event.object = finding.last.object.clone().filter(|object| object.kind != ObjectKind::Member);
        }
    }
    Ok(event)
}

async fn look_at(
    space: &Space,
    operator: &OperatorScope,
    position: LogPosition,
    terms: DetectionTerms,
) -> Result<(u64, Vec<Finding>), StoreError> {
    let operator = operator.clone();
    let found = space.store.read(Flow::Installation, move |view| match position.log {
        Log::Installation => look(view, LogScope::Installation(&operator), position.seq, &terms),
        Log::Tenant(tenant) => look(view, LogScope::Tenant(&operator.tenant(tenant)), position.seq, &terms),
    });
    found.await
}

/// What the next events of a log say, and up to which it was looked at.
fn look(
    view: &mut dyn View,
    log: LogScope<'_>,
    from: u64,
    terms: &DetectionTerms,
) -> Result<(u64, Vec<Finding>), StoreError> {
    // Most events are of queries that were answered, which no kind is made of.
    let actions: Vec<Action> = DetectionKind::ALL.iter().flat_map(|kind| kind.actions()).copied().collect();
    let (to, events) = view.next_watched(log, from, &actions)?;
    let mut findings = Vec::new();
    for kind in DetectionKind::ALL {
        let mut last_of: BTreeMap<Suspect, &Event> = BTreeMap::new();
        for RecordedEvent { event, .. } in &events {
            last_of.extend(kind.suspects(event).into_iter().map(|suspect| (suspect, event)));
        }
        let Some(earliest) = last_of.values().map(|event| event.time).min() else { continue };
        let since = earliest.minus(terms.window);
        let counts = count(view, log, kind, since, to)?;
        let mut told = told_of(view, log, kind, since)?;
        for (suspect, last) in last_of {
            let count = counts.get(&suspect).copied().unwrap_or(0);
            if count >= kind.threshold(terms) && told.len() < MAX_IN_WINDOW && told.insert(suspect) {
                findings.push(Finding { kind, suspect, count, last: last.clone() });
            }
        }
    }
    Ok((to, findings))
}

/// The events of an action in a window, the newest first, as far as they are counted.
fn in_window(
    view: &mut dyn View,
    log: LogScope<'_>,
    action: Action,
    since: Timestamp,
    to: Option<u64>,
    each: impl FnMut(&Event),
) -> Result<(), StoreError> {
    let filter = EventFilter { action: Some(action), since: Some(since), ..EventFilter::default() };
    let behind = to.map(|to| Cursor(Seq(to.saturating_add(1))));
    newest(view, log, &filter, behind, PAGES_COUNTED, each).map(drop)
}

/// How many events of a kind there are of each, in the window.
fn count(
    view: &mut dyn View,
    log: LogScope<'_>,
    kind: DetectionKind,
    since: Timestamp,
    to: u64,
) -> Result<BTreeMap<Suspect, u64>, StoreError> {
    let mut counts: BTreeMap<Suspect, u64> = BTreeMap::new();
    for action in kind.actions() {
        in_window(view, log, *action, since, Some(to), |event| {
            for suspect in kind.suspects(event) {
                let count = counts.entry(suspect).or_default();
                *count = count.saturating_add(event.count.into());
            }
        })?;
    }
    Ok(counts)
}

/// Of whom this was told in the window.
fn told_of(
    view: &mut dyn View,
    log: LogScope<'_>,
    kind: DetectionKind,
    since: Timestamp,
) -> Result<BTreeSet<Suspect>, StoreError> {
    let mut told = BTreeSet::new();
    // To its very end: what was told stands behind all that had come meanwhile.
    in_window(view, log, Action::Detection, since, None, |event| {
        if event.reason_code.as_ref().is_some_and(|reason| *reason == kind.reason_code().into()) {
            let network = event.person.address.map(Suspect::network);
            told.extend(crate::detection::kinds::member_of(event).map(Suspect::Actor).or(network));
        }
    })?;
    Ok(told)
}

/// A log that was looked at.
struct Step {
    position: LogPosition,
    to: u64,
    events: Vec<Event>,
}

fn advance(space: &Space, steps: Vec<Step>) -> Receipt<(), StoreError> {
    let (reply, receipt) = oneshot::channel();
    space.store.submit(Box::new(Advance { steps, reply }));
    Receipt(receipt)
}

/// Keeps how far logs were looked at, with what was found. Where nothing was found it has no event: a log that grew by being looked at
/// would never be looked at to its end.
struct Advance {
    steps: Vec<Step>,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

impl Unit for Advance {
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
        let mut events = Vec::new();
        for Step { position, to, events: found } in &self.steps {
            let log = match position.log {
                Log::Installation => LogWriteScope::of_installation(),
                Log::Tenant(tenant) => {
                    LogWriteScope::of_tenant(WriteScope::of_system(&TenantScope::of(tenant)))
                }
            };
            if tx.advance_watched(&log, position.seq, *to)? {
                events.extend(found.iter().cloned());
            }
        }
        Ok(if events.is_empty() { UnitOutcome::Counted } else { UnitOutcome::Commit(events) })
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        // Nobody is obliged to wait for the answer.
        drop(self.reply.send(outcome));
    }
}
