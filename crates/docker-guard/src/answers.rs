//! What is read of the engine's answers, and what is told of the host.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::object::{INSTALLATION_LABEL, ObjectId};

type LabelMap = Option<BTreeMap<String, String>>;

/// Whether labels are those of an installation.
fn is_of(labels: &LabelMap, installation: &str) -> bool {
    labels.as_ref().and_then(|labels| labels.get(INSTALLATION_LABEL)).is_some_and(|id| id == installation)
}

/// What is read of a container.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Container {
    pub(crate) id: ObjectId,
    config: ContainerConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContainerConfig {
    labels: LabelMap,
}

impl Container {
    pub(crate) fn is_of(&self, installation: &str) -> bool {
        is_of(&self.config.labels, installation)
    }
}

/// What is read of a network.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Network {
    pub(crate) id: ObjectId,
    driver: String,
    labels: LabelMap,
}

impl Network {
    pub(crate) fn is_of(&self, installation: &str) -> bool {
        self.driver == "bridge" && is_of(&self.labels, installation)
    }
}

/// What is read of a volume.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Volume {
    name: String,
    driver: String,
    labels: LabelMap,
    options: LabelMap,
}

impl Volume {
    /// Whether it is that volume, of the installation, and a folder of the engine's own: one with options may be any folder.
    pub(crate) fn is_of(&self, name: &str, installation: &str) -> bool {
        let plain = self.driver == "local" && self.options.as_ref().is_none_or(BTreeMap::is_empty);
        self.name == name && plain && is_of(&self.labels, installation)
    }
}

/// What is read of a list, to count it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum List {
    Items(Vec<IgnoredAny>),
    Volumes {
        #[serde(rename = "Volumes")]
        volumes: Option<Vec<IgnoredAny>>,
    },
}

impl List {
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Items(items) => items.len(),
            Self::Volumes { volumes } => volumes.as_ref().map_or(0, Vec::len),
        }
    }
}

/// What is told of the host: what decides how a database can be made, and neither its name nor what else runs on it.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
pub(crate) struct Info {
    server_version: String,
    #[serde(rename = "OSType")]
    os_type: String,
    architecture: String,
    cgroup_version: String,
    security_options: Option<Vec<String>>,
    #[serde(rename = "NCPU")]
    processors: u64,
    mem_total: u64,
    memory_limit: bool,
    pids_limit: bool,
    #[serde(rename = "CpuCfsQuota")]
    cpu_quota: bool,
}

/// What is told of the engine's version.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
pub(crate) struct Version {
    version: String,
    api_version: String,
    #[serde(rename = "MinAPIVersion")]
    min_api_version: String,
    os: String,
    arch: String,
}
