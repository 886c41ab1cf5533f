//! `ApprovalView` and `ApprovalRows` of a transaction.

use syft_space_domain::approval::ports::{ApprovalRows, ApprovalSelection, ApprovalUsage, ApprovalView};
use syft_space_domain::approval::{ApprovalKey, ApprovalRequest};
use syft_space_domain::ids::{ActorId, ApprovalId, EndpointId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::table::count;
use crate::transaction::{Transaction, check_key};

impl ApprovalView for Transaction {
    fn approval(
        &mut self,
        scope: &TenantScope,
        id: ApprovalId,
    ) -> Result<Option<ApprovalRequest>, StoreError> {
        Ok(self.tables.approvals.get(scope, id).cloned())
    }

    fn approval_of(
        &mut self,
        scope: &TenantScope,
        key: &ApprovalKey,
    ) -> Result<Option<ApprovalRequest>, StoreError> {
        let mut requests = self.tables.approvals.rows(scope).map(|(_, request)| request);
        Ok(requests.find(|request| request.key == *key).cloned())
    }

    fn approvals(
        &mut self,
        scope: &TenantScope,
        selection: &ApprovalSelection,
        now: Timestamp,
        page: PageRequest<ApprovalId>,
    ) -> Result<Page<ApprovalRequest, ApprovalId>, StoreError> {
        let ApprovalSelection { state, endpoint, caller } = *selection;
        Ok(self.tables.approvals.page(scope, page, |_, request| {
            state.is_none_or(|state| request.state(now) == state)
                && endpoint.is_none_or(|endpoint| request.key.endpoint == endpoint)
                && caller.is_none_or(|caller| request.key.caller == caller)
        }))
    }

    fn approval_usage(
        &mut self,
        scope: &TenantScope,
        endpoint: EndpointId,
        caller: ActorId,
    ) -> Result<ApprovalUsage, StoreError> {
        let requests = || self.tables.approvals.rows(scope).map(|(_, request)| request);
        let pending = || requests().filter(|request| request.decided.is_none());
        let is_callers =
            |request: &&ApprovalRequest| (request.key.endpoint, request.key.caller) == (endpoint, caller);
        Ok(ApprovalUsage {
            pending_of_caller: count(pending().filter(is_callers)),
            pending: count(pending()),
            all: count(requests()),
        })
    }
}

impl ApprovalRows for Transaction {
    fn add_approval(&mut self, scope: &WriteScope, request: &ApprovalRequest) -> Result<(), StoreError> {
        let ApprovalKey { endpoint, policy, .. } = request.key;
        let is_new = !self.tables.approvals.contains(scope, request.id)
            && self.approval_of(scope, &request.key)?.is_none();
        check_key(is_new, || format!("there is a request {} already", request.id))?;
        check_key(self.tables.endpoints.contains(scope, endpoint), || {
            format!("there is no endpoint {endpoint}")
        })?;
        check_key(self.tables.policies.contains(scope, policy), || format!("there is no policy {policy}"))?;
        self.tables.approvals.insert(scope, request.id, request.clone());
        Ok(())
    }

    fn decide_approval(&mut self, scope: &WriteScope, request: &ApprovalRequest) -> Result<(), StoreError> {
        let row = self.tables.approvals.get_mut(scope, request.id);
        let row = row.ok_or_else(|| StoreError::Conflict(format!("there is no request {}", request.id)))?;
        (row.ends_at, row.decided) = (request.ends_at, request.decided.clone());
        Ok(())
    }

    fn remove_approval(&mut self, scope: &WriteScope, id: ApprovalId) -> Result<bool, StoreError> {
        Ok(self.tables.approvals.remove(scope, id))
    }

    fn remove_ended_approvals(
        &mut self,
        scope: &WriteScope,
        now: Timestamp,
        most: usize,
    ) -> Result<u64, StoreError> {
        let requests = self.tables.approvals.rows(scope).map(|(_, request)| request);
        let ended = requests.filter(|request| request.ends_at <= now);
        let mut ended: Vec<_> = ended.map(|request| (request.ends_at, request.id)).collect();
        ended.sort_unstable();
        ended.truncate(most);
        for (_, id) in &ended {
            self.tables.approvals.remove(scope, *id);
        }
        Ok(count(ended.iter()))
    }
}

impl Transaction {
    /// Removes the requests that go with what is removed.
    pub(crate) fn remove_approvals_of(&mut self, scope: &WriteScope, goes: impl Fn(&ApprovalKey) -> bool) {
        let requests = self.tables.approvals.rows(scope).filter(|(_, request)| goes(&request.key));
        let gone: Vec<ApprovalId> = requests.map(|(id, _)| id).collect();
        for id in gone {
            self.tables.approvals.remove(scope, id);
        }
    }
}
