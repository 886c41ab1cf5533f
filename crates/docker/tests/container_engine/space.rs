//! A space in front of an engine: its settings, its tenants and datasets, and what is there of it.

use std::path::Path;
use std::time::Duration;

use syft_space_docker::{
    DatabaseImage, DockerProvisioner, DockerSettings, EngineAddress, ImageReference, Images, Installation,
    Limits, Reach, Timeouts,
};
use syft_space_domain::dataset::VectorDatabaseKind;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::provisioning::DatabaseCredential;
use syft_space_domain::tenant::TenantScope;

use crate::engine::ContainerEngine;
use crate::image::USER;

pub(crate) const INSTALLATION: &str = "engine.test";
pub(crate) const CHROMA: VectorDatabaseKind = VectorDatabaseKind::Chroma;

/// A number that the caller of the tests sets.
pub(crate) fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

pub(crate) fn installation() -> Installation {
    Installation::of_name(INSTALLATION)
}

pub(crate) fn scope(n: u8) -> TenantScope {
    TenantScope::assume(TenantId::from_bytes([n; 16]), "a test")
}

pub(crate) fn dataset(n: u8) -> DatasetId {
    DatasetId::from_bytes([n; 16])
}

pub(crate) fn credential(n: u8) -> DatabaseCredential {
    DatabaseCredential::read(&format!("{n:02x}").repeat(32)).unwrap()
}

/// Settings for an engine that is reached by this socket.
pub(crate) fn settings(engine: &ContainerEngine, socket: &Path) -> DockerSettings {
    let image = ImageReference::parse(&engine.image).unwrap();
    let image = Some(DatabaseImage::new(image, USER).unwrap());
    DockerSettings {
        engine: EngineAddress::Unix(socket.to_owned()),
        installation: installation(),
        images: Images { chroma: image.clone(), qdrant: image },
        pool: "10.213.0.0/16".parse().unwrap(),
        reach: Reach::Bridge,
        limits: Limits::new(64, 500, 32).unwrap(),
        timeouts: Timeouts { stop: Duration::from_secs(3), ..Timeouts::default() },
    }
}

/// A space with these settings, just started: it remembers nothing.
pub(crate) fn provisioner(settings: DockerSettings) -> DockerProvisioner {
    DockerProvisioner::new(settings).unwrap()
}

/// Containers, volumes and networks that bear the label of an installation.
#[track_caller]
pub(crate) fn census(engine: &ContainerEngine) -> (usize, usize, usize) {
    let label = format!("label=syft-space.installation={}", installation().as_str());
    let count = |list: &[&str]| engine.list(&[list, &["--filter", &label, "--quiet"]].concat()).len();
    (count(&["ps", "--all"]), count(&["volume", "ls"]), count(&["network", "ls"]))
}

/// All volumes of the engine, with those that it made by itself, and all networks but its own.
#[track_caller]
pub(crate) fn everything(engine: &ContainerEngine) -> (usize, usize, usize) {
    let networks = engine.list(&["network", "ls", "--format", "{{.Name}}"]);
    let made =
        networks.iter().filter(|name| !["bridge", "host", "none", "podman"].contains(&name.as_str())).count();
    (engine.list(&["ps", "--all", "--quiet"]).len(), engine.list(&["volume", "ls", "--quiet"]).len(), made)
}

/// The id of a dataset's container.
#[track_caller]
pub(crate) fn container_of(engine: &ContainerEngine, tenant: u8, of: u8) -> String {
    let labels = [
        format!("label=syft-space.tenant={}", scope(tenant).tenant()),
        format!("label=syft-space.dataset={}", dataset(of)),
    ];
    let found = engine.list(&["ps", "--all", "--quiet", "--filter", &labels[0], "--filter", &labels[1]]);
    assert_eq!(found.len(), 1, "the dataset has one container");
    found[0].clone()
}
