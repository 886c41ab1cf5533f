//! Exporting a log: all that is needed to compute it again elsewhere.

use crate::access::Permission;
use crate::audit::ports::{AuditView, LogScope};
use crate::audit::tree::{BLOCK_LEAVES, NodeHash};
use crate::audit::{
    Action, Actor, AuditError, Event, Log, LogHead, LogTreeError, ObjectKind, Person, RecordedEvent,
    RequestContext,
};
use crate::identity::Principal;
use crate::port_error::PortError;
use crate::space::Space;
use crate::store::{Flow, StoreError};
use crate::tenant::OperatorScope;

/// A part of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedPart {
    /// The number of the first that there is.
    pub first: u64,
    /// What there is of the events.
    pub records: ExportedRecords,
    /// How many events the log had when they were read.
    pub size: u64,
}

/// What an export has of events, the oldest first. One part has one kind: events come with a later part than what is pruned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportedRecords {
    /// The leaves of events that are pruned.
    Pruned(Vec<NodeHash>),
    /// The events, with what they know of persons.
    Events(Vec<RecordedEvent>),
}

impl RecordedEvent {
    /// Whether what it knew of a person was erased.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        let Event { salt, person, .. } = &self.event;
        person.is_empty() && self.person_commitment != Person::commitment(salt, &person.canonical())
    }
}

/// The next events of the tenant's log behind the one with this number, 1,024 at most; of those that are pruned, their leaves. That they were read is recorded.
///
/// # Errors
/// When the log lacks an event, the caller's role does not permit it, or a port failed.
pub async fn export(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    after: u64,
) -> Result<ExportedPart, AuditError> {
    let event = principal.event(context, Action::SensitiveRead)?;
    let event = event.on(ObjectKind::Audit, after.saturating_add(1));
    let part = space.read_ahead(principal, Permission::ReadAudit, &event, move |view, scope| {
        read_part(view, LogScope::Tenant(scope), after)
    });
    let part = part.await?;
    space.record::<AuditError>(principal, Permission::ReadAudit, event)?.await?;
    Ok(part)
}

/// The next events of the installation's log, as [`export`] gives those of a tenant's.
///
/// # Errors
/// When the log lacks an event, or a port failed.
pub async fn export_installation(
    space: &Space,
    context: &RequestContext,
    operator: &OperatorScope,
    after: u64,
) -> Result<ExportedPart, AuditError> {
    let event = context.event(Log::Installation, Action::SensitiveRead, Actor::Operator);
    let event = event.map_err(PortError::from)?.on(ObjectKind::Audit, after.saturating_add(1));
    let operator = operator.clone();
    let part = space
        .store
        .read(Flow::Installation, move |view| read_part(view, LogScope::Installation(&operator), after));
    let part = part.await?;
    space.store.record(event).await?;
    Ok(part)
}

fn read_part(
    view: &mut (impl AuditView + ?Sized),
    log: LogScope<'_>,
    after: u64,
) -> Result<ExportedPart, AuditError> {
    let size = LogHead::seq(&view.log_head(log)?);
    let first = after.saturating_add(1);
    let block = after / BLOCK_LEAVES;
    if let Some(leaves) = view.pruned_leaves(log, block)? {
        let before = usize::try_from(after % BLOCK_LEAVES).map_err(StoreError::failed)?;
        let pruned = leaves.into_iter().skip(before).collect();
        return Ok(ExportedPart { first, records: ExportedRecords::Pruned(pruned), size });
    }
    let end = first.saturating_add(BLOCK_LEAVES).min(size.saturating_add(1));
    let events = if first < end { view.events_in(log, first..end) } else { Ok(Vec::new()) };
    let events = events.map_err(LogTreeError::from)?;
    if u64::try_from(events.len()) != Ok(end.saturating_sub(first)) {
        return Err(AuditError::LogChanged);
    }
    Ok(ExportedPart { first, records: ExportedRecords::Events(events), size })
}
