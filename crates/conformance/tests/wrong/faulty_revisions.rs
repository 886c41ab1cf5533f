//! The revisions of policies of a wrapper of a view or a transaction, in which one method is faulty.

use std::ops::DerefMut;

use syft_space_conformance::{policy_revision, sample};
use syft_space_domain::ids::PolicyId;
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::policy::ports::{RevisionRows, RevisionView};
use syft_space_domain::policy::{Enforcement, KeptRevision, RevisionSummary};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};

use crate::faulty_view::{FaultyView, scoped};
use crate::merge::Merge;
use crate::store::Fault;
use crate::{assert_caught, faulty_store};

/// A fault of what keeps the revisions of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RevisionFault {
    /// Who made a change is forgotten.
    ForgetsWho,
    /// Whether the policy decided is forgotten.
    ForgetsShadow,
    /// All revisions are kept for ever.
    KeepsAll,
    /// The one that was to be the oldest goes as well.
    RemovesOneMore,
}

impl<P: DerefMut> RevisionView for FaultyView<P>
where
    P::Target: RevisionView,
{
    scoped! { TenantScope, sample::scope;
        revisions(policy: PolicyId, page: PageRequest<u64>) -> Page<RevisionSummary, u64>;
        revision(policy: PolicyId, revision: u64) -> Option<KeptRevision>;
        revision_sizes(policy: PolicyId) -> Vec<(u64, u64)>;
        revision_bytes() -> u64;
    }
}

impl<P: DerefMut> RevisionRows for FaultyView<P>
where
    P::Target: RevisionRows,
{
    fn keep_revision(&mut self, scope: &WriteScope, kept: &KeptRevision) -> Result<(), StoreError> {
        let mut kept = kept.clone();
        if self.fault == Fault::Revisions(RevisionFault::ForgetsWho) {
            kept.summary.changed_by = None;
        }
        if self.fault == Fault::Revisions(RevisionFault::ForgetsShadow) {
            kept.summary.enforcement = Enforcement::Enforce;
        }
        self.inner.keep_revision(scope, &kept)
    }

    fn remove_revisions_before(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        revision: u64,
    ) -> Result<(), StoreError> {
        let before = match self.fault {
            Fault::Revisions(RevisionFault::KeepsAll) => 0,
            Fault::Revisions(RevisionFault::RemovesOneMore) => revision + 1,
            _ => revision,
        };
        if self.fault == Fault::IgnoresTenantIn("remove_revisions_before") {
            for tenant in [1, 2, 3].map(sample::write_scope) {
                self.inner.remove_revisions_before(&tenant, policy, before)?;
            }
        }
        self.inner.remove_revisions_before(scope, policy, before)
    }
}

#[test]
fn k12_a_store_that_does_not_keep_the_revisions_that_it_should_is_caught() {
    for (fault, promise) in [
        (RevisionFault::ForgetsWho, "a_revision_is_read_back_as_it_was_kept"),
        (RevisionFault::ForgetsShadow, "a_revision_is_read_back_as_it_was_kept"),
        (RevisionFault::KeepsAll, "k12_the_oldest_revisions_go_and_the_others_stay"),
        (RevisionFault::RemovesOneMore, "k12_the_oldest_revisions_go_and_the_others_stay"),
    ] {
        assert_caught(policy_revision::CHECKS, &*faulty_store(Fault::Revisions(fault)), promise);
    }
}
