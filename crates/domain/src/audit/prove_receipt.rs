//! That what a receipt is of is in the log: for whoever holds one, who need not be one of those that may read the log.

use std::sync::Arc;

use subtle::ConstantTimeEq;

use crate::audit::log_tree::{LogTree, LogTreeError};
use crate::audit::ports::LogScope;
use crate::audit::sign_checkpoints::{CheckpointError, ShownCheckpoint, show};
use crate::audit::tree::{InclusionProof, NodeHash, ProofError};
use crate::audit::{Log, LogName, RecordedEvent, pruned_leaf};
use crate::ids::TenantId;
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::Flow;
use crate::tenant::TenantScope;

/// A receipt was not proved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptProofError {
    /// There is no such log here, or no such number in it, or another event has it: nobody is told which.
    #[error("there is no such receipt")]
    Unknown,
    /// The event is there, and there is no proof of that size.
    #[error(transparent)]
    Proof(ProofError),
    /// What is kept of the tree does not fit the events, or the log is not the one that was signed before.
    #[error("the log is not the one that was signed before; whoever runs this space must look into it")]
    Changed,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(ReceiptProofError);

impl From<LogTreeError> for ReceiptProofError {
    fn from(error: LogTreeError) -> Self {
        match error {
            LogTreeError::Proof(error) => Self::Proof(error),
            LogTreeError::Contradiction => Self::Changed,
            LogTreeError::Store(error) => error.into(),
        }
    }
}

impl From<CheckpointError> for ReceiptProofError {
    fn from(error: CheckpointError) -> Self {
        match error {
            // A log with an event is not empty.
            CheckpointError::Changed | CheckpointError::OtherKey | CheckpointError::Empty => Self::Changed,
            CheckpointError::Authorization(_) => Self::Unknown,
            CheckpointError::PortError(error) => Self::PortError(error),
        }
    }
}

/// That an event is in a log of a size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptProof {
    /// Which log.
    pub log: LogName,
    /// The way from the event's leaf to the root.
    pub inclusion: InclusionProof,
    /// The root of that size.
    pub root: NodeHash,
    /// The checkpoint that vouches for the root; `None` where a size was asked for, whose checkpoint whoever asks has.
    pub checkpoint: Option<ShownCheckpoint>,
}

/// Proves that the event of this number and leaf is in a tenant's log: of a size, or of now, with a checkpoint. Anybody may ask. The leaf
/// is the secret: who does not know it learns nothing, not even whether there is such a number or such a log.
///
/// # Errors
/// When there is no such event, the log had never that size, it is not the one that was signed before, or a port failed.
pub async fn prove_receipt(
    space: &Space,
    tenant: TenantId,
    seq: u64,
    leaf: NodeHash,
    size: Option<u64>,
) -> Result<ReceiptProof, ReceiptProofError> {
    let signer = Arc::clone(&space.checkpoint_signer);
    let name = LogName::of(signer.installation(), Log::Tenant(tenant));
    // A number that there cannot be is that of no event.
    let behind =
        seq.checked_add(1).filter(|_| i64::try_from(seq).is_ok()).ok_or(ReceiptProofError::Unknown)?;
    let proved = space.store.read(Flow::Receipts, move |view| {
        let scope = TenantScope::of(tenant);
        let log = LogScope::Tenant(&scope);
        // One row is looked at before anything is computed, so a stranger costs no more than that.
        let found = match pruned_leaf(view, log, seq)? {
            Some(found) => Some(found),
            None => {
                let events = view.events_in(log, seq..behind).map_err(LogTreeError::from)?;
                events.first().map(RecordedEvent::leaf)
            }
        };
        if !found.is_some_and(|found| bool::from(found.ct_eq(&leaf))) {
            return Err(ReceiptProofError::Unknown);
        }
        let checkpoint = match size {
            None => Some(show(view, &*signer, log)?),
            Some(_) => None,
        };
        let mut tree = LogTree::open(view, log)?;
        let size = size.unwrap_or(tree.size());
        let (inclusion, root) = tree.inclusion(seq, size)?;
        Ok(ReceiptProof { log: name, inclusion, root, checkpoint })
    });
    proved.await
}
