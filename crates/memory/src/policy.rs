//! `PolicyView` and `PolicyRows` of a transaction.

use std::collections::BTreeSet;

use syft_space_domain::ids::{EndpointId, PolicyId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::policy::Policy;
use syft_space_domain::policy::ports::{Attachment, PolicyRows, PolicyUsage, PolicyView, RevisionRows};
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};

use crate::transaction::{Transaction, check_key};

impl PolicyView for Transaction {
    fn policy(&mut self, scope: &TenantScope, id: PolicyId) -> Result<Option<Policy>, StoreError> {
        Ok(self.tables.policies.get(scope, id).cloned())
    }

    fn policy_revision(&mut self, scope: &TenantScope, id: PolicyId) -> Result<Option<u64>, StoreError> {
        Ok(self.tables.policies.get(scope, id).map(|policy| policy.revision))
    }

    fn policies(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<PolicyId>,
    ) -> Result<Page<Policy, PolicyId>, StoreError> {
        Ok(self.tables.policies.page(scope, page, |_, _| true))
    }

    fn count_policies(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        Ok(self.tables.policies.count(scope))
    }

    fn policy_usage(&mut self, scope: &TenantScope) -> Result<PolicyUsage, StoreError> {
        Ok(self.tables.policies.rows(scope).fold(PolicyUsage::default(), |usage, (_, policy)| PolicyUsage {
            patterns: usage.patterns + policy.configuration.patterns(),
            bytes: usage.bytes + policy.configuration.bytes(),
        }))
    }

    fn attachments(
        &mut self,
        scope: &TenantScope,
        endpoint: Option<EndpointId>,
    ) -> Result<Vec<Attachment>, StoreError> {
        let attached = self.tables.attached.rows(scope);
        let wanted = attached.filter(|(id, _)| endpoint.is_none_or(|endpoint| endpoint == *id));
        let pairs = wanted.flat_map(|(endpoint, ids)| ids.iter().map(move |id| (endpoint, *id)));
        let attachment = |(endpoint, id)| {
            let policy = self.tables.policies.get(scope, id)?;
            let (name, policy_type) = (policy.name.clone(), policy.configuration.type_name().to_owned());
            Some(Attachment { endpoint, policy: id, name, policy_type, enforcement: policy.enforcement })
        };
        Ok(pairs.filter_map(attachment).collect())
    }

    fn endpoints_of_policy(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
    ) -> Result<Vec<EndpointId>, StoreError> {
        let attached = self.tables.attached.rows(scope);
        Ok(attached
            .filter(|(_, policies)| policies.contains(&policy))
            .map(|(endpoint, _)| endpoint)
            .collect())
    }
}

impl PolicyRows for Transaction {
    fn add_policy(&mut self, scope: &WriteScope, policy: &Policy) -> Result<(), StoreError> {
        self.check_tenant_exists(scope)?;
        let id_is_free = !self.tables.policies.contains(scope, policy.id);
        check_key(id_is_free, || format!("there is a policy {} already", policy.id))?;
        self.tables.policies.insert(scope, policy.id, policy.clone());
        Ok(())
    }

    fn update_policy(&mut self, scope: &WriteScope, policy: &Policy) -> Result<(), StoreError> {
        if let Some(row) = self.tables.policies.get_mut(scope, policy.id) {
            *row = Policy { created_at: row.created_at, ..policy.clone() };
        }
        for endpoint in self.endpoints_of_policy(scope, policy.id)? {
            self.changes.insert(StateChange::Endpoint(scope.tenant(), endpoint));
        }
        Ok(())
    }

    fn remove_policy(&mut self, scope: &WriteScope, id: PolicyId) -> Result<bool, StoreError> {
        let free = self.endpoints_of_policy(scope, id)?.is_empty();
        check_key(free, || format!("policy {id} is attached to an endpoint"))?;
        self.tables.groups_of_policies.remove(scope, id);
        self.remove_revisions_before(scope, id, u64::MAX)?;
        Ok(self.tables.policies.remove(scope, id))
    }

    fn attach_policies(
        &mut self,
        scope: &WriteScope,
        endpoint: EndpointId,
        policies: &[PolicyId],
    ) -> Result<(), StoreError> {
        check_key(self.tables.endpoints.contains(scope, endpoint), || {
            format!("there is no endpoint {endpoint}")
        })?;
        for id in policies {
            check_key(self.tables.policies.contains(scope, *id), || format!("there is no policy {id}"))?;
        }
        let once = policies.iter().collect::<BTreeSet<_>>().len() == policies.len();
        check_key(once, || "a policy can be attached to an endpoint once only")?;
        self.tables.attached.insert(scope, endpoint, policies.to_vec());
        self.changes.insert(StateChange::Endpoint(scope.tenant(), endpoint));
        Ok(())
    }
}
