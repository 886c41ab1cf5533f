//! The conformance suite of the port, over a real engine that each check finds empty.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_executor::block_on;
use syft_space_conformance::provisioning;
use syft_space_docker::DockerProvisioner;
use syft_space_domain::Pending;
use syft_space_domain::dataset::VectorDatabaseKind;
use syft_space_domain::ids::DatasetId;
use syft_space_domain::provisioning::ports::{DatabaseStatus, ProvisionError, Provisioned, Provisioner};
use syft_space_domain::provisioning::{DatabaseAddress, DatabaseCredential};
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use tokio::runtime::{Builder, Handle};

use crate::engine::ContainerEngine;
use crate::space::{everything, provisioner, settings};

/// The suite brings no runtime: each step of a call is done within this one.
struct Within {
    inner: DockerProvisioner,
    runtime: Handle,
}

struct Steps<'a, T>(Pending<'a, T>, Handle);

impl<T> Future for Steps<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let runtime = self.1.clone();
        let _within = runtime.enter();
        self.0.as_mut().poll(context)
    }
}

impl Within {
    fn steps<'a, T: 'a>(&self, pending: Pending<'a, T>) -> Pending<'a, T> {
        Box::pin(Steps(pending, self.runtime.clone()))
    }
}

impl Provisioner for Within {
    fn provision<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
        kind: VectorDatabaseKind,
        credential: &'a DatabaseCredential,
    ) -> Pending<'a, Result<DatabaseAddress, ProvisionError>> {
        self.steps(self.inner.provision(scope, dataset, kind, credential))
    }

    fn status<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
    ) -> Pending<'a, Result<DatabaseStatus, ProvisionError>> {
        self.steps(self.inner.status(scope, dataset))
    }

    fn deprovision<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
    ) -> Pending<'a, Result<(), ProvisionError>> {
        self.steps(self.inner.deprovision(scope, dataset))
    }

    fn deprovision_all<'a>(&'a self, scope: &'a TenantScope) -> Pending<'a, Result<(), ProvisionError>> {
        self.steps(self.inner.deprovision_all(scope))
    }

    fn provisioned<'a>(
        &'a self,
        operator: &'a OperatorScope,
    ) -> Pending<'a, Result<Provisioned, ProvisionError>> {
        self.steps(self.inner.provisioned(operator))
    }
}

#[test]
#[ignore = "needs a container engine"]
fn r4_the_engines_databases_keep_the_promises_of_the_port() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (engine, steps) = (ContainerEngine::start(), runtime.handle().clone());
    provisioning::suite(&move || {
        let inner = provisioner(settings(&engine, &engine.way()));
        let within = Within { inner, runtime: steps.clone() };
        let left = block_on(within.provisioned(&OperatorScope::at_startup())).unwrap().tenants;
        for tenant in left {
            let scope = TenantScope::assume(tenant, "what the last check has left");
            block_on(within.deprovision_all(&scope)).unwrap();
        }
        assert_eq!(everything(&engine), (0, 0, 0));
        Box::new(within)
    });
}
