//! Stores that are wrong about tenants, and about what ends them.

use std::ops::DerefMut;

use syft_space_conformance::{sample, tenant_end};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::ports::TenantRows;
use syft_space_domain::tenant::{Tenant, TenantEnd, TenantPart, TenantRemoval, TenantScope, WriteScope};

use crate::faulty_view::{FaultyView, delegated, scoped};
use crate::merge::Merge;
use crate::store::Fault;
use crate::{assert_caught, faulty_store};

/// A fault of what ends a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TenantFault {
    /// All rows of a part go at once.
    IgnoresPortions,
    /// Rows go, and none is counted.
    CountsNone,
    /// What is known of a removal is not kept.
    ForgetsRemovals,
    /// A tenant goes, whatever refers to it.
    LeavesRowsBehind,
}

/// The methods here that take a scope.
pub(crate) const SCOPED_METHODS: &[&str] = &[
    "update_tenant",
    "tenant_removal",
    "set_tenant_end",
    "put_tenant_removal",
    "remove_tenant_part",
    "remove_tenant",
];

impl<P: DerefMut> TenantRows for FaultyView<P>
where
    P::Target: TenantRows,
{
    fn remove_tenant_part(
        &mut self,
        scope: &WriteScope,
        part: TenantPart,
        most: usize,
    ) -> Result<u64, StoreError> {
        let most = match self.fault {
            Fault::Tenants(TenantFault::IgnoresPortions) => usize::MAX,
            _ => most,
        };
        if self.fault == Fault::IgnoresTenantIn("remove_tenant_part") {
            for other in [1, 2, 3].map(sample::write_scope).iter().filter(|o| o.tenant() != scope.tenant()) {
                self.inner.remove_tenant_part(other, part, most)?;
            }
        }
        let removed = self.inner.remove_tenant_part(scope, part, most)?;
        Ok(if self.fault == Fault::Tenants(TenantFault::CountsNone) { removed.min(1) } else { removed })
    }

    fn remove_tenant(&mut self, scope: &WriteScope) -> Result<(), StoreError> {
        if self.fault == Fault::Tenants(TenantFault::LeavesRowsBehind) {
            for part in TenantPart::ALL {
                self.inner.remove_tenant_part(scope, part, usize::MAX)?;
            }
        }
        if self.fault == Fault::IgnoresTenantIn("remove_tenant") {
            for other in [1, 2, 3].map(sample::write_scope).iter().filter(|o| o.tenant() != scope.tenant()) {
                self.inner.remove_tenant(other)?;
            }
        }
        self.inner.remove_tenant(scope)
    }

    fn put_tenant_removal(&mut self, scope: &WriteScope, removal: &TenantRemoval) -> Result<(), StoreError> {
        if self.fault == Fault::Tenants(TenantFault::ForgetsRemovals) {
            return Ok(());
        }
        if self.fault == Fault::IgnoresTenantIn("put_tenant_removal") {
            for other in [1, 2, 3].map(sample::write_scope) {
                self.inner.put_tenant_removal(&other, removal)?;
            }
        }
        self.inner.put_tenant_removal(scope, removal)
    }

    delegated! {
        add_tenant(tenant: &Tenant) -> ();
    }
    scoped! { WriteScope, sample::write_scope;
        update_tenant(tenant: &Tenant) -> ();
        set_tenant_end(end: Option<TenantEnd>) -> ();
    }

    fn has_changed(&self, scope: &TenantScope) -> bool {
        self.inner.has_changed(scope)
    }
}

#[test]
fn g2_a_store_that_ends_tenants_wrongly_is_caught() {
    for (fault, promise) in [
        (TenantFault::IgnoresPortions, "g2_all_of_a_tenant_goes_in_portions_and_then_its_name_is_free"),
        (TenantFault::CountsNone, "g2_all_of_a_tenant_goes_in_portions_and_then_its_name_is_free"),
        (TenantFault::ForgetsRemovals, "g2_what_is_known_of_a_removal_outlives_the_tenant"),
        (TenantFault::ForgetsRemovals, "u1_a_log_that_ended_with_its_tenant_takes_nothing_any_more"),
        (TenantFault::LeavesRowsBehind, "g2_a_tenant_that_has_something_still_stays"),
    ] {
        assert_caught(tenant_end::CHECKS, &*faulty_store(Fault::Tenants(fault)), promise);
    }
}
