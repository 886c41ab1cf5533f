//! The port, step by step.

use std::time::Duration;

use syft_space_domain::Pending;
use syft_space_domain::dataset::VectorDatabaseKind;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::provisioning::ports::{DatabaseStatus, ProvisionError, Provisioned, Provisioner};
use syft_space_domain::provisioning::{DatabaseAddress, DatabaseCredential};
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use tokio::time::{sleep, timeout};

use crate::body::{DatabaseForm, NetworkForm};
use crate::container::{self, Look, State};
use crate::engine::{Engine, lacks};
use crate::kind::{KindNeeds, needs};
use crate::names::{KIND, Labels, TenantNetwork, dataset_of, tenant_of};
use crate::settings::{DockerSettings, Reach};
use crate::tenant_locks::TenantLocks;
use crate::transport::{TransportError, Way, answers};
use crate::{network, volume};

/// How long a database is waited for that has been started.
const HEALTHY_WITHIN: Duration = Duration::from_secs(90);
/// How long a database that is looked at may take to answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// How often a database may end, and be started again by the engine, while it is waited for.
const MAX_RESTARTS: i64 = 2;
/// How long until a database that does not answer yet is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Runs databases in a container engine.
pub struct DockerProvisioner {
    settings: DockerSettings,
    way: Way,
    locks: TenantLocks,
}

impl DockerProvisioner {
    /// Reads the certificates for the way to the engine, where it needs some. The engine is not called yet: it may come later.
    ///
    /// # Errors
    /// When the certificates cannot be used.
    pub fn new(settings: DockerSettings) -> Result<Self, TransportError> {
        let way = Way::new(&settings.engine)?;
        Ok(Self { settings, way, locks: TenantLocks::default() })
    }

    /// The engine, for one use of the port: it may have been replaced by another version since the last.
    async fn engine(&self) -> Result<Engine, ProvisionError> {
        Engine::open(&self.way, self.settings.timeouts.call).await
    }

    /// Bounds everything that one use of the port does.
    async fn bounded<T>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, ProvisionError>> + Send,
    ) -> Result<T, ProvisionError> {
        let slow = |_| Err(ProvisionError::TooSlow(what.to_owned()));
        timeout(self.settings.timeouts.whole, work).await.unwrap_or_else(slow)
    }

    async fn make(
        &self,
        tenant: TenantId,
        dataset: DatasetId,
        kind: VectorDatabaseKind,
        credential: &DatabaseCredential,
    ) -> Result<DatabaseAddress, ProvisionError> {
        let settings = &self.settings;
        let image = settings.images.of(kind).ok_or(ProvisionError::NotOffered(kind))?;
        let form = DatabaseForm {
            installation: &settings.installation,
            tenant,
            dataset,
            kind,
            image,
            credential,
            limits: settings.limits,
            reach: &settings.reach,
        };
        let (engine, id, network) = {
            let _turn = self.locks.turn(tenant).await;
            let engine = self.engine().await?;
            let inspected = engine
                .call("looking for the image", engine.docker.inspect_image(image.reference.as_str()))
                .await;
            match inspected {
                Ok(_) => {}
                Err(error) if error.is_missing() => {
                    return Err(ProvisionError::ImageMissing(image.reference.to_string()));
                }
                Err(error) => return Err(error.into()),
            }
            let network_form =
                NetworkForm { installation: &settings.installation, tenant, reach: &settings.reach };
            let network = network::ensure(&engine, &network_form, settings.pool).await?;
            if volume::ensure(&engine, &form).await? {
                // The data of another kind of database is of no use to this one, and can be had again.
                let labels = settings.installation.database_labels(tenant, dataset);
                container::remove_all(&engine, &labels, None).await?;
                volume::remove_all(&engine, &labels).await?;
                if volume::ensure(&engine, &form).await? {
                    return Err(ProvisionError::Nonsense(
                        "a new volume has the labels of an old one".to_owned(),
                    ));
                }
            }
            let id = match container::ensure(&engine, &form, &network).await {
                Err(error @ ProvisionError::NoAddressLeft(_)) => {
                    // What nobody can reach takes no place either.
                    let labels = settings.installation.database_labels(tenant, dataset);
                    container::remove_all(&engine, &labels, None).await?;
                    volume::remove_all(&engine, &labels).await?;
                    return Err(error);
                }
                ensured => ensured?,
            };
            (engine, id, network)
        };
        // Nobody else of the tenant has to wait for this.
        let healthy = self.wait_until_healthy(&engine, &id, &network, needs(kind));
        let never = |_| Err(ProvisionError::Unhealthy("it does not answer at its port".to_owned()));
        timeout(HEALTHY_WITHIN, healthy).await.unwrap_or_else(never)
    }

    /// Waits until a database answers. What the engine's own look tells comes late: it looks seldom, because there may be many.
    async fn wait_until_healthy(
        &self,
        engine: &Engine,
        id: &str,
        network: &TenantNetwork,
        needs: &KindNeeds,
    ) -> Result<DatabaseAddress, ProvisionError> {
        let mut restarts_before = None;
        loop {
            let look = container::look(engine, id, network, needs.port, self.is_published()).await?;
            let Some(Look { state, restarts, end }) = look else {
                return Err(ProvisionError::Unhealthy("it was removed meanwhile".to_owned()));
            };
            let restarted = restarts.saturating_sub(*restarts_before.get_or_insert(restarts));
            match state {
                State::Up(address) if answers(address, needs.health_path, ANSWERS_WITHIN).await => {
                    return Ok(address);
                }
                State::Ill => return Err(ProvisionError::Unhealthy("its health check fails".to_owned())),
                State::Stopped => return Err(ProvisionError::Unhealthy(end)),
                _ if restarted > MAX_RESTARTS => return Err(ProvisionError::Unhealthy(end)),
                State::Up(_) | State::Starting | State::Restarting => sleep(ASK_AGAIN).await,
            }
        }
    }

    fn is_published(&self) -> bool {
        self.settings.reach == Reach::Published
    }

    async fn look(&self, tenant: TenantId, dataset: DatasetId) -> Result<DatabaseStatus, ProvisionError> {
        let engine = self.engine().await?;
        let installation = &self.settings.installation;
        let found = container::list(&engine, &installation.database_labels(tenant, dataset)).await?;
        let networks = network::list(&engine, &installation.tenant_labels(tenant)).await?;
        let ([found], [network]) = (found.as_slice(), networks.as_slice()) else {
            return Ok(DatabaseStatus::Missing);
        };
        let kind = found.labels.as_ref().and_then(|labels| labels.get(KIND)?.parse().ok());
        let needs = needs(kind.ok_or_else(|| lacks("the label that tells a database's kind"))?);
        let network = network::listed(network)?;
        let id = container::id_of(found)?;
        let look = container::look(&engine, id, &network, needs.port, self.is_published()).await?;
        Ok(match look.map(|look| look.state) {
            None => DatabaseStatus::Missing,
            Some(State::Stopped) => DatabaseStatus::Stopped,
            Some(State::Ill) => DatabaseStatus::Unhealthy,
            Some(State::Up(address)) if answers(address, needs.health_path, ANSWERS_WITHIN).await => {
                DatabaseStatus::Ready(address)
            }
            Some(State::Up(_) | State::Starting | State::Restarting) => DatabaseStatus::Starting,
        })
    }

    /// Removes a database, or all of a tenant; and the tenant's network, where nothing of the tenant is in it any more. In this order:
    /// what is removed last is what leads to the rest.
    async fn remove(&self, tenant: TenantId, dataset: Option<DatasetId>) -> Result<(), ProvisionError> {
        let installation = &self.settings.installation;
        let labels = match dataset {
            Some(dataset) => &installation.database_labels(tenant, dataset),
            None => &installation.tenant_labels(tenant),
        };
        let _turn = self.locks.turn(tenant).await;
        let engine = self.engine().await?;
        container::remove_all(&engine, labels, Some(self.settings.timeouts.stop)).await?;
        volume::remove_all(&engine, labels).await?;
        if let Some(dataset) = dataset {
            volume::check_gone(&engine, &installation.database_name(tenant, dataset)).await?;
        }
        let of_tenant = installation.tenant_labels(tenant);
        if container::list(&engine, &of_tenant).await?.is_empty() {
            network::remove_all(&engine, &of_tenant, &self.settings.reach).await?;
        }
        Ok(())
    }

    async fn list_all(&self) -> Result<Provisioned, ProvisionError> {
        let engine = self.engine().await?;
        let labels = self.settings.installation.labels();
        let mut all: Vec<Labels> = Vec::new();
        all.extend(container::list(&engine, &labels).await?.into_iter().filter_map(|found| found.labels));
        all.extend(volume::list(&engine, &labels).await?.into_iter().map(|found| found.labels));
        all.extend(network::list(&engine, &labels).await?.into_iter().filter_map(|found| found.labels));
        // Whose labels name no tenant, this did not make.
        let mut provisioned = Provisioned::default();
        for labels in &all {
            let Some(tenant) = tenant_of(labels) else { continue };
            provisioned.tenants.insert(tenant);
            provisioned.databases.extend(dataset_of(labels).map(|dataset| (tenant, dataset)));
        }
        Ok(provisioned)
    }
}

impl Provisioner for DockerProvisioner {
    fn provision<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
        kind: VectorDatabaseKind,
        credential: &'a DatabaseCredential,
    ) -> Pending<'a, Result<DatabaseAddress, ProvisionError>> {
        let made = self.make(scope.tenant(), dataset, kind, credential);
        Box::pin(self.bounded("making a database", made))
    }

    fn status<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
    ) -> Pending<'a, Result<DatabaseStatus, ProvisionError>> {
        Box::pin(self.bounded("looking at a database", self.look(scope.tenant(), dataset)))
    }

    fn deprovision<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
    ) -> Pending<'a, Result<(), ProvisionError>> {
        Box::pin(async move {
            self.bounded("removing a database", self.remove(scope.tenant(), Some(dataset))).await
        })
    }

    fn deprovision_all<'a>(&'a self, scope: &'a TenantScope) -> Pending<'a, Result<(), ProvisionError>> {
        Box::pin(async move {
            self.bounded("removing a tenant's databases", self.remove(scope.tenant(), None)).await
        })
    }

    fn provisioned<'a>(&'a self, _: &'a OperatorScope) -> Pending<'a, Result<Provisioned, ProvisionError>> {
        Box::pin(self.bounded("listing databases", self.list_all()))
    }
}
