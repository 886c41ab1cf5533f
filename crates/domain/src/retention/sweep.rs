//! Removing what is older than its term, in small portions: on schedule, when an Owner says so, or as a look at what would go.

use std::sync::Arc;
use std::time::Duration;

use crate::Pending;
use crate::access::Permission;
use crate::audit::ports::{CheckpointSigner, LogScope, LogWriteScope};
use crate::audit::{Action, Actor, Changes, Event, Log, ObjectKind, Origin, RequestContext, check_grown};
use crate::identity::Principal;
use crate::port_error::PortError;
use crate::retention::due_data::DueData;
use crate::retention::{RetentionError, RetentionKind, RetentionTerms};
use crate::space::Space;
use crate::store::{Flow, StoreError, Tx, View};
use crate::tenant::{OperatorScope, TenantScope};
use crate::time::Timestamp;
use crate::unit::{Abort, Recorded};

/// How many things one unit of work removes: so few that nobody waits for it. Of events it is a whole block.
const PORTION: usize = 250;
/// How many portions of a kind go at once. What is left goes with the next sweep.
const MAX_PORTIONS: usize = 400;
/// How many times as long as a portion took nothing goes behind it: others wait for a portion, and have the time in between for themselves.
const PAUSES_PER_PORTION: u32 = 8;
/// The longest of these pauses, for a clock may be set.
const MAX_PAUSE: Duration = Duration::from_secs(1);
/// How long a sweep by hand goes on, and then ends with its portion: so long a client waits for its answer, and a server that shuts down for it.
pub const MAX_SWEEP: Duration = Duration::from_secs(10);
/// How long beyond its term a thing may stay until somebody is told.
const GRACE: Duration = Duration::from_secs(86_400);
/// The most things that are counted for a look at what would go.
pub const MAX_TOLD: usize = 10_000;

/// Waits for so long, by whatever whoever calls has to wait with.
pub type Pause<'a> = &'a (dyn Fn(Duration) -> Pending<'static, ()> + Send + Sync);

/// Pauses behind a portion that was begun then.
async fn pause_behind(space: &Space, begun: Timestamp, pause: Pause<'_>) {
    let took = space.clock.now().since(begun);
    pause(took.saturating_mul(PAUSES_PER_PORTION).min(MAX_PAUSE)).await;
}

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

/// The terms of a tenant; of the installation's log the default ones.
fn terms_of(view: &mut dyn View, log: LogScope<'_>) -> Result<RetentionTerms, StoreError> {
    match log {
        LogScope::Tenant(scope) => view.retention_terms(scope),
        LogScope::Installation(_) => Ok(RetentionTerms::default()),
    }
}

/// What was found due of a tenant, or of the installation's log.
struct Found {
    kind: RetentionKind,
    now: Timestamp,
    before: Timestamp,
    data: DueData,
}

impl Found {
    fn find(
        view: &mut dyn View,
        log: LogScope<'_>,
        kind: RetentionKind,
        now: Timestamp,
        at_most: usize,
    ) -> Result<Self, StoreError> {
        let before = terms_of(view, log)?.due_before(kind, now);
        Ok(Self { kind, now, before, data: DueData::find(view, log, kind, (now, before), at_most)? })
    }

    /// A portion that is to go. Of a log it must be sure that it is the one that was signed, which the first portion of a sweep finds out.
    fn portion(
        view: &mut dyn View,
        log: LogScope<'_>,
        kind: RetentionKind,
        now: Timestamp,
        unproved: Option<&dyn CheckpointSigner>,
    ) -> Result<Self, RetentionError> {
        let mut found = Self::find(view, log, kind, now, PORTION)?;
        if found.data.len() == 0 {
            return Ok(found);
        }
        if let LogScope::Tenant(scope) = log
            && !view.legal_holds(scope)?.is_empty()
        {
            return Err(RetentionError::Held);
        }
        if let (RetentionKind::LogEvents, Some(signer)) = (kind, unproved) {
            check_grown(view, signer, log)?;
        }
        found.data.read_leaves(view, log)?;
        Ok(found)
    }

    /// Removes it, if nothing has come to stand against it meanwhile.
    fn remove(
        &self,
        tx: &mut dyn Tx,
        log: &LogWriteScope,
        event: &Event,
    ) -> Result<Recorded<u64>, Abort<RetentionError>> {
        if let LogWriteScope::Tenant(scope) = log {
            if !tx.legal_holds(scope)?.is_empty() {
                return Err(RetentionError::Held.into());
            }
            if tx.retention_terms(scope)?.due_before(self.kind, self.now) < self.before {
                return Err(RetentionError::Changed.into());
            }
        }
        let (removed, code) = self.data.remove(tx, log)?;
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
            RetentionKind::LogPersonalData
            | RetentionKind::PolicyRevisions
            | RetentionKind::Invitations
            | RetentionKind::Disclosures
            | RetentionKind::Transfers => {
                Found::find(view, LogScope::Tenant(scope), kind, late, 1)?.data.len() > 0
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
            let Found { before, data, .. } =
                Found::find(view, LogScope::Tenant(scope), kind, now, MAX_TOLD + 1)?;
            let count = data.len();
            if count > 0 {
                all.push(Due { kind, before, count: count.min(MAX_TOLD), has_more: count > MAX_TOLD });
            }
        }
        Ok(all)
    };
    space.read(principal, Permission::ManageTenant, look).await
}

/// Removes what of the caller's tenant is due, as a sweep on schedule does: in portions with an event each, and a pause behind each, for at most
/// [`MAX_SWEEP`]. Answers how much of each kind went, and of which there may be more. A kind that fails holds up no other.
///
/// # Errors
/// When a hold stands, the log is not the one that was signed, the caller's role does not permit it, or not any more, or a port failed. What went
/// by then is gone.
pub async fn sweep(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    pause: Pause<'_>,
) -> Result<Vec<Swept>, RetentionError> {
    let caller = Caller { space, context, principal, begun: space.clock.now() };
    let (mut swept, mut failed) = (Vec::new(), None);
    for kind in RetentionKind::ALL {
        // That somebody swept is recorded, even where nothing was due.
        match caller.sweep(kind, swept.is_empty(), pause).await {
            Ok(kind) => swept.push(kind),
            Err(error @ (RetentionError::Authorization(_) | RetentionError::Held)) => return Err(error),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(swept), Err)
}

/// Who sweeps by hand, and since when.
struct Caller<'a> {
    space: &'a Space,
    context: &'a RequestContext,
    principal: &'a Principal,
    begun: Timestamp,
}

impl Caller<'_> {
    async fn sweep(
        &self,
        kind: RetentionKind,
        mut is_unrecorded: bool,
        pause: Pause<'_>,
    ) -> Result<Swept, RetentionError> {
        let (space, permission) = (self.space, Permission::ManageTenant);
        let (mut swept, mut is_proved) = (Swept { kind, count: 0, has_more: true }, false);
        for _ in 0..MAX_PORTIONS {
            let now = space.clock.now();
            if now.since(self.begun) >= MAX_SWEEP {
                break;
            }
            let unproved = (!is_proved).then(|| Arc::clone(&space.checkpoint_signer));
            let find = move |view: &mut dyn View, scope: &TenantScope| {
                Found::portion(view, LogScope::Tenant(scope), kind, now, unproved.as_deref())
            };
            let found = space.read(self.principal, permission, find).await?;
            if found.data.len() == 0 && !is_unrecorded {
                swept.has_more = false;
                break;
            }
            is_proved = found.data.len() > 0;
            let event = self.principal.event(self.context, Action::SensitiveDelete)?;
            let event = event.on(ObjectKind::Tenant, self.principal.snapshot().tenant.id);
            let authorization = self.principal.authorize(permission, now)?;
            let portion = space.store.write(move |tx| {
                let scope = tx.authority::<RetentionError>(&authorization, &event)?;
                found.remove(tx, &LogWriteScope::Tenant(scope), &event)
            });
            match portion.await {
                Ok(removed) => {
                    is_unrecorded = false;
                    swept.count = swept.count.saturating_add(removed);
                }
                Err(error) => unless_changed(error)?,
            }
            pause_behind(space, now, pause).await;
        }
        Ok(swept)
    }
}

/// Removes what is due of every tenant in which no hold stands, and of the installation's log by the default terms, in portions with an event
/// each, and a pause behind each. Where nothing is due nothing is written. Answers of which logs not everything went, or of whose tenants, and why: one of them holds up no
/// other, and it goes with the next sweep.
///
/// # Errors
/// When it cannot be read which tenants there are.
pub async fn sweep_everywhere(
    space: &Space,
    operator: &OperatorScope,
    pause: Pause<'_>,
) -> Result<Vec<(Log, RetentionError)>, PortError> {
    let everywhere = operator.clone();
    let tenants = space.store.read(Flow::Installation, move |view| view.tenant_ids(&everywhere));
    let logs = std::iter::once(Log::Installation).chain(tenants.await?.into_iter().map(Log::Tenant));
    let mut failed = Vec::new();
    for log in logs {
        for kind in RetentionKind::ALL {
            match sweep_log(space, operator, (log, kind), pause).await {
                // A hold is what the tenant wants.
                Ok(()) | Err(RetentionError::Held) => {}
                Err(error) => failed.push((log, error)),
            }
        }
    }
    Ok(failed)
}

fn unless_changed(error: RetentionError) -> Result<(), RetentionError> {
    if error == RetentionError::Changed { Ok(()) } else { Err(error) }
}

async fn sweep_log(
    space: &Space,
    operator: &OperatorScope,
    (log, kind): (Log, RetentionKind),
    pause: Pause<'_>,
) -> Result<(), RetentionError> {
    let flow = match log {
        Log::Installation => Flow::Installation,
        Log::Tenant(tenant) => Flow::Tenant(tenant),
    };
    for portion in 0..MAX_PORTIONS {
        let (now, operator) = (space.clock.now(), operator.clone());
        let unproved = (portion == 0).then(|| Arc::clone(&space.checkpoint_signer));
        let find = move |view: &mut dyn View| match log {
            Log::Installation => {
                Found::portion(view, LogScope::Installation(&operator), kind, now, unproved.as_deref())
            }
            Log::Tenant(tenant) => {
                let scope = operator.tenant(tenant);
                Found::portion(view, LogScope::Tenant(&scope), kind, now, unproved.as_deref())
            }
        };
        let found = space.store.read(flow, find).await?;
        if found.data.len() == 0 {
            break;
        }
        let context = RequestContext::begin(now, Arc::clone(&space.entropy), Origin::default())?;
        let event = context.event(log, Action::SensitiveDelete, Actor::System)?;
        let event = match log {
            Log::Installation => event.on(ObjectKind::Audit, "installation"),
            Log::Tenant(tenant) => event.on(ObjectKind::Tenant, tenant),
        };
        let portion = space.store.write(move |tx| found.remove(tx, &LogWriteScope::of_system(log), &event));
        // Where that has changed it is looked again at what is due.
        portion.await.map(drop).or_else(unless_changed)?;
        pause_behind(space, now, pause).await;
    }
    Ok(())
}
