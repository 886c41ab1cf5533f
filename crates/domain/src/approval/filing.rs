//! Putting a question into the queue of those that wait: once, however many ask it at the same time.

use crate::approval::{ApprovalRequest, ApprovalState, ApprovalTerms};
use crate::ids::ApprovalId;
use crate::store::{StoreError, Tx};
use crate::tenant::WriteScope;
use crate::time::Timestamp;

/// The most questions of one caller that wait at one endpoint.
pub const MAX_PENDING_OF_CALLER: u64 = 20;
/// The most questions that wait in a tenant.
pub const MAX_PENDING_OF_TENANT: u64 = 10_000;
/// The most requests of a tenant, decided ones among them.
pub const MAX_OF_TENANT: u64 = 100_000;

/// How many that have ended make room for one that is new.
const MOST_SWEPT: usize = 100;

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filed {
    /// There is a request of it, which stands like this: a new one is pending.
    Request(ApprovalId, ApprovalState),
    /// There is no room for it.
    Full(QueueFull),
}

/// Why there is no room for one more question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueueFull {
    /// The caller has as many that wait as they may have.
    #[error(
        "{MAX_PENDING_OF_CALLER} of your questions to the endpoint wait for approval, and no more may; wait until its owners or \
         admins have decided some, or they have waited for 30 days"
    )]
    OfCaller,
    /// The tenant has as many as it may have.
    #[error(
        "no more questions may wait for approval here; ask again when the owners or admins have decided some"
    )]
    OfTenant,
}

/// Puts a question into the queue, unless it is there, in the unit of work that records its refusal. What has ended makes room.
///
/// # Errors
/// When the store failed.
pub fn file(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    new: &ApprovalRequest,
    terms: &ApprovalTerms,
    now: Timestamp,
) -> Result<Filed, StoreError> {
    if let Some(known) = tx.approval_of(scope, &new.key)? {
        let known = known.under(terms);
        match known.state(now) {
            ApprovalState::Ended => tx.remove_approval(scope, known.id)?,
            state => return Ok(Filed::Request(known.id, state)),
        };
    }
    tx.remove_ended_approvals(scope, now, MOST_SWEPT)?;
    let usage = tx.approval_usage(scope, new.key.endpoint, new.key.caller)?;
    if usage.pending_of_caller >= MAX_PENDING_OF_CALLER {
        return Ok(Filed::Full(QueueFull::OfCaller));
    }
    if usage.pending >= MAX_PENDING_OF_TENANT || usage.all >= MAX_OF_TENANT {
        return Ok(Filed::Full(QueueFull::OfTenant));
    }
    tx.add_approval(scope, new)?;
    Ok(Filed::Request(new.id, ApprovalState::Pending))
}
