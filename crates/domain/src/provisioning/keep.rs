//! Keeping the databases of the space's own making: those that are wanted are made, and the others go.

use std::collections::BTreeSet;

use futures_executor::block_on;

use crate::dataset::{DatasetState, VectorDatabaseKind};
use crate::ids::{DatasetId, TenantId};
use crate::port_error::PortError;
use crate::provisioning::ports::{DatabaseStatus, ProvisionError};
use crate::provisioning::{DatabaseCredential, DatabaseError};
use crate::space::Space;
use crate::store::{Flow, StoreError};
use crate::tenant::{OperatorScope, TenantScope};

/// What an engine had that nobody wants any more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Strays {
    /// So many databases and tenants' networks were removed.
    pub removed: u64,
    /// So many could not be.
    pub left: u64,
}

/// Looks through all datasets for databases that are wanted, and through the engine for those that are not: a crash, or a copy of the home
/// that was put back, may have left some. Those are removed. What is wanted is noted, for [`make_database`].
///
/// # Errors
/// When the store or the engine cannot be asked. What is wanted may be noted then all the same.
pub async fn find_databases(space: &Space, operator: &OperatorScope) -> Result<Strays, PortError> {
    let databases = &space.meaning.databases;
    databases.begin();
    let Some(provisioner) = databases.provisioner() else { return Ok(Strays::default()) };
    // The engine is asked first: a dataset is there before its database. What is not reached is found with the next round.
    let there = provisioner.provisioned(operator).await;
    let everywhere = operator.clone();
    let kept = space.store.read(Flow::Installation, move |view| {
        let mut kept = Vec::new();
        for tenant in view.tenant_ids(&everywhere)? {
            let scope = everywhere.tenant(tenant);
            let all = view.all_datasets(&scope)?.into_iter();
            kept.extend(
                all.filter(|dataset| dataset.vectors.provisioned().is_some())
                    .map(|dataset| (scope, dataset.id, dataset.state)),
            );
        }
        Ok::<_, StoreError>(kept)
    });
    let kept = kept.await?;
    for (scope, dataset, state) in &kept {
        if *state == DatasetState::Active {
            databases.want(scope, *dataset);
        }
    }
    let there = there.map_err(DatabaseError::from)?;
    // What is being removed goes with its dataset, which waits for it.
    let mut kept_ones: BTreeSet<(TenantId, DatasetId)> =
        kept.iter().map(|(scope, dataset, _)| (scope.tenant(), *dataset)).collect();
    kept_ones.extend(databases.under_way());
    let tenants: BTreeSet<TenantId> = kept_ones.iter().map(|(tenant, _)| *tenant).collect();
    let mut strays = Strays::default();
    let mut count = |removed: Result<(), ProvisionError>| match removed {
        Ok(()) => strays.removed = strays.removed.saturating_add(1),
        Err(_) => strays.left = strays.left.saturating_add(1),
    };
    for (tenant, dataset) in there.databases.difference(&kept_ones) {
        let scope = operator.tenant(*tenant);
        // Whoever makes it by now has the lease, or has stored first that it is wanted.
        let Some(lease) = databases.clear(&scope, *dataset) else { continue };
        if wanted(space, &scope, *dataset).await?.is_some() {
            continue;
        }
        let removed = provisioner.deprovision(&scope, *dataset).await;
        if removed.is_ok() {
            lease.gone();
        }
        count(removed);
    }
    for tenant in there.tenants.difference(&tenants) {
        if !databases.under_way().iter().any(|(busy, _)| busy == tenant) {
            count(provisioner.deprovision_all(&operator.tenant(*tenant)).await);
        }
    }
    Ok(strays)
}

/// Makes the database of a dataset, if it is wanted and nobody is at it already; one that is ready is looked at, and made anew where it is
/// not as it should be. Answers a failure that is another than the last time.
///
/// # Errors
/// When the store or the sealer failed.
pub async fn make_database(
    space: &Space,
    scope: &TenantScope,
    dataset: DatasetId,
) -> Result<Option<ProvisionError>, PortError> {
    let databases = &space.meaning.databases;
    let Some(provisioner) = databases.provisioner() else { return Ok(None) };
    let Some(lease) = databases.make(scope, dataset) else { return Ok(None) };
    // Read once the lease is taken: whoever removes the dataset says so first, and then waits for the lease.
    let Some(kind) = wanted(space, scope, dataset).await? else {
        lease.gone();
        return Ok(None);
    };
    let credential = DatabaseCredential::derive(&*space.sealer, scope, dataset)?;
    if let Some(address) = lease.address_before() {
        match provisioner.status(scope, dataset).await {
            Ok(DatabaseStatus::Ready(now)) if now == address => {
                lease.made(Ok(address));
                return Ok(None);
            }
            // An engine that does not answer may run it all the same. Whether it answers itself, whoever asks it finds.
            Err(ProvisionError::EngineDown(_) | ProvisionError::TooSlow(_)) => {
                lease.made(Ok(address));
                return Ok(None);
            }
            _ => {}
        }
    }
    let made = provisioner.provision(scope, dataset, kind, &credential).await;
    // Its dataset may have moved or gone meanwhile.
    if wanted(space, scope, dataset).await?.is_none() {
        return Ok(match provisioner.deprovision(scope, dataset).await {
            Ok(()) => {
                lease.gone();
                None
            }
            Err(failure) => lease.made(Err(failure.clone())).then_some(failure),
        });
    }
    let failure = made.clone().err();
    if let Some(failure) = &failure {
        databases.note_failure(space.clock.now(), failure);
    }
    let is_new = lease.made(made);
    if failure.is_none() {
        // What waited for it goes on; what was in another one that was lost is encoded anew.
        space.meaning.queue.add(*scope, dataset);
    }
    Ok(failure.filter(|_| is_new))
}

/// Removes the database of a dataset with all that lies there. It is gone once this answers. Blocks, on the engine.
///
/// # Errors
/// When the engine is at it just now, or at many others; when it cannot be asked, has just not answered, or still lists something of it;
/// and before the databases were looked for the first time since the start.
pub(crate) fn remove_database(
    space: &Space,
    scope: &TenantScope,
    dataset: DatasetId,
) -> Result<(), DatabaseError> {
    let databases = &space.meaning.databases;
    let lease = databases.remove(scope, dataset, space.clock.now())?;
    let provisioner = databases.provisioner().ok_or(DatabaseError::Off)?;
    if let Err(failure) = block_on(provisioner.deprovision(scope, dataset)) {
        databases.note_failure(space.clock.now(), &failure);
        return Err(failure.into());
    }
    lease.gone();
    Ok(())
}

/// What kind of database a dataset is to have of its own; `None` where it is to have none.
async fn wanted(
    space: &Space,
    scope: &TenantScope,
    dataset: DatasetId,
) -> Result<Option<VectorDatabaseKind>, StoreError> {
    let of = *scope;
    let found = space.store.read(scope, move |view| view.dataset(&of, dataset)).await?;
    let active = found.filter(|found| found.state == DatasetState::Active);
    Ok(active.and_then(|found| found.vectors.provisioned()))
}
