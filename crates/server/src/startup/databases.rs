//! What makes vector databases, and what those are called through.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Context;
use syft_space_docker::{DockerProvisioner, DockerSettings, Images, Installation, Reach, Timeouts};
use syft_space_domain::dataset::VectorDatabaseKind;
use syft_space_domain::provisioning::Databases;
use syft_space_domain::random::Entropy;
use syft_space_outbound::{AllowList, Client, ClientSettings, SystemResolver};

use crate::config::{ProvisioningSettings, Settings};

/// The databases that this installation makes, if there is an engine to make them.
///
/// # Errors
/// When the certificates for the way to the engine cannot be used.
pub(super) fn databases(settings: &Settings, installation: &str) -> anyhow::Result<Databases> {
    let ProvisioningSettings { images, pool, reach, limits, .. } = &settings.provisioning;
    let Some(engine) = settings.provisioning.engine() else { return Ok(Databases::default()) };
    let image = |wanted: VectorDatabaseKind| {
        images.iter().find(|(kind, _)| *kind == wanted).map(|(_, image)| image.clone())
    };
    let docker = DockerSettings {
        engine,
        installation: Installation::of_name(installation),
        images: Images {
            chroma: image(VectorDatabaseKind::Chroma),
            qdrant: image(VectorDatabaseKind::Qdrant),
        },
        pool: *pool,
        reach: reach.clone(),
        limits: *limits,
        timeouts: Timeouts::default(),
    };
    // A guard of the engine has to be told it.
    tracing::info!(
        installation = docker.installation.as_str(),
        "vector databases are made in a container engine, under this installation's id"
    );
    let provisioner = DockerProvisioner::new(docker).context("the way to the container engine")?;
    Ok(Databases::new(Arc::new(provisioner), images.iter().map(|(kind, _)| *kind).collect()))
}

/// The client for them: it reaches the addresses that the engine gives them, and nothing else that is private.
///
/// # Errors
/// When it cannot be set up.
pub(super) fn client(settings: &Settings, entropy: &Arc<dyn Entropy>) -> anyhow::Result<Client> {
    let ProvisioningSettings { pool, reach, .. } = &settings.provisioning;
    let allow = match reach {
        Reach::Bridge | Reach::Joined(_) => pool.to_string(),
        Reach::Published => Ipv4Addr::LOCALHOST.to_string(),
    };
    let client = ClientSettings { allow: AllowList::parse(&allow)?, ..ClientSettings::default() };
    Ok(Client::new(client, Arc::new(SystemResolver), Arc::clone(entropy))?)
}
