//! The wrapper of a view or a transaction, for the ledger and what callers were shown.

use std::ops::DerefMut;

use syft_space_conformance::{
    Check, StoreFactory, approval, disclosure, expectation, group, ledger, policy_revision, retention, sample,
};
use syft_space_domain::ids::{ActorId, PolicyId};
use syft_space_domain::ledger::ports::{LedgerRows, LedgerView};
use syft_space_domain::ledger::{
    AccountBalance, Amount, Balance, BalanceKey, RequestDigest, Transfer, TransferFilter, TransferKey,
    TransferPlace,
};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::policy::ports::{CallerCoverage, Disclosed, DisclosureRows, DisclosureView};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::faulty_view::{FaultyView, delegated, scoped};
use crate::merge::Merge;
use crate::store::Fault;
use crate::{assert_caught, faulty_store};

/// The rooms of what is counted, of groups, of what is expected, of what waits for approval, and of what policies were.
pub(crate) const COUNTED: [&[Check<StoreFactory>]; 7] = [
    ledger::CHECKS,
    disclosure::CHECKS,
    group::CHECKS,
    expectation::CHECKS,
    retention::CHECKS,
    approval::CHECKS,
    policy_revision::CHECKS,
];

impl Merge for Balance {
    fn is_complete(&self) -> bool {
        false
    }
    fn merge(&mut self, other: Self) {
        *self = self.plus(other);
    }
}

impl<P: DerefMut> LedgerView for FaultyView<P>
where
    P::Target: LedgerView,
{
    scoped! { TenantScope, sample::scope;
        balance(key: &BalanceKey) -> Balance;
        repeatable_transfer(request: &RequestDigest, policy: PolicyId, since: Timestamp) -> Option<Transfer>;
        transfers(filter: &TransferFilter, page: PageRequest<TransferPlace>) -> Page<Transfer, TransferPlace>;
        balances(page: PageRequest<BalanceKey>) -> Page<AccountBalance, BalanceKey>;
    }
}

impl<P: DerefMut> LedgerRows for FaultyView<P>
where
    P::Target: LedgerRows,
{
    fn add_transfer(&mut self, scope: &WriteScope, transfer: &Transfer) -> Result<[Balance; 2], StoreError> {
        let mut transfer = transfer.clone();
        if self.fault == Fault::RoundsAmounts {
            let amount = Amount::from_micros(transfer.charged.amount.micros() / 1_000 * 1_000);
            transfer.charged = Balance { amount, ..transfer.charged };
        }
        let balances = self.inner.add_transfer(scope, &transfer)?;
        Ok(if self.fault == Fault::TellsBalancesOfBefore {
            balances.map(|balance| balance.minus(transfer.charged))
        } else {
            balances
        })
    }

    fn remove_transfer(
        &mut self,
        scope: &WriteScope,
        key: TransferKey,
    ) -> Result<Option<Transfer>, StoreError> {
        if self.fault == Fault::IgnoresTenantIn("remove_transfer") {
            for other in [1, 2, 3].map(sample::write_scope).iter().filter(|o| o.tenant() != scope.tenant()) {
                self.inner.remove_transfer(other, key)?;
            }
        }
        let removed = self.inner.remove_transfer(scope, key)?;
        if let (Fault::BringsNothingForward, Some(removed)) = (self.fault, &removed) {
            // As if the transfer had never been.
            let [payer, endpoint] = removed.balances();
            self.inner.remove_balance(scope, &payer)?;
            self.inner.remove_balance(scope, &endpoint)?;
        }
        Ok(removed)
    }

    fn remove_balance(&mut self, scope: &WriteScope, key: &BalanceKey) -> Result<bool, StoreError> {
        if self.fault == Fault::IgnoresTenantIn("remove_balance") {
            for other in [1, 2, 3].map(sample::write_scope).iter().filter(|o| o.tenant() != scope.tenant()) {
                self.inner.remove_balance(other, key)?;
            }
        }
        self.inner.remove_balance(scope, key)
    }

    delegated! {
        count_repeat(scope: &WriteScope, key: TransferKey) -> ();
    }
}

impl<P: DerefMut> DisclosureView for FaultyView<P>
where
    P::Target: DisclosureView,
{
    scoped! { TenantScope, sample::scope;
        disclosures(policy: PolicyId, caller: ActorId, since: Timestamp) -> Vec<Disclosed>;
        coverage(policy: PolicyId, since: Timestamp, page: PageRequest<ActorId>) -> Page<CallerCoverage, ActorId>;
    }
}

impl<P: DerefMut> DisclosureRows for FaultyView<P>
where
    P::Target: DisclosureRows,
{
    scoped! { WriteScope, sample::write_scope;
        disclose(policy: PolicyId, caller: ActorId, shown: &[Disclosed], forget: Timestamp) -> ();
    }
}

#[test]
fn z2_a_store_that_tells_old_balances_is_caught() {
    let make = faulty_store(Fault::TellsBalancesOfBefore);
    assert_caught(ledger::CHECKS, &*make, "z2_whoever_adds_a_transfer_is_told_what_both_balances_are_then");
}

#[test]
fn g4_a_store_that_forgets_what_a_gone_transfer_came_to_is_caught() {
    let make = faulty_store(Fault::BringsNothingForward);
    assert_caught(ledger::CHECKS, &*make, "g4_a_balance_goes_only_when_all_of_it_was_brought_forward");
}

#[test]
fn z2_a_store_that_rounds_amounts_is_caught() {
    let make = faulty_store(Fault::RoundsAmounts);
    assert_caught(ledger::CHECKS, &*make, "z2_a_transfer_is_read_back_as_it_was_added");
    assert_caught(ledger::CHECKS, &*make, "z2_a_transfer_changes_both_balances_by_what_it_is");
}
