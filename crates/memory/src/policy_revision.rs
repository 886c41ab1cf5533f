//! `RevisionView` and `RevisionRows` of a transaction.

use syft_space_domain::ids::PolicyId;
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::policy::ports::{RevisionRows, RevisionView};
use syft_space_domain::policy::{KeptRevision, RevisionSummary};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};

use crate::table::read_page;
use crate::transaction::{Transaction, check_key};

impl Transaction {
    /// Those of a policy, the newest first.
    fn revisions_of(
        &self,
        scope: &TenantScope,
        policy: PolicyId,
    ) -> impl Iterator<Item = (u64, &KeptRevision)> {
        let all = self.tables.policy_revisions.rows(scope).rev();
        all.filter(move |((of, _), _)| *of == policy).map(|((_, revision), kept)| (revision, kept))
    }
}

impl RevisionView for Transaction {
    fn revisions(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
        page: PageRequest<u64>,
    ) -> Result<Page<RevisionSummary, u64>, StoreError> {
        let after = page.after.map(|cursor| cursor.0);
        let rows = self.revisions_of(scope, policy).map(|(revision, kept)| (revision, &kept.summary));
        Ok(read_page(rows.filter(|(revision, _)| after.is_none_or(|after| *revision < after)), page.limit))
    }

    fn revision(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
        revision: u64,
    ) -> Result<Option<KeptRevision>, StoreError> {
        Ok(self.tables.policy_revisions.get(scope, (policy, revision)).cloned())
    }

    fn revision_sizes(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
    ) -> Result<Vec<(u64, u64)>, StoreError> {
        Ok(self.revisions_of(scope, policy).map(|(n, kept)| (n, kept.configuration.bytes())).collect())
    }

    fn revision_bytes(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        Ok(self.tables.policy_revisions.rows(scope).map(|(_, kept)| kept.configuration.bytes()).sum())
    }
}

impl RevisionRows for Transaction {
    fn keep_revision(&mut self, scope: &WriteScope, kept: &KeptRevision) -> Result<(), StoreError> {
        let key = (kept.policy, kept.summary.revision);
        check_key(self.tables.policies.contains(scope, kept.policy), || {
            format!("there is no policy {}", kept.policy)
        })?;
        check_key(!self.tables.policy_revisions.contains(scope, key), || {
            format!("there is a revision {} of the policy {} already", key.1, key.0)
        })?;
        self.tables.policy_revisions.insert(scope, key, kept.clone());
        Ok(())
    }

    fn remove_revisions_before(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        revision: u64,
    ) -> Result<(), StoreError> {
        let numbers: Vec<u64> = self.revisions_of(scope, policy).map(|(number, _)| number).collect();
        for number in numbers.into_iter().filter(|number| *number < revision) {
            self.tables.policy_revisions.remove(scope, (policy, number));
        }
        Ok(())
    }
}
