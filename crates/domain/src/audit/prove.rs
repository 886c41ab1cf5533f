//! Proofs of a tenant's log: that an event is in it, and that it has only grown.

use crate::access::Permission;
use crate::audit::log_tree::{LogTree, LogTreeError};
use crate::audit::ports::LogScope;
use crate::audit::tree::{ConsistencyProof, InclusionProof, NodeHash, ProofError};
use crate::identity::{AuthorizationError, Principal};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;

/// A proof was not given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such event, or the log had never that size.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// What is kept of the tree does not fit the events: something was changed beneath it.
    #[error("the log is not the one that its tree was made of; whoever runs this space must look into it")]
    Changed,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(ProveError);

impl From<LogTreeError> for ProveError {
    fn from(error: LogTreeError) -> Self {
        match error {
            LogTreeError::Proof(error) => Self::Proof(error),
            LogTreeError::Contradiction => Self::Changed,
            LogTreeError::Store(error) => error.into(),
        }
    }
}

/// The proof that an event, the last one where none is named, is in the tenant's log of a size, which is that of now where none is
/// named; and the root of that size.
///
/// # Errors
/// When the caller's role does not permit it, there is no such event or size, or a port failed.
pub async fn prove_inclusion(
    space: &Space,
    principal: &Principal,
    seq: Option<u64>,
    size: Option<u64>,
) -> Result<(InclusionProof, NodeHash), ProveError> {
    let proved = space.read(principal, Permission::ReadAudit, move |view, scope| {
        let mut tree = LogTree::open(view, LogScope::Tenant(scope))?;
        let size = size.unwrap_or(tree.size());
        Ok::<_, ProveError>(tree.inclusion(seq.unwrap_or(size), size)?)
    });
    proved.await
}

/// The proof that the tenant's log of one size, of 1 where none is named, is the beginning of that of another, which is that of now
/// where none is named; and the roots of both.
///
/// # Errors
/// When the caller's role does not permit it, the log had never these sizes in this order, or a port failed.
pub async fn prove_consistency(
    space: &Space,
    principal: &Principal,
    from: Option<u64>,
    to: Option<u64>,
) -> Result<(ConsistencyProof, [NodeHash; 2]), ProveError> {
    let proved = space.read(principal, Permission::ReadAudit, move |view, scope| {
        let mut tree = LogTree::open(view, LogScope::Tenant(scope))?;
        let to = to.unwrap_or(tree.size());
        Ok::<_, ProveError>(tree.consistency(from.unwrap_or(1), to)?)
    });
    proved.await
}
