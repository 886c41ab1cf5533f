//! Following a log as it is written.

use std::sync::Arc;

use crate::access::Permission;
use crate::audit::ports::{EventFilter, LogScope};
use crate::audit::tree::BLOCK_LEAVES;
use crate::audit::{
    Action, Actor, Event, Log, Object, ObjectKind, RecordedEvent, RequestContext, pruned_events,
};
use crate::identity::{AuthorizationError, Principal};
use crate::inquiry::NamedFilter;
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::{Flow, StoreError, View};
use crate::tenant::OperatorScope;

/// How many events one part has at most; it may have looked at more, of which the filter asks for none.
const EVENTS_PER_PART: usize = 100;

/// A log cannot be followed, or not any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TailError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// The log does not reach to where the tail is to begin.
    #[error(
        "the log has {size} events, and none behind number {after}: it is not the one that was followed, or an older copy of it; leave \
         the number out to begin with what comes"
    )]
    Ahead {
        /// How many events it has.
        size: u64,
        /// Behind which the tail was to begin.
        after: u64,
    },
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(TailError);

/// A log that is followed: who reads it, which of its events they want, and how far they are.
///
/// It holds no event. Each part is read from the log itself, so one that is read slowly costs nothing, and one that goes on elsewhere by
/// the number of its last event misses none and repeats none.
pub struct Tail {
    reader: Reader,
    seq: u64,
}

enum Reader {
    /// Of their tenant's log.
    Principal(Box<PrincipalReader>),
    /// Of the installation's.
    Operator { operator: OperatorScope, filter: EventFilter },
}

struct PrincipalReader {
    principal: Principal,
    wanted: NamedFilter,
    /// What the names meant when the principal's snapshot was the one that it is.
    meant: Option<EventFilter>,
}

/// The next events of a log that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailPart {
    /// Those that are asked for, the oldest first.
    pub events: Vec<RecordedEvent>,
    /// The number of the last event that was looked at.
    pub seq: u64,
}

impl Tail {
    /// Begins to follow the log of the caller's tenant, behind the event with this number, or without one behind the last there is. That
    /// it is followed is recorded, once, as an event of the log itself.
    ///
    /// # Errors
    /// When the caller's role does not permit it, the log has fewer events, or a port failed.
    pub async fn begin(
        space: &Space,
        context: &RequestContext,
        principal: Principal,
        wanted: NamedFilter,
        after: Option<u64>,
    ) -> Result<Self, TailError> {
        let tried = principal.event(context, Action::SensitiveRead)?.on(ObjectKind::Audit, "tail");
        let seq = space.read_ahead(&principal, Permission::ReadAudit, &tried, move |view, scope| {
            begins_behind(view, LogScope::Tenant(scope), after)
        });
        let seq = seq.await?;
        space.record::<TailError>(&principal, Permission::ReadAudit, begun(tried, seq))?.await?;
        let reader = Reader::Principal(Box::new(PrincipalReader { principal, wanted, meant: None }));
        Ok(Self { reader, seq })
    }

    /// Begins to follow the installation's log, as [`begin`](Self::begin) does a tenant's.
    ///
    /// # Errors
    /// When the log has fewer events, or a port failed.
    pub async fn begin_installation(
        space: &Space,
        context: &RequestContext,
        operator: &OperatorScope,
        filter: EventFilter,
        after: Option<u64>,
    ) -> Result<Self, TailError> {
        let tried = context.event(Log::Installation, Action::SensitiveRead, Actor::Operator)?;
        let (operator, scope) = (operator.clone(), operator.clone());
        let seq = space
            .store
            .read(Flow::Installation, move |view| begins_behind(view, LogScope::Installation(&scope), after));
        let seq = seq.await?;
        space.store.record(begun(tried, seq)).await?;
        Ok(Self { reader: Reader::Operator { operator, filter }, seq })
    }

    /// The number of the last event that was looked at.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Who follows a tenant's log, as they were when they were last asked for.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        match &self.reader {
            Reader::Principal(reader) => Some(&reader.principal),
            Reader::Operator { .. } => None,
        }
    }

    /// Whether whoever follows the log may do so still.
    ///
    /// # Errors
    /// When they may not.
    pub fn check(&self, space: &Space) -> Result<(), AuthorizationError> {
        match &self.reader {
            Reader::Principal(reader) => reader.principal.recheck(space, Permission::ReadAudit).map(drop),
            Reader::Operator { .. } => Ok(()),
        }
    }

    /// The next events, up to the one with this number at the furthest: it is one whose commit has been told of, so that what names
    /// mean is known as of then. The right to see them is asked for before they are read and behind it.
    ///
    /// # Errors
    /// When the caller may not do it any more, or a port failed. Then nothing was passed over: the same are read the next time.
    pub async fn next(&mut self, space: &Space, up_to: u64) -> Result<TailPart, TailError> {
        let seq = self.seq;
        let part = match &mut self.reader {
            Reader::Principal(reader) => reader.next(space, seq, up_to).await?,
            Reader::Operator { operator, filter } => {
                let (operator, filter) = (operator.clone(), filter.clone());
                let read = space.store.read(Flow::Installation, move |view| {
                    read_part(view, LogScope::Installation(&operator), &filter, seq, up_to)
                });
                read.await?
            }
        };
        self.seq = part.seq;
        Ok(part)
    }
}

impl PrincipalReader {
    async fn next(&mut self, space: &Space, seq: u64, up_to: u64) -> Result<TailPart, TailError> {
        let renewed = self.principal.recheck(space, Permission::ReadAudit)?;
        if !Arc::ptr_eq(renewed.snapshot(), self.principal.snapshot()) {
            self.meant = None;
        }
        self.principal = renewed;
        let (meant, wanted) = (self.meant.take(), self.wanted.clone());
        let live = Arc::clone(self.principal.snapshot());
        let read = space.read(&self.principal, Permission::ReadAudit, move |view, scope| {
            let filter = meant.map_or_else(|| wanted.meant(view, scope, &live), Ok)?;
            let part = read_part(view, LogScope::Tenant(scope), &filter, seq, up_to)?;
            Ok::<_, TailError>((filter, part))
        });
        let (filter, part) = read.await?;
        self.meant = Some(filter);
        Ok(part)
    }
}

/// The event that a log is followed, which tells from where on.
fn begun(tried: Event, seq: u64) -> Event {
    let from = Object::new(ObjectKind::Audit, format_args!("tail from {}", seq.saturating_add(1)));
    Event { object: Some(from), ..tried }
}

fn begins_behind(view: &mut dyn View, log: LogScope<'_>, after: Option<u64>) -> Result<u64, TailError> {
    let size = view.log_head(log)?.seq();
    match after {
        Some(after) if after > size => Err(TailError::Ahead { size, after }),
        // What was pruned meanwhile is not there any more.
        Some(after) => Ok(after.max(pruned_events(view, log)?)),
        None => Ok(size),
    }
}

fn read_part(
    view: &mut dyn View,
    log: LogScope<'_>,
    filter: &EventFilter,
    seq: u64,
    up_to: u64,
) -> Result<TailPart, StoreError> {
    // What was pruned meanwhile is not there any more.
    let seq = seq.max(pruned_events(view, log)?);
    let first = seq.saturating_add(1);
    let end = first.saturating_add(BLOCK_LEAVES).min(up_to.saturating_add(1));
    if end <= first {
        return Ok(TailPart { events: Vec::new(), seq });
    }
    let read = view.events_in(log, first..end)?;
    // Nothing is passed over, be it that it is not there any more.
    if u64::try_from(read.len()) != Ok(end.saturating_sub(first)) {
        return Err(StoreError::failed("the audit log lacks an event"));
    }
    let mut part = TailPart { events: Vec::new(), seq };
    for event in read {
        part.seq = event.seq;
        if filter.fits(&event.event) {
            part.events.push(event);
            if part.events.len() == EVENTS_PER_PART {
                break;
            }
        }
    }
    Ok(part)
}
