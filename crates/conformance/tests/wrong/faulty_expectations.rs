//! The expectations of a wrapper of a view or a transaction, in which one method is faulty.

use std::ops::DerefMut;

use syft_space_conformance::{expectation, sample};
use syft_space_domain::expectation::Expectation;
use syft_space_domain::expectation::ports::{ExpectationRows, ExpectationView};
use syft_space_domain::ids::EndpointId;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};

use crate::faulty_view::{FaultyView, scoped};
use crate::merge::Merge;
use crate::store::Fault;
use crate::{assert_caught, faulty_store};

impl<P: DerefMut> ExpectationView for FaultyView<P>
where
    P::Target: ExpectationView,
{
    scoped! { TenantScope, sample::scope;
        count_expectations() -> u64;
        expectations(endpoint: Option<EndpointId>) -> Vec<(EndpointId, Expectation)>;
    }
}

impl<P: DerefMut> ExpectationRows for FaultyView<P>
where
    P::Target: ExpectationRows,
{
    fn set_expectations(
        &mut self,
        scope: &WriteScope,
        endpoint: EndpointId,
        expectations: &[Expectation],
    ) -> Result<(), StoreError> {
        let mut wanted = expectations.to_vec();
        match self.fault {
            Fault::AddsToExpectations => {
                let before = self.inner.expectations(scope, Some(endpoint))?;
                wanted.extend(before.into_iter().map(|(_, one)| one));
            }
            Fault::SortsExpectations => wanted.sort_by(|one, other| one.note.cmp(&other.note)),
            Fault::IgnoresTenantIn("set_expectations") => {
                for other in [1, 2, 3].map(sample::write_scope) {
                    // It stands on none that is not there.
                    drop(self.inner.set_expectations(&other, endpoint, &wanted));
                }
            }
            _ => {}
        }
        self.inner.set_expectations(scope, endpoint, &wanted)
    }
}

#[test]
fn z2_a_store_that_keeps_expectations_of_before_or_in_another_order_is_caught() {
    let adds = faulty_store(Fault::AddsToExpectations);
    assert_caught(expectation::CHECKS, &*adds, "z2_expectations_take_the_place_of_those_before");
    let sorts = faulty_store(Fault::SortsExpectations);
    assert_caught(
        expectation::CHECKS,
        &*sorts,
        "z2_expectations_are_read_back_as_they_were_set_and_in_order",
    );
}
