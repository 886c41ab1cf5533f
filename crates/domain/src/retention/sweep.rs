//! Removing what is older than its term, in small portions: on schedule, when an Owner says so, or as a look at what would go.

use std::sync::Arc;
use std::time::Duration;

use crate::access::Permission;
use crate::audit::ports::{CheckpointSigner, LogScope, LogWriteScope, Seq};
use crate::audit::{
    Action, Actor, ChangeCode, Changes, Event, Log, ObjectKind, Origin, PrunedBlock, RequestContext,
    check_grown,
};
use crate::identity::Principal;
use crate::ids::PolicyId;
use crate::port_error::PortError;
use crate::retention::{RetentionError, RetentionKind, RetentionTerms};
use crate::space::Space;
use crate::store::{Flow, StoreError, Tx, View};
use crate::tenant::{OperatorScope, TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::unit::{Abort, Recorded};

/// How many things one unit of work removes: so few that nobody waits for it. Of events it is a whole block.
const PORTION: usize = 250;
const EVENTS_PER_BLOCK: usize = 1_024;
/// How many things a reader looks through at once.
const LOOKED_AT: usize = 2_000;
/// How many portions of a kind go at once. What is left goes with the next sweep.
const MAX_PORTIONS: usize = 400;
/// How long beyond its term a thing may stay until somebody is told.
const GRACE: Duration = Duration::from_secs(86_400);
/// The most things that are counted for a look at what would go.
pub const MAX_TOLD: usize = 10_000;

/// What of a kind went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Of which kind.
    pub kind: RetentionKind,
    /// How many things.
    pub count: u64,
    /// Whether there may be more, which go with the next sweep.
    pub has_more: bool,
}

/// What of a kind is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Of which kind.
    pub kind: RetentionKind,
    /// From before this time.
    pub before: Timestamp,
    /// How many things, at most [`MAX_TOLD`].
    pub count: usize,
    /// Whether there are more.
    pub has_more: bool,
}

/// Things that are due.
enum DueData {
    /// What these events of the log know of persons.
    Persons(Vec<Seq>),
    /// These revisions of policies.
    Revisions(Vec<(PolicyId, u64)>),
    /// The events of these blocks of the log; and of those that are to go, what stays of them.
    Events { blocks: Vec<u64>, pruned: Vec<PrunedBlock> },
}

impl DueData {
    /// The first of a kind that are from before a time, at most so many.
    fn find(
        view: &mut dyn View,
        scope: &TenantScope,
        kind: RetentionKind,
        before: Timestamp,
        at_most: usize,
    ) -> Result<Self, StoreError> {
        match kind {
            RetentionKind::LogPersonalData => Self::persons(view, LogScope::Tenant(scope), before, at_most),
            RetentionKind::PolicyRevisions => {
                Ok(Self::Revisions(view.revisions_replaced_before(scope, before, at_most)?))
            }
            RetentionKind::LogEvents => Self::events(view, LogScope::Tenant(scope), before, at_most),
        }
    }

    /// What the first events of a log know of persons that are from before a time, at most so many. The events are nearly in the order of their times,
    /// and the first that still know of a person are the oldest. So it is looked no further than through a stretch in which none is due.
    fn persons(
        view: &mut dyn View,
        log: LogScope<'_>,
        before: Timestamp,
        at_most: usize,
    ) -> Result<Self, StoreError> {
        let (mut due, mut after) = (Vec::new(), None);
        while due.len() < at_most {
            let found = view.events_with_persons(log, after, LOOKED_AT)?;
            let known = due.len();
            due.extend(found.iter().filter(|(_, time)| *time < before).map(|(seq, _)| *seq));
            if due.len() == known {
                break;
            }
            after = found.last().map(|(seq, _)| *seq);
        }
        due.truncate(at_most);
        Ok(Self::Persons(due))
    }

    /// The first blocks of a log that are from before a time, of at most so many events, begun blocks included. A block that is behind what a checkpoint
    /// vouches for, or what each sink has that gets the log, stays, however old it is.
    fn events(
        view: &mut dyn View,
        log: LogScope<'_>,
        before: Timestamp,
        at_most: usize,
    ) -> Result<Self, StoreError> {
        let vouched = view.checkpoint(log)?.map_or(0, |checkpoint| checkpoint.size);
        let delivered = view.least_delivered(log)?.unwrap_or(u64::MAX);
        let most = at_most.div_ceil(EVENTS_PER_BLOCK);
        let blocks = view.blocks_before(log, before, vouched.min(delivered), most)?;
        Ok(Self::Events { blocks, pruned: Vec::new() })
    }

    fn len(&self) -> usize {
        match self {
            Self::Persons(events) => events.len(),
            Self::Revisions(revisions) => revisions.len(),
            Self::Events { blocks, .. } => blocks.len().saturating_mul(EVENTS_PER_BLOCK),
        }
    }

    /// Reads what stays of them, of a log that is the one that was signed. That takes a while, so it is done before anybody waits for it.
    fn read_leaves(
        &mut self,
        view: &mut dyn View,
        signer: &dyn CheckpointSigner,
        log: LogScope<'_>,
    ) -> Result<(), RetentionError> {
        let Self::Events { blocks, pruned } = self else { return Ok(()) };
        if !blocks.is_empty() {
            check_grown(view, signer, log)?;
        }
        for block in blocks {
            pruned.push(PrunedBlock::read(view, log, *block)?);
        }
        Ok(())
    }

    /// Removes them from a tenant, as far as they are still there. Answers how many were, and what is told of it.
    fn remove(&self, tx: &mut dyn Tx, scope: &WriteScope) -> Result<(u64, ChangeCode), StoreError> {
        match self {
            Self::Persons(events) => {
                Ok((tx.erase_persons(scope, &numbers(events))?, ChangeCode::PersonalDataErased))
            }
            Self::Revisions(revisions) => {
                Ok((tx.remove_revisions(scope, revisions)?, ChangeCode::RevisionsRemoved))
            }
            Self::Events { pruned, .. } => prune(tx, Log::Tenant(scope.tenant()), pruned),
        }
    }

    /// The same, from the installation's log.
    fn remove_of_installation(
        &self,
        tx: &mut dyn Tx,
        operator: &OperatorScope,
    ) -> Result<(u64, ChangeCode), StoreError> {
        match self {
            Self::Persons(events) => {
                let removed = tx.erase_installation_persons(operator, &numbers(events))?;
                Ok((removed, ChangeCode::PersonalDataErased))
            }
            // Policies are tenants'.
            Self::Revisions(_) => Ok((0, ChangeCode::RevisionsRemoved)),
            Self::Events { pruned, .. } => prune(tx, Log::Installation, pruned),
        }
    }
}

fn numbers(events: &[Seq]) -> Vec<u64> {
    events.iter().map(|Seq(number)| *number).collect()
}

fn prune(tx: &mut dyn Tx, log: Log, blocks: &[PrunedBlock]) -> Result<(u64, ChangeCode), StoreError> {
    let (log, mut removed) = (LogWriteScope::of_system(log), 0_u64);
    for block in blocks {
        removed = removed.saturating_add(tx.prune(&log, block)?);
    }
    Ok((removed, ChangeCode::EventsPruned))
}

/// What was found due of a tenant.
struct Found {
    kind: RetentionKind,
    now: Timestamp,
    before: Timestamp,
    data: DueData,
}

impl Found {
    fn find(
        view: &mut dyn View,
        scope: &TenantScope,
        kind: RetentionKind,
        now: Timestamp,
        at_most: usize,
    ) -> Result<Self, StoreError> {
        let before = view.retention_terms(scope)?.due_before(kind, now);
        Ok(Self { kind, now, before, data: DueData::find(view, scope, kind, before, at_most)? })
    }

    /// A portion that is to go.
    fn portion(
        view: &mut dyn View,
        signer: &dyn CheckpointSigner,
        scope: &TenantScope,
        kind: RetentionKind,
        now: Timestamp,
    ) -> Result<Self, RetentionError> {
        let mut found = Self::find(view, scope, kind, now, PORTION)?;
        found.data.read_leaves(view, signer, LogScope::Tenant(scope))?;
        Ok(found)
    }

    /// Removes it, if nothing has come to stand against it meanwhile.
    fn remove(
        &self,
        tx: &mut dyn Tx,
        scope: &WriteScope,
        event: &Event,
    ) -> Result<Recorded<u64>, Abort<RetentionError>> {
        if !tx.legal_holds(scope)?.is_empty() {
            return Err(RetentionError::Held.into());
        }
        if tx.retention_terms(scope)?.due_before(self.kind, self.now) < self.before {
            return Err(RetentionError::Changed.into());
        }
        let (removed, code) = self.data.remove(tx, scope)?;
        if removed == 0 && self.data.len() > 0 {
            return Err(RetentionError::Changed.into());
        }
        Ok(Recorded::new(removed, event.clone().changing(Changes::default().with_count(code, removed))))
    }
}

/// Of which kinds anything of a tenant is kept for longer than a day beyond its term.
pub(super) fn overdue(
    view: &mut dyn View,
    scope: &TenantScope,
    now: Timestamp,
) -> Result<Vec<RetentionKind>, StoreError> {
    let mut overdue = Vec::new();
    for kind in RetentionKind::ALL {
        let late = now.minus(GRACE);
        let is_overdue = match kind {
            // Whatever holds them up: a sink that is away, or a checkpoint that is not signed.
            RetentionKind::LogEvents => {
                let before = view.retention_terms(scope)?.due_before(kind, late);
                !view.blocks_before(LogScope::Tenant(scope), before, u64::MAX, 1)?.is_empty()
            }
            RetentionKind::LogPersonalData | RetentionKind::PolicyRevisions => {
                Found::find(view, scope, kind, late, 1)?.data.len() > 0
            }
        };
        if is_overdue {
            overdue.push(kind);
        }
    }
    Ok(overdue)
}

/// What of the caller's tenant would go now, if no hold stood: each kind of data of which anything is due. Nothing is changed.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn due(space: &Space, principal: &Principal) -> Result<Vec<Due>, RetentionError> {
    let now = space.clock.now();
    let look = move |view: &mut dyn View, scope: &TenantScope| {
        let mut all = Vec::new();
        for kind in RetentionKind::ALL {
            let Found { before, data, .. } = Found::find(view, scope, kind, now, MAX_TOLD + 1)?;
            let count = data.len();
            if count > 0 {
                all.push(Due { kind, before, count: count.min(MAX_TOLD), has_more: count > MAX_TOLD });
            }
        }
        Ok(all)
    };
    space.read(principal, Permission::ManageTenant, look).await
}

/// Removes what of the caller's tenant is due, as a sweep on schedule does: in portions with an event each. Answers how much of each kind went.
///
/// # Errors
/// When a hold stands, the log is not the one that was signed, the caller's role does not permit it, or not any more, or a port failed. What went
/// by then is gone.
pub async fn sweep(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
) -> Result<Vec<Swept>, RetentionError> {
    let permission = Permission::ManageTenant;
    let (mut swept, mut is_unrecorded) = (Vec::new(), true);
    for kind in RetentionKind::ALL {
        let mut all = Swept { kind, count: 0, has_more: true };
        for _ in 0..MAX_PORTIONS {
            let now = space.clock.now();
            let signer = Arc::clone(&space.checkpoint_signer);
            let find = move |view: &mut dyn View, scope: &TenantScope| {
                Found::portion(view, &*signer, scope, kind, now)
            };
            let found = space.read(principal, permission, find).await?;
            // That somebody swept is recorded, even where nothing was due.
            if found.data.len() == 0 && !is_unrecorded {
                all.has_more = false;
                break;
            }
            is_unrecorded = false;
            let event = principal.event(context, Action::SensitiveDelete)?;
            let event = event.on(ObjectKind::Tenant, principal.snapshot().tenant.id);
            let authorization = principal.authorize(permission, now)?;
            let portion = space.store.write(move |tx| {
                let scope = tx.authority::<RetentionError>(&authorization, &event)?;
                found.remove(tx, &scope, &event)
            });
            match portion.await {
                Ok(removed) => all.count = all.count.saturating_add(removed),
                Err(error) => unless_changed(error)?,
            }
        }
        swept.push(all);
    }
    Ok(swept)
}

/// Removes what is due of every tenant in which no hold stands, and of the installation's log by the default terms, in portions with an event
/// each. Where nothing is due nothing is written. Answers of which logs not everything went, or of whose tenants, and why: one of them holds up no
/// other, and it goes with the next sweep.
///
/// # Errors
/// When it cannot be read which tenants there are.
pub async fn sweep_everywhere(
    space: &Space,
    operator: &OperatorScope,
) -> Result<Vec<(Log, RetentionError)>, PortError> {
    let own = sweep_installation(space, operator).await;
    let mut failed = Vec::from_iter(own.err().map(|error| (Log::Installation, error)));
    let everywhere = operator.clone();
    let tenants = space.store.read(Flow::Installation, move |view| view.tenant_ids(&everywhere));
    for tenant in tenants.await? {
        let scope = operator.tenant(tenant);
        for kind in RetentionKind::ALL {
            match sweep_tenant(space, &scope, kind).await {
                // A hold is what the tenant wants.
                Ok(()) | Err(RetentionError::Held) => {}
                Err(error) => failed.push((Log::Tenant(tenant), error)),
            }
        }
    }
    Ok(failed)
}

async fn sweep_installation(space: &Space, operator: &OperatorScope) -> Result<(), RetentionError> {
    for kind in [RetentionKind::LogPersonalData, RetentionKind::LogEvents] {
        for _ in 0..MAX_PORTIONS {
            let (now, whose) = (space.clock.now(), operator.clone());
            let signer = Arc::clone(&space.checkpoint_signer);
            let before = RetentionTerms::default().due_before(kind, now);
            let find = move |view: &mut dyn View| {
                let log = LogScope::Installation(&whose);
                let find = if kind == RetentionKind::LogEvents { DueData::events } else { DueData::persons };
                let mut data = find(view, log, before, PORTION)?;
                data.read_leaves(view, &*signer, log)?;
                Ok::<_, RetentionError>(data)
            };
            let data = space.store.read(Flow::Installation, find).await?;
            if data.len() == 0 {
                break;
            }
            let context = RequestContext::begin(now, Arc::clone(&space.entropy), Origin::default())?;
            let event = context.event(Log::Installation, Action::SensitiveDelete, Actor::System)?;
            let (event, whose) = (event.on(ObjectKind::Audit, "installation"), operator.clone());
            let portion = space.store.write(move |tx| {
                let (removed, code) = data.remove_of_installation(tx, &whose)?;
                if removed == 0 {
                    return Err(RetentionError::Changed.into());
                }
                let changes = Changes::default().with_count(code, removed);
                Ok::<_, Abort<RetentionError>>(Recorded::new((), event.clone().changing(changes)))
            });
            portion.await.or_else(unless_changed)?;
        }
    }
    Ok(())
}

fn unless_changed(error: RetentionError) -> Result<(), RetentionError> {
    if error == RetentionError::Changed { Ok(()) } else { Err(error) }
}

async fn sweep_tenant(space: &Space, scope: &TenantScope, kind: RetentionKind) -> Result<(), RetentionError> {
    for _ in 0..MAX_PORTIONS {
        let (now, of) = (space.clock.now(), *scope);
        let signer = Arc::clone(&space.checkpoint_signer);
        let find = move |view: &mut dyn View| Found::portion(view, &*signer, &of, kind, now);
        let found = space.store.read(scope, find).await?;
        if found.data.len() == 0 {
            break;
        }
        let context = RequestContext::begin(now, Arc::clone(&space.entropy), Origin::default())?;
        let event = context.event(scope, Action::SensitiveDelete, Actor::System)?;
        let event = event.on(ObjectKind::Tenant, scope.tenant());
        let portion = space.store.write(move |tx| found.remove(tx, &WriteScope::of_system(&of), &event));
        // Where that has changed it is looked again at what is due.
        portion.await.map(drop).or_else(unless_changed)?;
    }
    Ok(())
}
