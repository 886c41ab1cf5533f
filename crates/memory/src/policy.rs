//! How policies are kept, and which endpoints they are attached to.

use std::collections::BTreeSet;

use syft_space_domain::ids::{EndpointId, PolicyId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::policy::Policy;
use syft_space_domain::policy::ports::{PolicyRows, PolicyView};
use syft_space_domain::store::{StoreError, StateChange};
use syft_space_domain::tenant::TenantScope;

use crate::session::{Session, require};

impl PolicyView for Session {
    fn policy(&mut self, scope: &TenantScope, id: PolicyId) -> Result<Option<Policy>, StoreError> {
        Ok(self.state.policies.get(scope, id).cloned())
    }

    fn policies(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<PolicyId>,
    ) -> Result<Page<Policy, PolicyId>, StoreError> {
        Ok(self.state.policies.page(scope, page, |_, _| true))
    }

    fn count_policies(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        Ok(self.state.policies.count(scope))
    }

    fn attached_policies(
        &mut self,
        scope: &TenantScope,
        endpoint: EndpointId,
    ) -> Result<Vec<Policy>, StoreError> {
        let ids = self.state.attached.get(scope, endpoint).into_iter().flatten();
        Ok(ids.filter_map(|id| self.state.policies.get(scope, *id)).cloned().collect())
    }

    fn endpoints_of_policy(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
    ) -> Result<Vec<EndpointId>, StoreError> {
        let attached = self.state.attached.of(scope);
        Ok(attached
            .filter(|(_, policies)| policies.contains(&policy))
            .map(|(endpoint, _)| endpoint)
            .collect())
    }
}

impl PolicyRows for Session {
    fn add_policy(&mut self, scope: &TenantScope, policy: &Policy) -> Result<(), StoreError> {
        self.tenant_exists(scope)?;
        let id_is_new = !self.state.policies.has(scope, policy.id);
        require(id_is_new, || format!("there is a policy {} already", policy.id))?;
        self.state.policies.put(scope, policy.id, policy.clone());
        Ok(())
    }

    fn update_policy(&mut self, scope: &TenantScope, policy: &Policy) -> Result<(), StoreError> {
        if let Some(row) = self.state.policies.edit(scope, policy.id) {
            *row = Policy { created_at: row.created_at, ..policy.clone() };
        }
        for endpoint in self.endpoints_of_policy(scope, policy.id)? {
            self.changes.insert(StateChange::Endpoint(scope.tenant(), endpoint));
        }
        Ok(())
    }

    fn remove_policy(&mut self, scope: &TenantScope, id: PolicyId) -> Result<bool, StoreError> {
        let free = self.endpoints_of_policy(scope, id)?.is_empty();
        require(free, || format!("policy {id} is attached to an endpoint"))?;
        Ok(self.state.policies.remove(scope, id))
    }

    fn attach_policies(
        &mut self,
        scope: &TenantScope,
        endpoint: EndpointId,
        policies: &[PolicyId],
    ) -> Result<(), StoreError> {
        require(self.state.endpoints.has(scope, endpoint), || format!("there is no endpoint {endpoint}"))?;
        for id in policies {
            require(self.state.policies.has(scope, *id), || format!("there is no policy {id}"))?;
        }
        let once = policies.iter().collect::<BTreeSet<_>>().len() == policies.len();
        require(once, || "a policy can be attached to an endpoint once only")?;
        self.state.attached.put(scope, endpoint, policies.to_vec());
        self.changes.insert(StateChange::Endpoint(scope.tenant(), endpoint));
        Ok(())
    }
}
