//! Putting a question into the queue of those that wait: once, however many ask it at the same time.

use crate::approval::ports::{ApprovalPlace, ApprovalUsage};
use crate::approval::{
    ApprovalRequest, ApprovalState, ApprovalTerms, MAX_OF_CALLER, MAX_OF_TENANT, MAX_PENDING_AT_ENDPOINT,
    MAX_PENDING_OF_CALLER, MAX_PENDING_OF_CALLER_IN_TENANT, MAX_PENDING_OF_TENANT, QueueFull,
};
use crate::ids::ApprovalId;
use crate::sealing::Sealed;
use crate::store::{StoreError, Tx};
use crate::tenant::WriteScope;
use crate::time::Timestamp;

/// How many that have ended make room for one that is new.
const MOST_SWEPT: usize = 10;

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filed {
    /// There is a request of it, which stands like this: a new one is pending.
    Request(ApprovalId, ApprovalState),
    /// There is no room for it.
    Full(QueueFull),
}

impl QueueFull {
    /// Why there is no room beside these requests, if there is none.
    #[must_use]
    pub fn beside(usage: &ApprovalUsage) -> Option<Self> {
        let reached = [
            (Self::OfCaller, usage.pending_of_caller_here, MAX_PENDING_OF_CALLER),
            (Self::OfCallerInTenant, usage.pending_of_caller, MAX_PENDING_OF_CALLER_IN_TENANT),
            (Self::OfCallerInTenant, usage.all_of_caller, MAX_OF_CALLER),
            (Self::AtEndpoint, usage.pending_at_endpoint, MAX_PENDING_AT_ENDPOINT),
            (Self::OfTenant, usage.pending, MAX_PENDING_OF_TENANT),
            (Self::OfTenant, usage.all, MAX_OF_TENANT),
        ];
        reached.into_iter().find(|(_, number, most)| number >= most).map(|(full, ..)| full)
    }
}

/// Puts a question into the queue, unless it is there, in the unit of work that records its refusal. What has ended makes room.
///
/// # Errors
/// When the store failed.
pub fn file(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    new: &ApprovalRequest,
    prompt: Option<&Sealed>,
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
    let place = ApprovalPlace { endpoint: new.key.endpoint, policy: new.key.policy, asker: new.asker };
    if let Some(full) = QueueFull::beside(&tx.approval_usage(scope, &place)?) {
        return Ok(Filed::Full(full));
    }
    tx.add_approval(scope, new, prompt)?;
    Ok(Filed::Request(new.id, ApprovalState::Pending))
}
