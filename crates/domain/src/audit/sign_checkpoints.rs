//! Signing checkpoints: each is held against the last one of its log first, so that what was bent underneath is not signed.

use std::sync::Arc;

use crate::access::Permission;
use crate::audit::log_tree::{LogTree, LogTreeError};
use crate::audit::ports::{AuditView, CheckpointSigner, LogScope, LogWriteScope};
use crate::audit::{
    Action, Actor, Checkpoint, Log, LogName, ObjectKind, Origin, ReasonCode, SignedCheckpoint,
};
use crate::identity::{AuthorizationError, Principal};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::{Flow, StoreError};
use crate::tenant::OperatorScope;
use crate::unit::Receipt;

/// How many checkpoints are kept in one unit of work.
const MAX_PER_UNIT: usize = 100;

/// A checkpoint was not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// The log has no event yet.
    #[error("nothing has happened here yet, so there is no checkpoint")]
    Empty,
    /// The log is not the one that was signed before: it was cut, or changed.
    #[error(
        "the log is not the one whose checkpoint was signed before; whoever runs this space must look into it"
    )]
    Changed,
    /// What was signed before was signed by another key.
    #[error(
        "the checkpoint before this one was signed by another key than the space has now; whoever runs it must restore \
         keys/audit-key.json"
    )]
    OtherKey,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(CheckpointError);

impl CheckpointError {
    /// Whether what is stored is not what was signed, or cannot be told to be: whoever runs the space must look into it.
    #[must_use]
    pub fn is_integrity_failure(&self) -> bool {
        match self {
            Self::Changed
            | Self::OtherKey
            | Self::PortError(PortError::Store(StoreError::Failed(_) | StoreError::LogDamaged(_))) => true,
            Self::Authorization(_) | Self::Empty | Self::PortError(_) => false,
        }
    }
}

impl From<LogTreeError> for CheckpointError {
    fn from(error: LogTreeError) -> Self {
        match error {
            // What the tree cannot prove of a log to itself is not signed.
            LogTreeError::Contradiction | LogTreeError::Proof(_) => Self::Changed,
            LogTreeError::Store(error) => error.into(),
        }
    }
}

/// A log whose checkpoint was looked at, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedAt {
    /// Which log.
    pub log: Log,
    /// Its newest checkpoint; or why there is none of it as it is now.
    pub outcome: Result<SignedCheckpoint, CheckpointError>,
}

/// The checkpoint of a log as it is now, and whether it is a new one.
fn look(
    view: &mut (impl AuditView + ?Sized),
    signer: &dyn CheckpointSigner,
    log: LogScope<'_>,
) -> Result<(SignedCheckpoint, bool), CheckpointError> {
    let name = LogName::of(signer.installation(), log.into());
    let before = view.checkpoint(log)?;
    let mut tree = LogTree::open(view, log)?;
    let size = tree.size();
    if let Some(before) = before {
        let signed = signer.open(&before.note).ok_or(CheckpointError::OtherKey)?;
        if signed.log != name || signed.size != before.size || signed.size > size {
            return Err(CheckpointError::Changed);
        }
        let (_, [root, _]) = tree.consistency(signed.size, size)?;
        if root != signed.root {
            return Err(CheckpointError::Changed);
        }
        if signed.size == size {
            return Ok((before, false));
        }
    }
    if size == 0 {
        return Err(CheckpointError::Empty);
    }
    let root = tree.root_at(size)?;
    let note = signer.sign(&Checkpoint { log: name, size, root });
    Ok((SignedCheckpoint { size, note }, true))
}

/// Checks that a log has only grown since its last checkpoint. Of one that has none there is nothing to be held against.
///
/// # Errors
/// When it is not the log that was signed, or a port failed.
pub(crate) fn check_grown(
    view: &mut (impl AuditView + ?Sized),
    signer: &dyn CheckpointSigner,
    log: LogScope<'_>,
) -> Result<(), CheckpointError> {
    match look(view, signer, log) {
        Ok(_) | Err(CheckpointError::Empty) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A signed checkpoint, and the public key by which it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCheckpoint {
    /// The checkpoint.
    pub signed: SignedCheckpoint,
    /// The key, with the log's name.
    pub verifier: String,
}

/// The checkpoint of the tenant's log as it is now. It is held against the last one that was kept, and is not kept itself: who asked for
/// it has it, and the next one that is kept is held against the same.
///
/// # Errors
/// When the caller's role does not permit it, the log has no event or is not the one that was signed before, or a port failed.
pub async fn checkpoint(space: &Space, principal: &Principal) -> Result<ShownCheckpoint, CheckpointError> {
    let signer = Arc::clone(&space.checkpoint_signer);
    let shown = space.read(principal, Permission::ReadAudit, move |view, scope| {
        show(view, &*signer, LogScope::Tenant(scope))
    });
    shown.await
}

/// The checkpoint of the installation's log, as [`checkpoint`] gives that of a tenant's.
///
/// # Errors
/// As for [`checkpoint`].
pub async fn installation_checkpoint(
    space: &Space,
    operator: &OperatorScope,
) -> Result<ShownCheckpoint, CheckpointError> {
    let (signer, operator) = (Arc::clone(&space.checkpoint_signer), operator.clone());
    let shown = space
        .store
        .read(Flow::Installation, move |view| show(view, &*signer, LogScope::Installation(&operator)));
    shown.await
}

/// The checkpoint of a log as it is now, as [`checkpoint`] gives it, in a read that is under way.
pub(super) fn show(
    view: &mut (impl AuditView + ?Sized),
    signer: &dyn CheckpointSigner,
    log: LogScope<'_>,
) -> Result<ShownCheckpoint, CheckpointError> {
    let (signed, _) = look(view, signer, log)?;
    let verifier = signer.verifier(&LogName::of(signer.installation(), log.into()));
    Ok(ShownCheckpoint { signed, verifier })
}

/// Signs checkpoints of all logs that have grown since their last, and answers what came of each. A reader looks at one log at a
/// time; the writer is given small rows, a hundred at once.
///
/// # Errors
/// When the store failed.
pub async fn sign_grown_logs(space: &Space, operator: &OperatorScope) -> Result<Vec<LookedAt>, StoreError> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let whose = operator.clone();
        let grown = space.store.read(Flow::Installation, move |view| view.grown_logs(&whose, after));
        let grown: Vec<Log> = grown.await?;
        let Some(last) = grown.last() else { return Ok(all) };
        after = Some(*last);
        let mut signed = Vec::new();
        for log in grown {
            let looked = match look_at(space, operator, log).await {
                Ok((checkpoint, true)) => {
                    signed.push((log, checkpoint.clone()));
                    Ok(checkpoint)
                }
                Ok((checkpoint, false)) => Ok(checkpoint),
                Err(error) => Err(error),
            };
            all.push(LookedAt { log, outcome: looked });
            if signed.len() == MAX_PER_UNIT {
                keep_all(space, std::mem::take(&mut signed)).await?;
            }
        }
        if !signed.is_empty() {
            keep_all(space, signed).await?;
        }
    }
}

async fn look_at(
    space: &Space,
    operator: &OperatorScope,
    log: Log,
) -> Result<(SignedCheckpoint, bool), CheckpointError> {
    let (signer, operator) = (Arc::clone(&space.checkpoint_signer), operator.clone());
    let looked = space.store.read(Flow::Installation, move |view| match log {
        Log::Installation => look(view, &*signer, LogScope::Installation(&operator)),
        Log::Tenant(tenant) => look(view, &*signer, LogScope::Tenant(&operator.tenant(tenant))),
    });
    looked.await
}

/// Records in the installation's log that a log is not the one that was signed before.
///
/// # Errors
/// When a port failed.
pub async fn record_changed_log(space: &Space, log: Log) -> Result<(), PortError> {
    let context = space.request_context(Origin::default())?;
    let event = context.event(Log::Installation, Action::AuditIntegrityFail, Actor::System);
    let event = event?.failed(ReasonCode::AuditLogChanged);
    let event = match log {
        Log::Installation => event.on(ObjectKind::Audit, "installation"),
        Log::Tenant(tenant) => event.on(ObjectKind::Audit, tenant),
    };
    Ok(space.store.record(event).await?)
}

/// Keeps checkpoints. It has no event of its own: it tells nothing that the events do not, and a log that grew by its own
/// checkpoints would never have a last one.
fn keep_all(space: &Space, signed: Vec<(Log, SignedCheckpoint)>) -> Receipt<(), StoreError> {
    space.store.keep_books(move |tx| {
        for (log, checkpoint) in &signed {
            tx.keep_checkpoint(&LogWriteScope::of_system(*log), checkpoint)?;
        }
        Ok(().into())
    })
}
