//! Provisioners with one fault each.

use std::sync::Mutex;

use syft_space_conformance::{ProvisionerFactory, provisioning, sample};
use syft_space_domain::Pending;
use syft_space_domain::dataset::VectorDatabaseKind;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::provisioning::ports::{DatabaseStatus, ProvisionError, Provisioned, Provisioner};
use syft_space_domain::provisioning::{DatabaseAddress, DatabaseCredential};
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use syft_space_memory::MemoryProvisioner;

use crate::went_away::WentAway;
use crate::{assert_caught, broken_promises};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    BelievesThatItIsGone,
    MakesANewOneEachTime,
    RefusesAnotherKind,
    MissesWhatIsNotThere,
    RemovesAllOfTheTenant,
    LeavesTheNetwork,
    RemovesOneOfAll,
    HasOneAddress,
    ListsTheFirst,
    FailsOnceSomebodyWentAway,
    RacesItself,
    IgnoresTenant,
}

struct FaultyProvisioner {
    inner: MemoryProvisioner,
    fault: Fault,
    /// The tenants who ever had a network, and how many databases were made.
    seen: Mutex<(Vec<TenantId>, u16)>,
    went_away: WentAway,
}

const ONE_TENANT: &str = "the fault is that there is one tenant";

impl FaultyProvisioner {
    fn scope(&self, scope: &TenantScope) -> TenantScope {
        match self.fault {
            Fault::IgnoresTenant => TenantScope::assume(sample::tenant_id(1), ONE_TENANT),
            _ => *scope,
        }
    }

    fn made(&self) -> u16 {
        let mut seen = self.seen.lock().expect("no panic holds it");
        seen.1 += 1;
        seen.1
    }

    async fn make(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        kind: VectorDatabaseKind,
        credential: &DatabaseCredential,
    ) -> Result<DatabaseAddress, ProvisionError> {
        let made = self.made();
        match self.fault {
            Fault::MakesANewOneEachTime => self.inner.deprovision(scope, dataset).await?,
            Fault::RefusesAnotherKind if kind == VectorDatabaseKind::Qdrant => {
                return Err(ProvisionError::NotOffered(kind));
            }
            Fault::FailsOnceSomebodyWentAway => {
                if self.went_away.has_happened() {
                    return Err(ProvisionError::TooSlow("somebody holds the lock".to_owned()));
                }
                self.went_away.wait_once().await;
            }
            _ => {}
        }
        self.seen.lock().expect("no panic holds it").0.push(scope.tenant());
        let address = self.inner.provision(scope, dataset, kind, credential).await?;
        let port = match self.fault {
            Fault::HasOneAddress => 1,
            // The first to come is not the last to tell.
            Fault::RacesItself => made,
            _ => return Ok(address),
        };
        Ok(DatabaseAddress::new((address.socket().ip(), port).into()))
    }

    async fn list(&self, operator: &OperatorScope) -> Result<Provisioned, ProvisionError> {
        let mut found = self.inner.provisioned(operator).await?;
        match self.fault {
            Fault::LeavesTheNetwork => {
                found.tenants.extend(&self.seen.lock().expect("no panic holds it").0);
            }
            Fault::ListsTheFirst => found.databases = found.databases.into_iter().take(1).collect(),
            _ => {}
        }
        Ok(found)
    }

    async fn remove(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), ProvisionError> {
        let is_missing = self.inner.status(scope, dataset).await? == DatabaseStatus::Missing;
        match self.fault {
            Fault::BelievesThatItIsGone => return Ok(()),
            Fault::RemovesAllOfTheTenant => return self.inner.deprovision_all(scope).await,
            Fault::MissesWhatIsNotThere if is_missing => {
                return Err(ProvisionError::Refused("404: no such container".to_owned()));
            }
            _ => {}
        }
        self.inner.deprovision(scope, dataset).await
    }

    async fn remove_all(&self, scope: &TenantScope) -> Result<(), ProvisionError> {
        if self.fault != Fault::RemovesOneOfAll {
            return self.inner.deprovision_all(scope).await;
        }
        let found = self.inner.provisioned(&OperatorScope::at_startup()).await?.databases;
        match found.into_iter().find(|(tenant, _)| *tenant == scope.tenant()) {
            Some((_, dataset)) => self.inner.deprovision(scope, dataset).await,
            None => Ok(()),
        }
    }
}

impl Provisioner for FaultyProvisioner {
    fn provision<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
        kind: VectorDatabaseKind,
        credential: &'a DatabaseCredential,
    ) -> Pending<'a, Result<DatabaseAddress, ProvisionError>> {
        Box::pin(async move { self.make(&self.scope(scope), dataset, kind, credential).await })
    }

    fn status<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
    ) -> Pending<'a, Result<DatabaseStatus, ProvisionError>> {
        Box::pin(async move { self.inner.status(&self.scope(scope), dataset).await })
    }

    fn deprovision<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
    ) -> Pending<'a, Result<(), ProvisionError>> {
        Box::pin(async move { self.remove(&self.scope(scope), dataset).await })
    }

    fn deprovision_all<'a>(&'a self, scope: &'a TenantScope) -> Pending<'a, Result<(), ProvisionError>> {
        Box::pin(async move { self.remove_all(&self.scope(scope)).await })
    }

    fn provisioned<'a>(
        &'a self,
        operator: &'a OperatorScope,
    ) -> Pending<'a, Result<Provisioned, ProvisionError>> {
        Box::pin(self.list(operator))
    }
}

fn faulty(fault: Fault) -> Box<ProvisionerFactory> {
    Box::new(move || {
        Box::new(FaultyProvisioner {
            inner: MemoryProvisioner::new(),
            fault,
            seen: Mutex::default(),
            went_away: WentAway::default(),
        })
    })
}

#[test]
fn a_provisioner_without_a_fault_breaks_no_promise() {
    assert_eq!(broken_promises(provisioning::CHECKS, &*faulty(Fault::None)), [""; 0]);
}

#[test]
fn r4_a_provisioner_with_a_fault_is_caught_by_the_promise_that_it_breaks() {
    for (fault, promise) in [
        (Fault::BelievesThatItIsGone, "r4_a_database_is_ready_once_it_is_made_and_missing_before_and_after"),
        (Fault::MakesANewOneEachTime, "r4_making_again_gives_the_same_database"),
        (Fault::RefusesAnotherKind, "r4_a_database_of_another_kind_takes_the_place_of_the_first"),
        (Fault::MissesWhatIsNotThere, "r4_removing_what_is_not_there_is_no_error"),
        (Fault::RemovesAllOfTheTenant, "r4_removing_a_database_leaves_the_tenants_others"),
        (Fault::LeavesTheNetwork, "r4_the_last_database_takes_with_it_what_the_tenant_has"),
        (Fault::RemovesOneOfAll, "r4_removing_all_of_a_tenant_leaves_nothing_of_it"),
        (Fault::HasOneAddress, "r4_each_database_has_an_address_of_its_own"),
        (Fault::ListsTheFirst, "r4_all_that_is_there_is_listed"),
        (Fault::FailsOnceSomebodyWentAway, "r4_who_stops_waiting_leaves_what_the_same_call_ends"),
        (Fault::RacesItself, "r4_those_who_make_the_same_at_once_get_the_same"),
        (Fault::IgnoresTenant, "z1_no_tenant_touches_anothers_database"),
    ] {
        assert_caught(provisioning::CHECKS, &*faulty(fault), promise);
    }
}
