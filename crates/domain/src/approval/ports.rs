//! The ports of questions that wait for approval.

use crate::approval::{ApprovalKey, ApprovalRequest, ApprovalState};
use crate::ids::{ActorId, ApprovalId, EndpointId};
use crate::page::{Page, PageRequest};
use crate::store::StoreError;
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;

/// How many requests there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ApprovalUsage {
    /// Those of one caller at one endpoint that nobody has decided.
    pub pending_of_caller: u64,
    /// Those of the tenant that nobody has decided.
    pub pending: u64,
    /// All of the tenant.
    pub all: u64,
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
    /// How many requests there are, whether or not they have ended.
    fn approval_usage(
        &mut self,
        scope: &TenantScope,
        endpoint: EndpointId,
        caller: ActorId,
    ) -> Result<ApprovalUsage, StoreError>;
}

/// Writes requests. They go with their endpoint and their policy.
pub trait ApprovalRows: ApprovalView {
    /// Adds a request. Its id and its key are new in the tenant, and there are the endpoint and the policy, else
    /// [`StoreError::Conflict`].
    fn add_approval(&mut self, scope: &WriteScope, request: &ApprovalRequest) -> Result<(), StoreError>;
    /// Replaces when a request ends, and what was decided. [`StoreError::Conflict`] where there is none.
    fn decide_approval(&mut self, scope: &WriteScope, request: &ApprovalRequest) -> Result<(), StoreError>;
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
}
