//! Looking at what is new in the logs.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::ports::{EventFilter, LogPosition, LogScope, LogWriteScope, Seq};
use crate::audit::tree::BLOCK_LEAVES;
use crate::audit::{Action, Actor, Event, Log, ObjectKind, Origin, RecordedEvent, newest};
use crate::detection::kinds::{DetectionKind, DetectionTerms, Suspect};
use crate::ids::ActorId;
use crate::page::{Cursor, PageLimit};
use crate::port_error::PortError;
use crate::space::Space;
use crate::store::{Flow, StoreError, View};
use crate::tenant::OperatorScope;
use crate::time::{CLOCK_SLACK, Timestamp};
use crate::unit::{Booked, Receipt};

/// How many pages of events of an action are counted, of a hundred each: those of all, and behind so many those of single actors.
const PAGES_COUNTED: usize = 20;
/// Of how many actors the events are counted one by one, those first of which there is most that is new.
const ACTORS_COUNTED: usize = 50;
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
    let (operator, now) = (operator.clone(), space.clock.now());
    let found = space.store.read(Flow::Installation, move |view| match position.log {
        Log::Installation => look(view, LogScope::Installation(&operator), position.seq, now, &terms),
        Log::Tenant(tenant) => {
            look(view, LogScope::Tenant(&operator.tenant(tenant)), position.seq, now, &terms)
        }
    });
    found.await
}

/// What the next events of a log say, and up to which it was looked at.
fn look(
    view: &mut dyn View,
    log: LogScope<'_>,
    from: u64,
    now: Timestamp,
    terms: &DetectionTerms,
) -> Result<(u64, Vec<Finding>), StoreError> {
    // Most events are of queries that were answered, which no kind is made of.
    let actions: Vec<Action> = DetectionKind::ALL.iter().flat_map(|kind| kind.actions()).copied().collect();
    let (to, events) = view.next_watched(log, from, &actions)?;
    let mut findings = Vec::new();
    for kind in DetectionKind::ALL {
        let mut new_of: BTreeMap<Suspect, (u64, &Event)> = BTreeMap::new();
        for RecordedEvent { event, .. } in &events {
            for suspect in kind.suspects(event) {
                let (count, last) = new_of.entry(suspect).or_insert((0, event));
                (*count, *last) = (count.saturating_add(event.count.into()), event);
            }
        }
        let times = || new_of.values().map(|(_, last)| last.time);
        let (Some(earliest), Some(latest)) = (times().min(), times().max()) else { continue };
        let mut window = Window {
            view: &mut *view,
            log,
            since: earliest.minus(terms.window),
            // What is told to be later was written before the clock was set back, and counts for nothing.
            until: latest.max(now).plus(CLOCK_SLACK),
        };
        let threshold = kind.threshold(terms);
        let counts = window.count(kind, to, &new_of, threshold)?;
        let mut told = window.told_of(kind)?;
        for (suspect, (_, last)) in new_of {
            let count = counts.get(&suspect).copied().unwrap_or(0);
            if count >= threshold && told.len() < MAX_IN_WINDOW && told.insert(suspect) {
                findings.push(Finding { kind, suspect, count, last: last.clone() });
            }
        }
    }
    Ok((to, findings))
}

/// The events of a log in a span of time.
struct Window<'a> {
    view: &'a mut dyn View,
    log: LogScope<'a>,
    since: Timestamp,
    until: Timestamp,
}

impl Window<'_> {
    /// How many events of a kind there are of each: of whom they are counted.
    ///
    /// Where there are more than are counted, a crowd would hide who makes fewer than it does. So those of the actors with most that is
    /// new are counted one by one, as far as the threshold.
    fn count(
        &mut self,
        kind: DetectionKind,
        to: u64,
        new_of: &BTreeMap<Suspect, (u64, &Event)>,
        threshold: u64,
    ) -> Result<BTreeMap<Suspect, u64>, StoreError> {
        let (mut counts, is_whole) = self.count_of(kind, None, to, PAGES_COUNTED)?;
        if is_whole || !kind.is_of_actors() {
            return Ok(counts);
        }
        let reaches = |suspect| counts.get(suspect).is_some_and(|count| *count >= threshold);
        let mut uncertain: Vec<(u64, ActorId)> = Vec::new();
        for (suspect, (new, _)) in new_of {
            if let (Suspect::Actor(actor), false) = (suspect, reaches(suspect)) {
                uncertain.push((*new, *actor));
            }
        }
        uncertain.sort_unstable_by(|one, other| other.cmp(one));
        let pages = usize::try_from(threshold.div_ceil(PageLimit::MAX.into())).unwrap_or(PAGES_COUNTED);
        for (_, actor) in uncertain.into_iter().take(ACTORS_COUNTED) {
            let (own, _) = self.count_of(kind, Some(actor), to, pages.min(PAGES_COUNTED))?;
            counts.extend(own);
        }
        Ok(counts)
    }

    /// How many there are of each among the newest of all or of one actor, and whether these are all.
    fn count_of(
        &mut self,
        kind: DetectionKind,
        actor: Option<ActorId>,
        to: u64,
        pages: usize,
    ) -> Result<(BTreeMap<Suspect, u64>, bool), StoreError> {
        let mut counts: BTreeMap<Suspect, u64> = BTreeMap::new();
        let mut is_whole = true;
        for action in kind.actions() {
            is_whole &= self.newest(*action, actor, Some(to), pages, |event| {
                for suspect in kind.suspects(event) {
                    let count = counts.entry(suspect).or_default();
                    *count = count.saturating_add(event.count.into());
                }
            })?;
        }
        Ok((counts, is_whole))
    }

    /// Of whom this was told.
    fn told_of(&mut self, kind: DetectionKind) -> Result<BTreeSet<Suspect>, StoreError> {
        let mut told = BTreeSet::new();
        // To its very end: what was told stands behind all that had come meanwhile.
        self.newest(Action::Detection, None, None, PAGES_COUNTED, |event| {
            if event.reason_code.as_ref().is_some_and(|reason| *reason == kind.reason_code().into()) {
                let network = event.person.address.map(Suspect::network);
                told.extend(crate::detection::kinds::member_of(event).map(Suspect::Actor).or(network));
            }
        })?;
        Ok(told)
    }

    /// Gives the newest events of an action, and answers whether there are no others.
    fn newest(
        &mut self,
        action: Action,
        actor: Option<ActorId>,
        to: Option<u64>,
        pages: usize,
        each: impl FnMut(&Event),
    ) -> Result<bool, StoreError> {
        let (since, until) = (Some(self.since), Some(self.until));
        let filter = EventFilter { action: Some(action), actor, since, until, ..EventFilter::default() };
        let behind = to.map(|to| Cursor(Seq(to.saturating_add(1))));
        newest(&mut *self.view, self.log, &filter, behind, pages, each).map(|rest| rest.is_none())
    }
}

/// A log that was looked at.
struct Step {
    position: LogPosition,
    to: u64,
    events: Vec<Event>,
}

/// Keeps how far logs were looked at, with what was found.
fn advance(space: &Space, steps: Vec<Step>) -> Receipt<(), StoreError> {
    space.store.keep_books(move |tx| {
        let mut events = Vec::new();
        for Step { position, to, events: found } in &steps {
            if tx.advance_watched(&LogWriteScope::of_system(position.log), position.seq, *to)? {
                events.extend(found.iter().cloned());
            }
        }
        Ok(Booked { value: (), events })
    })
}
