//! `RetentionView` and `RetentionRows` of a transaction.

use syft_space_domain::audit::PrunedBlock;
use syft_space_domain::audit::ports::{LogScope, LogWriteScope, Seq};
use syft_space_domain::ids::{InvitationId, LegalHoldId, PolicyId};
use syft_space_domain::retention::ports::{RetentionRows, RetentionView, ShownThing};
use syft_space_domain::retention::{LegalHold, RetentionTerms};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::transaction::{Transaction, check_key};

impl RetentionView for Transaction {
    fn retention_terms(&mut self, scope: &TenantScope) -> Result<RetentionTerms, StoreError> {
        Ok(self.tables.retention_terms.get(scope, ()).cloned().unwrap_or_default())
    }

    fn legal_holds(&mut self, scope: &TenantScope) -> Result<Vec<LegalHold>, StoreError> {
        Ok(self.tables.legal_holds.rows(scope).map(|(_, hold)| hold.clone()).collect())
    }

    fn events_with_persons(
        &mut self,
        log: LogScope<'_>,
        after: Option<Seq>,
        at_most: usize,
    ) -> Result<Vec<(Seq, Timestamp)>, StoreError> {
        let known = self.tables.logs.with_persons(log.into(), after).take(at_most);
        Ok(known.map(|recorded| (Seq(recorded.seq), recorded.event.time)).collect())
    }

    fn revisions_replaced_before(
        &mut self,
        scope: &TenantScope,
        before: Timestamp,
        at_most: usize,
    ) -> Result<Vec<(PolicyId, u64)>, StoreError> {
        let all: Vec<_> = self.tables.policy_revisions.rows(scope).collect();
        let replaced = all
            .iter()
            .zip(all.iter().skip(1))
            .filter(|((one, _), (next, newer))| one.0 == next.0 && newer.summary.changed_at < before);
        Ok(replaced.map(|((key, _), _)| *key).take(at_most).collect())
    }

    fn invitations_expired_before(
        &mut self,
        scope: &TenantScope,
        before: Timestamp,
        at_most: usize,
    ) -> Result<Vec<InvitationId>, StoreError> {
        let expired =
            self.tables.invitations.rows(scope).filter(|(_, invitation)| invitation.expires_at < before);
        Ok(expired.map(|(id, _)| id).take(at_most).collect())
    }

    fn disclosures_before(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
        before: Timestamp,
        at_most: usize,
    ) -> Result<Vec<ShownThing>, StoreError> {
        let of_policy = self.tables.disclosures.rows(scope).filter(|((of, _), _)| *of == policy);
        let all = of_policy.flat_map(|((_, caller), shown)| shown.values().map(move |shown| (caller, shown)));
        let outdated = all.filter(|(_, shown)| shown.shown_at < before);
        Ok(outdated.map(|(caller, shown)| (caller, shown.item)).take(at_most).collect())
    }

    fn blocks_before(
        &mut self,
        log: LogScope<'_>,
        before: Timestamp,
        up_to: u64,
        at_most: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let due = self.tables.logs.full_blocks_before(log.into(), before);
        Ok(due
            .take_while(|block| PrunedBlock::events_of(*block).end <= up_to.saturating_add(1))
            .take(at_most)
            .collect())
    }
}

impl RetentionRows for Transaction {
    fn set_retention_terms(&mut self, scope: &WriteScope, terms: &RetentionTerms) -> Result<(), StoreError> {
        check_key(self.tables.tenants.contains_key(&scope.tenant()), || {
            "there is no such tenant".to_owned()
        })?;
        self.tables.retention_terms.insert(scope, (), terms.clone());
        Ok(())
    }

    fn add_legal_hold(&mut self, scope: &WriteScope, hold: &LegalHold) -> Result<(), StoreError> {
        check_key(self.tables.tenants.contains_key(&scope.tenant()), || {
            "there is no such tenant".to_owned()
        })?;
        check_key(!self.tables.legal_holds.contains(scope, hold.id), || {
            format!("there is a hold {} already", hold.id)
        })?;
        self.tables.legal_holds.insert(scope, hold.id, hold.clone());
        Ok(())
    }

    fn remove_legal_hold(&mut self, scope: &WriteScope, id: LegalHoldId) -> Result<bool, StoreError> {
        Ok(self.tables.legal_holds.remove(scope, id))
    }

    fn remove_revisions(
        &mut self,
        scope: &WriteScope,
        revisions: &[(PolicyId, u64)],
    ) -> Result<u64, StoreError> {
        let removed =
            revisions.iter().filter(|key| self.tables.policy_revisions.remove(scope, **key)).count();
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }

    fn forget_shown(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        before: Timestamp,
        shown: &[ShownThing],
    ) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        for (caller, item) in shown {
            let Some(all) = self.tables.disclosures.get_mut(scope, (policy, *caller)) else { continue };
            if all.get(item).is_some_and(|shown| shown.shown_at < before) {
                all.remove(item);
                forgotten += 1;
            }
        }
        Ok(forgotten)
    }

    fn prune(&mut self, log: &LogWriteScope, block: &PrunedBlock) -> Result<u64, StoreError> {
        Ok(self.tables.logs.prune(log.log(), block))
    }
}
