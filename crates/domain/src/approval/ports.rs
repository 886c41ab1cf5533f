//! The ports of questions that wait for approval.

use std::time::Duration;

use crate::approval::{ApprovalKey, ApprovalRequest, ApprovalState, Asker};
use crate::ids::{ActorId, ApprovalId, EndpointId, PolicyId};
use crate::page::{Page, PageRequest};
use crate::sealing::Sealed;
use crate::store::StoreError;
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;

/// How many requests there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ApprovalUsage {
    /// Those of the asker at the endpoint under the policy that nobody has decided.
    pub pending_of_caller_here: u64,
    /// Those of the asker that nobody has decided.
    pub pending_of_caller: u64,
    /// All of the asker.
    pub all_of_caller: u64,
    /// Those at the endpoint that nobody has decided.
    pub pending_at_endpoint: u64,
    /// Those of the tenant that nobody has decided.
    pub pending: u64,
    /// All of the tenant.
    pub all: u64,
    /// When the first of the tenant's ends.
    pub first_end: Option<Timestamp>,
}

/// Where a question counts, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApprovalPlace {
    /// At which endpoint.
    pub endpoint: EndpointId,
    /// Under which policy.
    pub policy: PolicyId,
    /// For whom.
    pub asker: Asker,
}

/// With what requests go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApprovalsOf {
    /// The endpoint at which they were asked.
    Endpoint(EndpointId),
    /// The policy that asks for them.
    Policy(PolicyId),
    /// Whoever asked.
    Caller(ActorId),
}

/// Which requests are meant: all that is said must hold. By default all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ApprovalSelection {
    /// Those that stand like this at the time.
    pub state: Option<ApprovalState>,
    /// Those at this endpoint.
    pub endpoint: Option<EndpointId>,
    /// Those of this caller.
    pub caller: Option<ActorId>,
}

/// Reads requests.
pub trait ApprovalView {
    /// One request.
    fn approval(
        &mut self,
        scope: &TenantScope,
        id: ApprovalId,
    ) -> Result<Option<ApprovalRequest>, StoreError>;
    /// The request of a question.
    fn approval_of(
        &mut self,
        scope: &TenantScope,
        key: &ApprovalKey,
    ) -> Result<Option<ApprovalRequest>, StoreError>;
    /// The tenant's requests that are meant, as they stand at this time, in the order of their ids, which is that of when they
    /// were asked.
    fn approvals(
        &mut self,
        scope: &TenantScope,
        selection: &ApprovalSelection,
        now: Timestamp,
        page: PageRequest<ApprovalId>,
    ) -> Result<Page<ApprovalRequest, ApprovalId>, StoreError>;
    /// The text of a request, sealed, where it is kept.
    fn approval_prompt(&mut self, scope: &TenantScope, id: ApprovalId) -> Result<Option<Sealed>, StoreError>;
    /// How many requests there are, whether or not they have ended. It is asked in the writer for each new question, so it takes
    /// no more time the more there are but for those of the asker and of the endpoint, of which there are few.
    fn approval_usage(
        &mut self,
        scope: &TenantScope,
        place: &ApprovalPlace,
    ) -> Result<ApprovalUsage, StoreError>;
    /// Of what it is noted that requests of it are outdated, in no order: at most so many.
    fn outdated_approvals(
        &mut self,
        scope: &TenantScope,
        most: usize,
    ) -> Result<Vec<ApprovalsOf>, StoreError>;
}

/// Writes requests. They stay when their endpoint or their policy goes, until they are removed: there may be many.
pub trait ApprovalRows: ApprovalView {
    /// Adds a request, and its text where it is given: then the request says that it is kept. Its id and its key are new in the
    /// tenant, and there are the endpoint and the policy, else [`StoreError::Conflict`].
    fn add_approval(
        &mut self,
        scope: &WriteScope,
        request: &ApprovalRequest,
        prompt: Option<&Sealed>,
    ) -> Result<(), StoreError>;
    /// Replaces when a request ends, and what was decided. [`StoreError::Conflict`] where there is none.
    fn decide_approval(&mut self, scope: &WriteScope, request: &ApprovalRequest) -> Result<(), StoreError>;
    /// Has what was decided under a policy be good for no longer than this from when it was decided, and changes at most so many
    /// requests. Answers how many were changed.
    fn shorten_approvals(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        valid_for: Duration,
        most: usize,
    ) -> Result<u64, StoreError>;
    /// Removes a request. `false` when there is none.
    fn remove_approval(&mut self, scope: &WriteScope, id: ApprovalId) -> Result<bool, StoreError>;
    /// Removes those of the tenant's requests that have ended by now: the earliest first, and at most so many. Answers how many
    /// were removed.
    fn remove_ended_approvals(
        &mut self,
        scope: &WriteScope,
        now: Timestamp,
        most: usize,
    ) -> Result<u64, StoreError>;
    /// Notes that requests of something are outdated since it was changed or removed, or that none are any more. To note it twice is to
    /// note it once.
    fn note_outdated_approvals(
        &mut self,
        scope: &WriteScope,
        of: ApprovalsOf,
        are_outdated: bool,
    ) -> Result<(), StoreError>;
    /// Removes requests with what they go with, and at most so many. Answers how many were removed.
    fn remove_approvals_of(
        &mut self,
        scope: &WriteScope,
        of: ApprovalsOf,
        most: usize,
    ) -> Result<u64, StoreError>;
}
