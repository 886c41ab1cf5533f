//! Putting a question into the queue of those that wait: once, however many ask it at the same time.

use crate::approval::ports::{ApprovalPlace, ApprovalUsage};
use crate::approval::{ApprovalRequest, ApprovalState, ApprovalTerms};
use crate::ids::ApprovalId;
use crate::sealing::Sealed;
use crate::store::{StoreError, Tx};
use crate::tenant::WriteScope;
use crate::time::Timestamp;

/// The most questions of one caller that wait at one endpoint under one policy.
pub const MAX_PENDING_OF_CALLER: u64 = 20;
/// The most questions of one caller that wait in a tenant.
pub const MAX_PENDING_OF_CALLER_IN_TENANT: u64 = 100;
/// The most requests of one caller in a tenant, decided ones among them.
pub const MAX_OF_CALLER: u64 = 1_000;
/// The most questions that wait at one endpoint.
pub const MAX_PENDING_AT_ENDPOINT: u64 = 1_000;
/// The most questions that wait in a tenant.
pub const MAX_PENDING_OF_TENANT: u64 = 10_000;
/// The most requests of a tenant, decided ones among them.
pub const MAX_OF_TENANT: u64 = 100_000;

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

/// Why there is no room for one more question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueueFull {
    /// The caller has as many that wait as they may have.
    #[error(
        "{MAX_PENDING_OF_CALLER} of your questions to the endpoint wait for approval, and no more may; wait until its owners or \
         admins have decided some, or they have waited for 30 days"
    )]
    OfCaller,
    /// The caller has as many in the tenant as they may have.
    #[error(
        "at most {MAX_PENDING_OF_CALLER_IN_TENANT} of your questions may wait for approval here, and you have as many, or \
         {MAX_OF_CALLER} with those that were decided; wait until some are decided, or have ended"
    )]
    OfCallerInTenant,
    /// The endpoint has as many that wait as it may have.
    #[error(
        "no more questions may wait for approval at this endpoint; ask again when the owners or admins have decided some"
    )]
    AtEndpoint,
    /// The tenant has as many as it may have.
    #[error(
        "no more questions may wait for approval here; ask again when the owners or admins have decided some"
    )]
    OfTenant,
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
