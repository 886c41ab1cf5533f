//! Databases in memory: their addresses are told, and nothing listens there.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use syft_space_domain::Pending;
use syft_space_domain::dataset::VectorDatabaseKind;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::provisioning::ports::{DatabaseStatus, ProvisionError, Provisioned, Provisioner};
use syft_space_domain::provisioning::{DatabaseAddress, DatabaseCredential};
use syft_space_domain::tenant::{OperatorScope, TenantScope};

#[derive(Default)]
struct State {
    databases: BTreeMap<(TenantId, DatasetId), DatabaseAddress>,
    made: u16,
    fails: Option<ProvisionError>,
}

/// Remembers which databases there are to be. For tests, and for embedders without an engine of containers.
#[derive(Default)]
pub struct MemoryProvisioner(Mutex<State>);

impl MemoryProvisioner {
    /// An engine that has nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every call ends with this error and does nothing; with `None` all is well again.
    pub fn fail_with(&self, error: Option<ProvisionError>) {
        self.state().fails = error;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn when_well<'a, T: Send + 'a>(
        &'a self,
        work: impl FnOnce(&mut State) -> Result<T, ProvisionError> + Send + 'a,
    ) -> Pending<'a, Result<T, ProvisionError>> {
        Box::pin(async move {
            let mut state = self.state();
            match state.fails.clone() {
                Some(error) => Err(error),
                None => work(&mut state),
            }
        })
    }
}

impl State {
    fn make(&mut self, tenant: TenantId, dataset: DatasetId) -> Result<DatabaseAddress, ProvisionError> {
        if let Some(address) = self.databases.get(&(tenant, dataset)) {
            return Ok(*address);
        }
        let full = || ProvisionError::NoAddressLeft("every port was used once".to_owned());
        self.made = self.made.checked_add(1).ok_or_else(full)?;
        let address = DatabaseAddress::new(SocketAddr::from((Ipv4Addr::LOCALHOST, self.made)));
        self.databases.insert((tenant, dataset), address);
        Ok(address)
    }
}

impl Provisioner for MemoryProvisioner {
    fn provision<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
        _: VectorDatabaseKind,
        _: &'a DatabaseCredential,
    ) -> Pending<'a, Result<DatabaseAddress, ProvisionError>> {
        self.when_well(move |state| state.make(scope.tenant(), dataset))
    }

    fn status<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
    ) -> Pending<'a, Result<DatabaseStatus, ProvisionError>> {
        self.when_well(move |state| {
            let found = state.databases.get(&(scope.tenant(), dataset));
            Ok(found.map_or(DatabaseStatus::Missing, |address| DatabaseStatus::Ready(*address)))
        })
    }

    fn deprovision<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
    ) -> Pending<'a, Result<(), ProvisionError>> {
        self.when_well(move |state| {
            state.databases.remove(&(scope.tenant(), dataset));
            Ok(())
        })
    }

    fn deprovision_all<'a>(&'a self, scope: &'a TenantScope) -> Pending<'a, Result<(), ProvisionError>> {
        self.when_well(move |state| {
            state.databases.retain(|(tenant, _), _| *tenant != scope.tenant());
            Ok(())
        })
    }

    fn provisioned<'a>(&'a self, _: &'a OperatorScope) -> Pending<'a, Result<Provisioned, ProvisionError>> {
        self.when_well(|state| {
            let databases = state.databases.keys().copied().collect();
            let tenants = state.databases.keys().map(|(tenant, _)| *tenant).collect();
            Ok(Provisioned { databases, tenants })
        })
    }
}
