//! `ApprovalView` and `ApprovalRows` of a transaction.

use std::time::Duration;

use syft_space_domain::approval::ports::{
    ApprovalPlace, ApprovalRows, ApprovalSelection, ApprovalUsage, ApprovalView, ApprovalsOf,
};
use syft_space_domain::approval::{ApprovalKey, ApprovalRequest};
use syft_space_domain::ids::{ApprovalId, PolicyId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::sealing::Sealed;
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

    fn approval_prompt(&mut self, scope: &TenantScope, id: ApprovalId) -> Result<Option<Sealed>, StoreError> {
        Ok(self.tables.approval_prompts.get(scope, id).cloned())
    }

    fn approval_usage(
        &mut self,
        scope: &TenantScope,
        place: &ApprovalPlace,
    ) -> Result<ApprovalUsage, StoreError> {
        let requests = || self.tables.approvals.rows(scope).map(|(_, request)| request);
        let pending = || requests().filter(|request| request.decided.is_none());
        let is_askers = |request: &&ApprovalRequest| request.asker == place.asker;
        let is_at_endpoint = |request: &&ApprovalRequest| request.key.endpoint == place.endpoint;
        let is_under_policy = |request: &&ApprovalRequest| request.key.policy == place.policy;
        let here = pending().filter(is_askers).filter(is_at_endpoint).filter(is_under_policy);
        Ok(ApprovalUsage {
            pending_of_caller_here: count(here),
            pending_of_caller: count(pending().filter(is_askers)),
            all_of_caller: count(requests().filter(is_askers)),
            pending_at_endpoint: count(pending().filter(is_at_endpoint)),
            pending: count(pending()),
            all: count(requests()),
            first_end: requests().map(|request| request.ends_at).min(),
        })
    }

    fn outdated_approvals(
        &mut self,
        scope: &TenantScope,
        most: usize,
    ) -> Result<Vec<ApprovalsOf>, StoreError> {
        Ok(self.tables.outdated_approvals.rows(scope).map(|(of, ())| of).take(most).collect())
    }
}

impl ApprovalRows for Transaction {
    fn add_approval(
        &mut self,
        scope: &WriteScope,
        request: &ApprovalRequest,
        prompt: Option<&Sealed>,
    ) -> Result<(), StoreError> {
        let ApprovalKey { endpoint, policy, .. } = request.key;
        let is_new = !self.tables.approvals.contains(scope, request.id)
            && self.approval_of(scope, &request.key)?.is_none();
        check_key(is_new, || format!("there is a request {} already", request.id))?;
        check_key(self.tables.endpoints.contains(scope, endpoint), || {
            format!("there is no endpoint {endpoint}")
        })?;
        check_key(self.tables.policies.contains(scope, policy), || format!("there is no policy {policy}"))?;
        self.tables.approvals.insert(scope, request.id, request.clone());
        if let Some(prompt) = prompt {
            self.tables.approval_prompts.insert(scope, request.id, prompt.clone());
        }
        Ok(())
    }

    fn decide_approval(&mut self, scope: &WriteScope, request: &ApprovalRequest) -> Result<(), StoreError> {
        let row = self.tables.approvals.get_mut(scope, request.id);
        let row = row.ok_or_else(|| StoreError::Conflict(format!("there is no request {}", request.id)))?;
        (row.ends_at, row.decided) = (request.ends_at, request.decided.clone());
        Ok(())
    }

    fn shorten_approvals(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        valid_for: Duration,
        most: usize,
    ) -> Result<u64, StoreError> {
        let shorter = |request: &ApprovalRequest| {
            let end = request.decided.as_ref()?.at.plus(valid_for);
            (request.key.policy == policy && end < request.ends_at).then_some(end)
        };
        let requests = self.tables.approvals.rows(scope);
        let longer: Vec<_> =
            requests.filter_map(|(id, request)| Some((id, shorter(request)?))).take(most).collect();
        for (id, end) in &longer {
            if let Some(request) = self.tables.approvals.get_mut(scope, *id) {
                request.ends_at = *end;
            }
        }
        Ok(count(longer.iter()))
    }

    fn remove_approval(&mut self, scope: &WriteScope, id: ApprovalId) -> Result<bool, StoreError> {
        self.tables.approval_prompts.remove(scope, id);
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
            self.remove_approval(scope, *id)?;
        }
        Ok(count(ended.iter()))
    }

    fn remove_approvals_of(
        &mut self,
        scope: &WriteScope,
        of: ApprovalsOf,
        most: usize,
    ) -> Result<u64, StoreError> {
        let goes = |key: &ApprovalKey| match of {
            ApprovalsOf::Endpoint(id) => key.endpoint == id,
            ApprovalsOf::Policy(id) => key.policy == id,
            ApprovalsOf::Caller(id) => key.caller == id,
        };
        let requests = self.tables.approvals.rows(scope).filter(|(_, request)| goes(&request.key));
        let gone: Vec<ApprovalId> = requests.map(|(id, _)| id).take(most).collect();
        for id in &gone {
            self.remove_approval(scope, *id)?;
        }
        Ok(count(gone.iter()))
    }

    fn note_outdated_approvals(
        &mut self,
        scope: &WriteScope,
        of: ApprovalsOf,
        are_outdated: bool,
    ) -> Result<(), StoreError> {
        if are_outdated {
            self.check_tenant_exists(scope)?;
            self.tables.outdated_approvals.insert(scope, of, ());
        } else {
            self.tables.outdated_approvals.remove(scope, of);
        }
        Ok(())
    }
}
