//! What a container may be: its body, held against the policy, and what is forwarded of it.

use std::collections::BTreeSet;

use crate::json;
use crate::object::{ObjectId, ObjectName, Reference};
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::shape::{ContainerBody, EndpointSettings, NetworkingConfig, Restart};

/// The places of a body where clients write out what they do not set.
const UNSET_PLACES: &[&[&str]] = &[
    &["Healthcheck"],
    &["HostConfig", "Mounts", "*", "VolumeOptions"],
    &["HostConfig", "Mounts", "*"],
    &["HostConfig", "RestartPolicy"],
    &["HostConfig"],
    &["NetworkingConfig", "EndpointsConfig", "*"],
    &["NetworkingConfig"],
    &[],
];

/// A container that the policy allows.
#[derive(Debug, Clone)]
pub struct AcceptedContainer(ContainerBody);

/// Reads the body that makes a container, and holds it against the policy.
///
/// # Errors
/// When it is no strict JSON, when it has a field that is not in the shape, or one that the policy does not allow.
pub fn accept_container(body: &[u8], policy: &Policy) -> Result<AcceptedContainer, Refusal> {
    let body: ContainerBody = json::parse(body, UNSET_PLACES)?;
    policy.image(&body.image)?;
    policy.check_labels(&body.labels)?;
    let mounts = body.host_config.mounts.iter().flatten();
    mounts
        .flat_map(|mount| &mount.volume_options)
        .try_for_each(|options| policy.check_labels(&options.labels))?;
    check_environment(&body)?;
    let host = &body.host_config;
    Policy::check_limit("HostConfig.Memory", host.memory, policy.max_memory)?;
    Policy::check_limit("HostConfig.NanoCpus", host.nano_cpus, policy.max_nano_cpus)?;
    Policy::check_limit("HostConfig.PidsLimit", host.pids_limit, policy.max_pids)?;
    if host.memory_swap.is_some_and(|both| both != host.memory) {
        return Err(Refusal::forbidden("HostConfig.MemorySwap: must be as much as Memory"));
    }
    if host.memory_swappiness.is_some_and(|swappiness| swappiness != -1) {
        return Err(Refusal::forbidden("HostConfig.MemorySwappiness: may not be set"));
    }
    if let Some(restart) = &host.restart_policy
        && restart.maximum_retry_count.is_some_and(|count| count > 0)
        && restart.name != Restart::OnFailure
    {
        return Err(Refusal::forbidden(
            "HostConfig.RestartPolicy.MaximumRetryCount: is for on-failure alone",
        ));
    }
    if body.stop_timeout.is_some_and(|seconds| seconds > MAX_STOP_SECONDS) {
        return Err(Refusal::forbidden(format!("StopTimeout: must be {MAX_STOP_SECONDS} at most")));
    }
    // Each published port is a process of the engine's, outside of the container's limits.
    if host.port_bindings.len() > MAX_PORTS || body.exposed_ports.len() > MAX_PORTS {
        return Err(Refusal::forbidden(format!("HostConfig.PortBindings: {MAX_PORTS} ports at most")));
    }
    check_endpoints(&body)?;
    Ok(AcceptedContainer(body))
}

/// The most seconds that a container is given to end.
pub(crate) const MAX_STOP_SECONDS: u16 = 600;

/// The variables by which the databases of each kind are told what they are told.
pub const VARIABLES: &[&str] = &[
    "ANONYMIZED_TELEMETRY",
    "CHROMA_AUTH_TOKEN_TRANSPORT_HEADER",
    "CHROMA_SERVER_AUTHN_CREDENTIALS",
    "CHROMA_SERVER_AUTHN_PROVIDER",
    "IS_PERSISTENT",
    "PERSIST_DIRECTORY",
    "QDRANT_INIT_FILE_PATH",
    "QDRANT__SERVICE__API_KEY",
    "QDRANT__STORAGE__SNAPSHOTS_PATH",
    "QDRANT__STORAGE__STORAGE_PATH",
    "QDRANT__TELEMETRY_DISABLED",
];

/// The most ports of a container.
const MAX_PORTS: usize = 4;
/// The most other names of a container in its network.
const MAX_ALIASES: usize = 4;

fn check_environment(body: &ContainerBody) -> Result<(), Refusal> {
    let mut names = BTreeSet::new();
    for entry in &body.env {
        if !VARIABLES.contains(&entry.name()) {
            return Err(Refusal::forbidden(format!(
                "Env: {:?} is not in the list of variables",
                entry.name()
            )));
        }
        if !names.insert(entry.name()) {
            return Err(Refusal::forbidden(format!("Env: {:?} stands twice", entry.name())));
        }
    }
    Ok(())
}

/// Refuses more names than a container may have in a network.
pub(crate) fn check_endpoint(settings: &EndpointSettings) -> Result<(), Refusal> {
    if settings.aliases.len() <= MAX_ALIASES {
        Ok(())
    } else {
        Err(Refusal::forbidden(format!("Aliases: {MAX_ALIASES} at most")))
    }
}

/// Refuses another network than that of the host's configuration: a container is in one.
fn check_endpoints(body: &ContainerBody) -> Result<(), Refusal> {
    let mut networks =
        body.networking_config.iter().flat_map(|networking| networking.endpoints_config.keys());
    if !networks.all(|network| *network == body.host_config.network_mode) {
        return Err(Refusal::forbidden(
            "NetworkingConfig: names another network than HostConfig.NetworkMode",
        ));
    }
    let endpoints = body.networking_config.iter().flat_map(|networking| networking.endpoints_config.values());
    endpoints.flatten().try_for_each(check_endpoint)
}

impl AcceptedContainer {
    /// The network that it is to be in.
    #[must_use]
    pub fn network(&self) -> &Reference {
        &self.0.host_config.network_mode
    }

    /// The volume that it is to have.
    #[must_use]
    pub fn volume(&self) -> Option<&ObjectName> {
        self.0.host_config.mounts.as_ref().map(|[mount]| &mount.source)
    }

    /// The body that goes to the engine: what was understood, written out, with the network's own id in place of what the
    /// caller named it by.
    #[must_use]
    pub fn forwarded(mut self, network: &ObjectId) -> Vec<u8> {
        // An id is a reference.
        if let Ok(network) = Reference::try_from(network.as_str().to_owned()) {
            let settings = self.0.networking_config.take();
            let settings =
                settings.and_then(|networking| networking.endpoints_config.into_values().next().flatten());
            self.0.networking_config =
                settings.filter(|settings: &EndpointSettings| !settings.aliases.is_empty()).map(|settings| {
                    NetworkingConfig { endpoints_config: [(network.clone(), Some(settings))].into() }
                });
            self.0.host_config.network_mode = network;
        }
        json::write(&self.0)
    }
}
