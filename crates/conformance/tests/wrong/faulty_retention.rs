//! What goes by its age, of a wrapper of a view or a transaction, in which one method is faulty.

use std::ops::DerefMut;

use syft_space_conformance::audit::pruning;
use syft_space_conformance::{retention, sample};
use syft_space_domain::audit::ports::{LogScope, LogWriteScope, Seq};
use syft_space_domain::audit::tree::BLOCK_LEAVES;
use syft_space_domain::audit::{Log, PrunedBlock};
use syft_space_domain::ids::{InvitationId, LegalHoldId, PolicyId};
use syft_space_domain::retention::ports::{RetentionRows, RetentionView, ShownThing};
use syft_space_domain::retention::{LegalHold, RetentionTerms};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::faulty_view::{FaultyView, scoped};
use crate::merge::Merge;
use crate::store::Fault;
use crate::{assert_caught, faulty_store};

/// A fault of what keeps terms and holds, and finds what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetentionFault {
    /// What is due is looked for from the beginning each time.
    StartsAnew,
    /// Revisions go, and none is counted.
    CountsNone,
    /// Events that are pruned stay.
    PrunesNothing,
    /// Of pruned events other leaves are kept.
    KeepsOtherLeaves,
}

impl Merge for RetentionTerms {
    fn is_complete(&self) -> bool {
        *self != Self::default()
    }
    fn merge(&mut self, other: Self) {
        *self = other;
    }
}

/// The scopes of tenants whose log is another.
pub(crate) fn others(log: Log) -> Vec<TenantScope> {
    [1, 2, 3].map(sample::scope).into_iter().filter(|other| Log::from(other) != log).collect()
}

impl<P: DerefMut> RetentionView for FaultyView<P>
where
    P::Target: RetentionView,
{
    fn events_with_persons(
        &mut self,
        log: LogScope<'_>,
        after: Option<Seq>,
        at_most: usize,
    ) -> Result<Vec<(Seq, Timestamp)>, StoreError> {
        let anew = self.fault == Fault::Retention(RetentionFault::StartsAnew);
        let after = after.filter(|_| !anew);
        let mut found = self.inner.events_with_persons(log, after, at_most)?;
        if self.fault == Fault::IgnoresTenantIn("events_with_persons") {
            for other in others(log.into()) {
                found.merge(self.inner.events_with_persons(LogScope::Tenant(&other), after, at_most)?);
            }
        }
        Ok(found)
    }

    fn blocks_before(
        &mut self,
        log: LogScope<'_>,
        before: Timestamp,
        up_to: u64,
        at_most: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let mut found = self.inner.blocks_before(log, before, up_to, at_most)?;
        if self.fault == Fault::IgnoresTenantIn("blocks_before") {
            for other in others(log.into()) {
                found.merge(self.inner.blocks_before(LogScope::Tenant(&other), before, up_to, at_most)?);
            }
        }
        Ok(found)
    }

    scoped! { TenantScope, sample::scope;
        retention_terms() -> RetentionTerms;
        legal_holds() -> Vec<LegalHold>;
        revisions_replaced_before(before: Timestamp, at_most: usize) -> Vec<(PolicyId, u64)>;
        invitations_expired_before(before: Timestamp, at_most: usize) -> Vec<InvitationId>;
        disclosures_before(policy: PolicyId, before: Timestamp, at_most: usize) -> Vec<ShownThing>;
    }
}

impl<P: DerefMut> RetentionRows for FaultyView<P>
where
    P::Target: RetentionRows,
{
    fn remove_revisions(
        &mut self,
        scope: &WriteScope,
        revisions: &[(PolicyId, u64)],
    ) -> Result<u64, StoreError> {
        if self.fault == Fault::IgnoresTenantIn("remove_revisions") {
            for other in [1, 2, 3].map(sample::write_scope).iter().filter(|o| o.tenant() != scope.tenant()) {
                self.inner.remove_revisions(other, revisions)?;
            }
        }
        let removed = self.inner.remove_revisions(scope, revisions)?;
        Ok(if self.fault == Fault::Retention(RetentionFault::CountsNone) { 0 } else { removed })
    }

    fn forget_shown(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        before: Timestamp,
        shown: &[ShownThing],
    ) -> Result<u64, StoreError> {
        if self.fault == Fault::IgnoresTenantIn("forget_shown") {
            for other in [1, 2, 3].map(sample::write_scope).iter().filter(|o| o.tenant() != scope.tenant()) {
                self.inner.forget_shown(other, policy, before, shown)?;
            }
        }
        self.inner.forget_shown(scope, policy, before, shown)
    }

    fn prune(&mut self, log: &LogWriteScope, block: &PrunedBlock) -> Result<u64, StoreError> {
        if self.fault == Fault::IgnoresTenantIn("prune") {
            for other in others(log.log()) {
                let other = LogWriteScope::assume(Log::from(&other), "a fault forgets the tenant");
                self.inner.prune(&other, block)?;
            }
        }
        match self.fault {
            Fault::Retention(RetentionFault::PrunesNothing) => Ok(BLOCK_LEAVES),
            Fault::Retention(RetentionFault::KeepsOtherLeaves) => {
                let leaves = vec![[7; 32]; block.leaves.len()];
                self.inner.prune(log, &PrunedBlock { leaves, ..*block })
            }
            _ => self.inner.prune(log, block),
        }
    }

    fn add_legal_hold(&mut self, scope: &WriteScope, hold: &LegalHold) -> Result<(), StoreError> {
        self.inner.add_legal_hold(scope, hold)
    }

    fn set_retention_terms(&mut self, scope: &WriteScope, terms: &RetentionTerms) -> Result<(), StoreError> {
        if self.fault == Fault::IgnoresTenantIn("set_retention_terms") {
            for other in [1, 2, 3].map(sample::write_scope) {
                self.inner.set_retention_terms(&other, terms)?;
            }
        }
        self.inner.set_retention_terms(scope, terms)
    }

    scoped! { WriteScope, sample::write_scope;
        remove_legal_hold(id: LegalHoldId) -> bool;
    }
}

#[test]
fn g4_a_store_that_finds_too_much_or_lets_too_little_go_is_caught() {
    for (fault, promise) in [
        (RetentionFault::StartsAnew, "g4_what_is_older_than_a_time_is_found_in_the_order_of_the_log"),
        (RetentionFault::CountsNone, "g4_revisions_go_by_when_another_took_their_place"),
    ] {
        assert_caught(retention::CHECKS, &*faulty_store(Fault::Retention(fault)), promise);
    }
    for (fault, promise) in [
        (RetentionFault::PrunesNothing, "g4_a_pruned_block_is_gone_from_every_read"),
        (RetentionFault::KeepsOtherLeaves, "u1_what_is_pruned_still_proves_what_it_proved"),
    ] {
        assert_caught(pruning::CHECKS, &*faulty_store(Fault::Retention(fault)), promise);
    }
}
