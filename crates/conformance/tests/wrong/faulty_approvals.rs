//! The wrapper of a view or a transaction, for questions that wait for approval.

use std::ops::DerefMut;
use std::time::Duration;

use syft_space_conformance::{approval, sample};
use syft_space_domain::approval::ports::{
    ApprovalPlace, ApprovalRows, ApprovalSelection, ApprovalUsage, ApprovalView, ApprovalsOf,
};
use syft_space_domain::approval::{ApprovalKey, ApprovalRequest, ApprovalState};
use syft_space_domain::ids::{ApprovalId, PolicyId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::sealing::Sealed;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::faulty_view::{FaultyView, delegated, scoped};
use crate::merge::Merge;
use crate::store::Fault;
use crate::{assert_caught, faulty_store};

/// What can be wrong with requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApprovalFault {
    /// What was approved of one caller is of all.
    IgnoresCaller,
    /// What was approved of one question is of all.
    IgnoresQuestion,
    /// An approval is good at the very instant at which it ends.
    EndsLate,
    /// All that has ended is removed at once.
    SweepsAll,
    /// All that goes with something goes at once.
    RemovesAll,
    /// What waits ends with what was decided.
    ShortensWhatWaits,
    /// A decision replaces what was asked.
    ReplacesTheQuestion,
    /// What was decided counts as waiting.
    CountsDecided,
    /// Once requests of one thing are up to date, those of all are.
    ForgetsWhatIsOutdated,
}

impl Merge for ApprovalUsage {
    fn is_complete(&self) -> bool {
        false
    }
    fn merge(&mut self, other: Self) {
        self.pending_of_caller_here += other.pending_of_caller_here;
        self.pending_of_caller += other.pending_of_caller;
        self.all_of_caller += other.all_of_caller;
        self.pending_at_endpoint += other.pending_at_endpoint;
        self.pending += other.pending;
        self.all += other.all;
    }
}

impl<P: DerefMut> FaultyView<P> {
    fn is(&self, fault: ApprovalFault) -> bool {
        self.fault == Fault::Approvals(fault)
    }
}

/// All that has to do with a tenant's requests, whoever asks.
trait Every: ApprovalView {
    fn every(&mut self, scope: &TenantScope) -> Result<Vec<ApprovalRequest>, StoreError> {
        let page = PageRequest { limit: syft_space_domain::page::PageLimit::LARGEST, after: None };
        Ok(self.approvals(scope, &ApprovalSelection::default(), sample::time(0), page)?.items)
    }
}

impl<T: ApprovalView + ?Sized> Every for T {}

impl<P: DerefMut> ApprovalView for FaultyView<P>
where
    P::Target: ApprovalView,
{
    fn approval_of(
        &mut self,
        scope: &TenantScope,
        key: &ApprovalKey,
    ) -> Result<Option<ApprovalRequest>, StoreError> {
        let mut wanted = *key;
        for request in self.inner.every(scope)? {
            if self.is(ApprovalFault::IgnoresCaller) && request.key.question == key.question {
                wanted.caller = request.key.caller;
            }
            if self.is(ApprovalFault::IgnoresQuestion) && request.key.caller == key.caller {
                wanted.question = request.key.question;
            }
        }
        let mut found = self.inner.approval_of(scope, &wanted)?;
        if self.fault == Fault::IgnoresTenantIn("approval_of") {
            for other in [1, 2, 3].map(sample::scope) {
                found = found.or(self.inner.approval_of(&other, key)?);
            }
        }
        Ok(found)
    }

    fn approvals(
        &mut self,
        scope: &TenantScope,
        selection: &ApprovalSelection,
        now: Timestamp,
        page: PageRequest<ApprovalId>,
    ) -> Result<Page<ApprovalRequest, ApprovalId>, StoreError> {
        let is_late = self.is(ApprovalFault::EndsLate) && selection.state == Some(ApprovalState::Approved);
        let now =
            if is_late { Timestamp::from_unix_micros(now.as_unix_micros().saturating_sub(1)) } else { now };
        let mut found = self.inner.approvals(scope, selection, now, page)?;
        if self.fault == Fault::IgnoresTenantIn("approvals") {
            for other in
                [1, 2, 3].map(sample::scope).into_iter().filter(|other| other.tenant() != scope.tenant())
            {
                found.merge(self.inner.approvals(&other, selection, now, page)?);
            }
        }
        Ok(found)
    }

    fn approval_usage(
        &mut self,
        scope: &TenantScope,
        place: &ApprovalPlace,
    ) -> Result<ApprovalUsage, StoreError> {
        let mut usage = self.inner.approval_usage(scope, place)?;
        if self.is(ApprovalFault::CountsDecided) {
            usage.pending = usage.all;
        }
        if self.fault == Fault::IgnoresTenantIn("approval_usage") {
            for other in
                [1, 2, 3].map(sample::scope).into_iter().filter(|other| other.tenant() != scope.tenant())
            {
                usage.merge(self.inner.approval_usage(&other, place)?);
            }
        }
        Ok(usage)
    }

    fn outdated_approvals(
        &mut self,
        scope: &TenantScope,
        most: usize,
    ) -> Result<Vec<ApprovalsOf>, StoreError> {
        let mut found = self.inner.outdated_approvals(scope, most)?;
        if self.fault == Fault::IgnoresTenantIn("outdated_approvals") {
            for other in
                [1, 2, 3].map(sample::scope).into_iter().filter(|other| other.tenant() != scope.tenant())
            {
                found.extend(self.inner.outdated_approvals(&other, most)?);
            }
        }
        Ok(found)
    }

    scoped! { TenantScope, sample::scope;
        approval(id: ApprovalId) -> Option<ApprovalRequest>;
        approval_prompt(id: ApprovalId) -> Option<Sealed>;
    }
}

impl<P: DerefMut> ApprovalRows for FaultyView<P>
where
    P::Target: ApprovalRows,
{
    fn decide_approval(&mut self, scope: &WriteScope, request: &ApprovalRequest) -> Result<(), StoreError> {
        if self.is(ApprovalFault::ReplacesTheQuestion) {
            self.inner.remove_approval(scope, request.id)?;
            return self.inner.add_approval(scope, request, None);
        }
        if self.fault == Fault::IgnoresTenantIn("decide_approval") {
            for other in [1, 2, 3].map(sample::write_scope) {
                if self.inner.approval(&other, request.id)?.is_some() {
                    self.inner.decide_approval(&other, request)?;
                }
            }
        }
        self.inner.decide_approval(scope, request)
    }

    fn shorten_approvals(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        valid_for: Duration,
        most: usize,
    ) -> Result<u64, StoreError> {
        if self.is(ApprovalFault::ShortensWhatWaits) {
            for request in self.inner.every(scope)?.into_iter().filter(|request| request.decided.is_none()) {
                self.inner.decide_approval(
                    scope,
                    &ApprovalRequest { ends_at: request.asked_at.plus(valid_for), ..request },
                )?;
            }
        }
        let mut changed = self.inner.shorten_approvals(scope, policy, valid_for, most)?;
        if self.fault == Fault::IgnoresTenantIn("shorten_approvals") {
            for other in [1, 2, 3].map(sample::write_scope) {
                changed += self.inner.shorten_approvals(&other, policy, valid_for, most)?;
            }
        }
        Ok(changed)
    }

    fn remove_ended_approvals(
        &mut self,
        scope: &WriteScope,
        now: Timestamp,
        most: usize,
    ) -> Result<u64, StoreError> {
        let most = if self.is(ApprovalFault::SweepsAll) { usize::MAX } else { most };
        let mut removed = self.inner.remove_ended_approvals(scope, now, most)?;
        if self.fault == Fault::IgnoresTenantIn("remove_ended_approvals") {
            for other in [1, 2, 3].map(sample::write_scope) {
                removed += self.inner.remove_ended_approvals(&other, now, most)?;
            }
        }
        Ok(removed)
    }

    fn remove_approvals_of(
        &mut self,
        scope: &WriteScope,
        of: ApprovalsOf,
        most: usize,
    ) -> Result<u64, StoreError> {
        let most = if self.is(ApprovalFault::RemovesAll) { usize::MAX } else { most };
        let mut removed = self.inner.remove_approvals_of(scope, of, most)?;
        if self.fault == Fault::IgnoresTenantIn("remove_approvals_of") {
            for other in [1, 2, 3].map(sample::write_scope) {
                removed += self.inner.remove_approvals_of(&other, of, most)?;
            }
        }
        Ok(removed)
    }

    fn note_outdated_approvals(
        &mut self,
        scope: &WriteScope,
        of: ApprovalsOf,
        are_outdated: bool,
    ) -> Result<(), StoreError> {
        if self.is(ApprovalFault::ForgetsWhatIsOutdated) && !are_outdated {
            for other in self.inner.outdated_approvals(scope, usize::MAX)? {
                self.inner.note_outdated_approvals(scope, other, false)?;
            }
        }
        if self.fault == Fault::IgnoresTenantIn("note_outdated_approvals") && !are_outdated {
            for other in [1, 2, 3].map(sample::write_scope) {
                self.inner.note_outdated_approvals(&other, of, false)?;
            }
        }
        self.inner.note_outdated_approvals(scope, of, are_outdated)
    }

    delegated! {
        add_approval(scope: &WriteScope, request: &ApprovalRequest, prompt: Option<&Sealed>) -> ();
    }

    scoped! { WriteScope, sample::write_scope;
        remove_approval(id: ApprovalId) -> bool;
    }
}

#[test]
fn z4_a_store_that_is_wrong_about_what_was_approved_is_caught() {
    for (fault, promise) in [
        (
            ApprovalFault::IgnoresCaller,
            "z4_a_question_of_a_caller_has_one_request_at_an_endpoint_under_a_policy",
        ),
        (
            ApprovalFault::IgnoresQuestion,
            "z4_a_question_of_a_caller_has_one_request_at_an_endpoint_under_a_policy",
        ),
        (
            ApprovalFault::EndsLate,
            "z4_requests_are_listed_as_they_stand_in_the_order_in_which_they_were_asked",
        ),
        (ApprovalFault::SweepsAll, "z4_what_has_ended_is_removed_the_earliest_first_and_so_many_at_most"),
        (
            ApprovalFault::RemovesAll,
            "z4_requests_of_an_endpoint_a_policy_or_a_caller_are_removed_so_many_at_most",
        ),
        (
            ApprovalFault::ShortensWhatWaits,
            "z4_what_was_decided_is_shortened_and_never_lengthened_so_many_at_most",
        ),
        (
            ApprovalFault::ReplacesTheQuestion,
            "z4_a_request_is_read_back_as_it_was_added_and_as_it_was_decided",
        ),
        (
            ApprovalFault::ForgetsWhatIsOutdated,
            "z4_of_what_requests_are_outdated_is_noted_until_they_are_not_any_more",
        ),
        (ApprovalFault::CountsDecided, "z4_how_many_wait_is_counted_by_asker_and_endpoint_and_in_all"),
    ] {
        assert_caught(approval::CHECKS, &*faulty_store(Fault::Approvals(fault)), promise);
    }
}
