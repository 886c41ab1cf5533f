//! The container of a database.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bollard::models::{
    ContainerInspectResponse, ContainerSummary, ContainerSummaryStateEnum, EndpointSettings, HealthStatusEnum,
};
use bollard::query_parameters::{
    CreateContainerOptions, InspectContainerOptions, ListContainersOptions, RemoveContainerOptions,
    StartContainerOptions, StopContainerOptions,
};
use syft_space_domain::provisioning::DatabaseAddress;
use syft_space_domain::provisioning::ports::ProvisionError;

use crate::body::DatabaseForm;
use crate::engine::{CallError, Engine, ROUNDS, lacks, pause, removed};
use crate::names::{Labels, TenantNetwork, bears, filters};

/// What Podman says in place of a conflict where a container has that name.
const NAME_TAKEN: &[&str] = &["is already in use by"];

/// The containers that bear these labels, running or not.
pub(crate) async fn list(engine: &Engine, labels: &Labels) -> Result<Vec<ContainerSummary>, ProvisionError> {
    let options = ListContainersOptions { all: true, filters: Some(filters(labels)), ..Default::default() };
    let listed = engine.call("listing containers", engine.docker.list_containers(Some(options))).await?;
    let is_ours =
        |container: &ContainerSummary| container.labels.as_ref().is_some_and(|found| bears(found, labels));
    Ok(listed.into_iter().filter(is_ours).collect())
}

/// The engine's id of a container.
pub(crate) fn id_of(container: &ContainerSummary) -> Result<&str, ProvisionError> {
    container.id.as_deref().filter(|id| !id.is_empty()).ok_or_else(|| lacks("a container's id"))
}

/// Whether an endpoint is in a network. One of a container that never ran may not say where it is.
fn is_in(endpoint: &EndpointSettings, network: &TenantNetwork) -> bool {
    endpoint.network_id.as_deref().is_none_or(|told| told.is_empty() || network.is(told))
}

/// Whether a container is as it would be made now, and may become well. One that the engine found ill is not started again by anybody.
fn is_right(container: &ContainerSummary, form: &DatabaseForm<'_>, network: &TenantNetwork) -> bool {
    let labels = container.labels.as_ref();
    let networks = container.network_settings.as_ref().and_then(|settings| settings.networks.as_ref());
    let goes = matches!(
        container.state,
        Some(
            ContainerSummaryStateEnum::DEAD
                | ContainerSummaryStateEnum::REMOVING
                | ContainerSummaryStateEnum::PAUSED
        )
    );
    // Engines tell it in this text alone, but for the newest.
    let is_ill = container.status.as_ref().is_some_and(|status| status.contains("(unhealthy)"));
    !goes
        && !is_ill
        && labels.is_some_and(|labels| bears(labels, &form.container_labels()))
        // One that was taken out of its network has none.
        && networks.is_some_and(|networks| {
            !networks.is_empty() && networks.values().all(|endpoint| is_in(endpoint, network))
        })
}

/// Sees to the one container that a database is to have, and that it runs. Answers its id.
pub(crate) async fn ensure(
    engine: &Engine,
    form: &DatabaseForm<'_>,
    network: &TenantNetwork,
) -> Result<String, ProvisionError> {
    let labels = form.installation.database_labels(form.tenant, form.dataset);
    let mut last = None;
    for round in 0..ROUNDS {
        if round > 1 {
            pause(round).await;
        }
        let found = list(engine, &labels).await?;
        match found.as_slice() {
            [] => match create(engine, form, &network.id).await {
                Ok(()) => {}
                // A call that was given up may still come to its end: then it is listed soon. Else it is somebody else's.
                Err(error) if error.is_conflict() || error.says(NAME_TAKEN) => {
                    last = Some(ProvisionError::NotOurs(format!("the container {}", form.name())));
                }
                Err(error) if error.is_missing() && error.says(&["no such image"]) => {
                    return Err(ProvisionError::ImageMissing(form.image.reference.to_string()));
                }
                Err(error) => return Err(error.into()),
            },
            [container] if is_right(container, form, network) => {
                let id = id_of(container)?;
                let options = None::<StartContainerOptions>;
                match engine.call("starting a container", engine.docker.start_container(id, options)).await {
                    Ok(()) => return Ok(id.to_owned()),
                    Err(CallError::Failed(error)) => return Err(error),
                    // It may be of a network that is gone, or half made: one that is made anew says what is wrong.
                    Err(error) if last.is_none() => {
                        last = Some(error.into());
                        remove_all(engine, &labels, None).await?;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            _ => remove_all(engine, &labels, None).await?,
        }
    }
    Err(last
        .unwrap_or_else(|| ProvisionError::Nonsense("a container that was made is not listed".to_owned())))
}

async fn create(engine: &Engine, form: &DatabaseForm<'_>, network: &str) -> Result<(), CallError> {
    let options = CreateContainerOptions { name: Some(form.name()), ..Default::default() };
    let body = form.container(network);
    engine.call("making a container", engine.docker.create_container(Some(options), body)).await.map(|_| ())
}

/// Removes all that bear these labels, and volumes that the engine made for them by itself, until it lists none. Those that run are told to
/// stop first where they are given time for it.
pub(crate) async fn remove_all(
    engine: &Engine,
    labels: &Labels,
    grace: Option<Duration>,
) -> Result<(), ProvisionError> {
    let mut held = "a container".to_owned();
    for round in 0..ROUNDS {
        let found = list(engine, labels).await?;
        if found.is_empty() {
            return Ok(());
        }
        for container in &found {
            let id = id_of(container)?;
            if let Some(grace) = grace.filter(|_| round == 0) {
                stop(engine, id, grace).await?;
            }
            let options = Some(RemoveContainerOptions { v: true, force: true, link: false });
            let call = engine.docker.remove_container(id, options);
            held = removed(engine.call("removing a container", call).await)?.unwrap_or(held);
        }
        if round > 0 {
            pause(round).await;
        }
    }
    Err(ProvisionError::StillThere(held))
}

async fn stop(engine: &Engine, id: &str, grace: Duration) -> Result<(), ProvisionError> {
    let seconds = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX);
    let options = Some(StopContainerOptions { signal: None, t: Some(seconds) });
    let limit = engine.call_timeout.saturating_add(grace);
    match engine.call_within(limit, "stopping a container", engine.docker.stop_container(id, options)).await {
        // What cannot be stopped is removed by force.
        Ok(()) | Err(CallError::Refused { .. }) => Ok(()),
        Err(CallError::Failed(error)) => Err(error),
    }
}

/// How a container is.
pub(crate) enum State {
    /// It does not run, and nobody starts it.
    Stopped,
    /// It has ended, and the engine starts it again.
    Restarting,
    /// It runs, and has no address yet.
    Starting,
    /// It runs, as far as the engine knows; whether it answers is to be seen there.
    Up(DatabaseAddress),
    /// It runs, and the engine's own look at it fails.
    Ill,
}

/// What a look at a container tells.
pub(crate) struct Look {
    pub(crate) state: State,
    /// How often the engine has started it again since it was started.
    pub(crate) restarts: i64,
    /// How it ended last.
    pub(crate) end: String,
}

/// Looks at a container; `None` where it is gone.
pub(crate) async fn look(
    engine: &Engine,
    id: &str,
    network: &TenantNetwork,
    port: u16,
    is_published: bool,
) -> Result<Option<Look>, ProvisionError> {
    let call = engine.docker.inspect_container(id, None::<InspectContainerOptions>);
    let found = match engine.call("looking at a container", call).await {
        Ok(found) => found,
        Err(error) if error.is_missing() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let told = found.state.as_ref().ok_or_else(|| lacks("a container's state"))?;
    let why = if told.oom_killed == Some(true) { ", for want of memory" } else { "" };
    let end = format!("it ended with the code {}{why}", told.exit_code.unwrap_or(-1));
    let is_ill = told.health.as_ref().and_then(|health| health.status) == Some(HealthStatusEnum::UNHEALTHY);
    // An engine says of what it restarts that it runs.
    let state = if told.restarting == Some(true) {
        State::Restarting
    } else if told.running != Some(true) {
        State::Stopped
    } else if is_ill {
        State::Ill
    } else {
        let address = if is_published { published(&found, port) } else { inside(&found, network, port) };
        address.map_or(State::Starting, |address| State::Up(DatabaseAddress::new(address)))
    };
    Ok(Some(Look { state, restarts: found.restart_count.unwrap_or(0), end }))
}

/// The port of the host that leads to the database. Nothing but loopback is taken for it.
fn published(found: &ContainerInspectResponse, port: u16) -> Option<SocketAddr> {
    let ports = found.network_settings.as_ref()?.ports.as_ref()?;
    let bindings = ports.get(&format!("{port}/tcp"))?.as_ref()?;
    bindings.iter().find_map(|binding| {
        let address: Ipv4Addr = binding.host_ip.as_ref()?.parse().ok()?;
        let port = binding.host_port.as_ref()?.parse().ok().filter(|port| *port != 0)?;
        address.is_loopback().then(|| SocketAddr::new(IpAddr::V4(address), port))
    })
}

/// The database's own address in its tenant's network. An address elsewhere is not taken for it.
fn inside(found: &ContainerInspectResponse, network: &TenantNetwork, port: u16) -> Option<SocketAddr> {
    let networks = found.network_settings.as_ref()?.networks.as_ref()?;
    networks.values().find_map(|endpoint| {
        let is_there = endpoint.network_id.as_deref().is_some_and(|told| network.is(told));
        let address: Ipv4Addr = endpoint.ip_address.as_ref()?.parse().ok()?;
        (is_there && address.is_private()).then(|| SocketAddr::new(IpAddr::V4(address), port))
    })
}

#[cfg(test)]
mod tests {
    use bollard::models::ContainerSummaryNetworkSettings;
    use syft_space_domain::dataset::VectorDatabaseKind;
    use syft_space_domain::ids::{DatasetId, TenantId};
    use syft_space_domain::provisioning::DatabaseCredential;

    use super::*;
    use crate::image::{DatabaseImage, ImageReference};
    use crate::names::Installation;
    use crate::settings::{Limits, Reach};

    #[test]
    fn r4_a_container_that_is_ill_or_elsewhere_or_on_its_way_out_is_made_anew() {
        let installation = Installation::of_name("x");
        let image = ImageReference::parse(&format!("sha256:{}", "0".repeat(64))).unwrap();
        let form = DatabaseForm {
            installation: &installation,
            tenant: TenantId::from_bytes([1; 16]),
            dataset: DatasetId::from_bytes([2; 16]),
            kind: VectorDatabaseKind::Chroma,
            image: &DatabaseImage::new(image, 1000).unwrap(),
            credential: &DatabaseCredential::read(&"a".repeat(64)).unwrap(),
            limits: Limits::new(512, 1_000, 256).unwrap(),
            reach: &Reach::Bridge,
        };
        let network = TenantNetwork { id: "n".to_owned(), name: "name".to_owned() };
        let container = |status: &str, state, network: &str| {
            let endpoint = EndpointSettings { network_id: Some(network.to_owned()), ..Default::default() };
            let networks = [("n".to_owned(), endpoint)].into();
            ContainerSummary {
                labels: Some(form.container_labels()),
                status: Some(status.to_owned()),
                state: Some(state),
                network_settings: Some(ContainerSummaryNetworkSettings { networks: Some(networks) }),
                ..Default::default()
            }
        };
        let (running, paused) = (ContainerSummaryStateEnum::RUNNING, ContainerSummaryStateEnum::PAUSED);
        for (status, state, told, right) in [
            ("Up 2 days (healthy)", running, "n", true),
            ("Up 2 days", running, "name", true),
            ("Up 2 seconds (health: starting)", running, "n", true),
            ("Created", ContainerSummaryStateEnum::CREATED, "", true),
            ("Up 2 days (unhealthy)", running, "n", false),
            ("Up 2 days (Paused)", paused, "n", false),
            ("Up 2 days (healthy)", running, "another", false),
        ] {
            assert_eq!(is_right(&container(status, state, told), &form, &network), right, "{status} {told}");
        }
        let alone = ContainerSummary {
            network_settings: Some(ContainerSummaryNetworkSettings { networks: Some([].into()) }),
            ..container("Up 2 days", running, "n")
        };
        assert!(!is_right(&alone, &form, &network), "it is in no network any more");
    }
}
