//! In front of a real engine, by a client that others wrote (bollard). `tools/docker-guard/run` starts the engine.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bollard::Docker;
use bollard::models::{
    ContainerCreateBody, HealthConfig, HealthStatusEnum, HostConfig, HostConfigLogConfig, Ipam, IpamConfig,
    Mount, MountType, NetworkCreateRequest, PortBinding, RestartPolicy, RestartPolicyNameEnum,
    VolumeCreateRequest,
};
use bollard::query_parameters::{
    CreateContainerOptions, InspectContainerOptions, ListContainersOptions, ListNetworksOptions,
    ListVolumesOptions, RemoveContainerOptions, RemoveVolumeOptions, StopContainerOptions,
};
use serde_json::{Value, json};

use super::bodies::{HEALTH, INSTALLATION, NETWORK, VOLUME, container, network, volume, with};
use super::escapes::{of_containers, of_networks, of_volumes};
use super::process::GuardProcess;

const NAME: &str = "syft-space-d-1";

/// The socket of the engine, and the image that it has.
fn engine() -> (PathBuf, String) {
    let told = |name: &str| {
        std::env::var(name).unwrap_or_else(|_| {
            panic!("{name} is not set: run tools/docker-guard/run, which starts an engine")
        })
    };
    (told("SYFT_SPACE_TEST_ENGINE_SOCKET").into(), told("SYFT_SPACE_TEST_ENGINE_IMAGE"))
}

async fn client(socket: &Path) -> Docker {
    let docker =
        Docker::connect_with_unix(socket.to_str().unwrap(), 120, bollard::API_DEFAULT_VERSION).unwrap();
    docker.negotiate_version().await.unwrap()
}

fn labels() -> HashMap<String, String> {
    HashMap::from([("syft-space.installation".to_owned(), INSTALLATION.to_owned())])
}

fn network_request() -> NetworkCreateRequest {
    let option = |name: &str, value: &str| (format!("com.docker.network.bridge.{name}"), value.to_owned());
    NetworkCreateRequest {
        name: NETWORK.to_owned(),
        driver: Some("bridge".to_owned()),
        internal: Some(false),
        attachable: Some(false),
        enable_ipv6: Some(false),
        ipam: Some(Ipam {
            driver: Some("default".to_owned()),
            config: Some(vec![IpamConfig {
                subnet: Some("10.213.4.16/28".to_owned()),
                gateway: Some("10.213.4.17".to_owned()),
                ..IpamConfig::default()
            }]),
            options: None,
        }),
        options: Some(HashMap::from([
            option("enable_icc", "false"),
            option("enable_ip_masquerade", "false"),
            option("name", "ssp0ad50410"),
        ])),
        labels: Some(labels()),
        ..NetworkCreateRequest::default()
    }
}

fn container_request(image: &str, network: &str) -> ContainerCreateBody {
    const MEMORY: i64 = 64 << 20;
    let binding = PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some(String::new()) };
    let limits = [("max-size".to_owned(), "1m".to_owned()), ("max-file".to_owned(), "2".to_owned())];
    ContainerCreateBody {
        image: Some(image.to_owned()),
        user: Some("1000:1000".to_owned()),
        env: Some(vec!["QDRANT__SERVICE__API_KEY=planted-secret".to_owned()]),
        exposed_ports: Some(vec!["8000/tcp".to_owned()]),
        healthcheck: Some(HealthConfig {
            test: Some(vec!["CMD-SHELL".to_owned(), HEALTH.to_owned()]),
            interval: Some(1_000_000_000),
            timeout: Some(5_000_000_000),
            retries: Some(10),
            ..HealthConfig::default()
        }),
        labels: Some(labels()),
        host_config: Some(HostConfig {
            network_mode: Some(network.to_owned()),
            port_bindings: Some(HashMap::from([("8000/tcp".to_owned(), Some(vec![binding]))])),
            mounts: Some(vec![Mount {
                typ: Some(MountType::VOLUME),
                source: Some(VOLUME.to_owned()),
                target: Some("/data".to_owned()),
                read_only: Some(false),
                ..Mount::default()
            }]),
            readonly_rootfs: Some(true),
            tmpfs: Some(HashMap::from([(
                "/tmp".to_owned(),
                "rw,noexec,nosuid,nodev,size=67108864".to_owned(),
            )])),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            memory: Some(MEMORY),
            memory_swap: Some(MEMORY),
            nano_cpus: Some(500_000_000),
            pids_limit: Some(32),
            restart_policy: Some(RestartPolicy {
                name: Some(RestartPolicyNameEnum::UNLESS_STOPPED),
                maximum_retry_count: None,
            }),
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".to_owned()),
                config: Some(limits.into()),
            }),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

/// How many containers, volumes and networks a client sees.
async fn count(docker: &Docker) -> [usize; 3] {
    let all = ListContainersOptions { all: true, ..Default::default() };
    let volumes = docker.list_volumes(None::<ListVolumesOptions>).await.unwrap().volumes.unwrap_or_default();
    [
        docker.list_containers(Some(all)).await.unwrap().len(),
        volumes.len(),
        docker.list_networks(None::<ListNetworksOptions>).await.unwrap().len(),
    ]
}

/// Whether an error is the engine's or the guard's with this status.
fn is_refused<T: std::fmt::Debug>(result: &Result<T, bollard::errors::Error>, status: u16) -> bool {
    matches!(result, Err(bollard::errors::Error::DockerResponseServerError { status_code, .. }) if *status_code == status)
}

#[tokio::test]
#[ignore = "needs a container engine: tools/docker-guard/run"]
async fn n3_a_database_lives_and_ends_through_the_guard_and_is_what_it_may_be() {
    let (socket, image) = engine();
    let folder = tempfile::tempdir().unwrap();
    let guard = GuardProcess::start(folder.path(), &socket, 3, &image);
    let (guarded, direct) = (client(&guard.socket).await, client(&socket).await);
    // Somebody else's things stand beside it.
    let others_volume =
        VolumeCreateRequest { name: Some("syft-space-others".to_owned()), ..Default::default() };
    direct.create_volume(others_volume).await.unwrap();
    let mut others = container_request(&image, "none");
    others.labels = None;
    if let Some(host) = &mut others.host_config {
        host.mounts = None;
        host.port_bindings = None;
    }
    let named =
        |name: &str| Some(CreateContainerOptions { name: Some(name.to_owned()), ..Default::default() });
    direct.create_container(named("others"), others).await.unwrap();
    let before = count(&direct).await;
    assert_eq!(count(&guarded).await, [0, 0, 0], "what is not the installation's is not listed");
    let no_options = None::<InspectContainerOptions>;
    assert!(is_refused(&guarded.inspect_container("others", no_options.clone()).await, 404));
    let forced = || Some(RemoveContainerOptions { force: true, ..Default::default() });
    assert!(is_refused(&guarded.remove_container("others", forced()).await, 404));
    assert!(is_refused(&guarded.remove_volume("syft-space-others", None::<RemoveVolumeOptions>).await, 404));
    assert!(is_refused(&guarded.remove_network("bridge").await, 403));

    guarded.inspect_image(&image).await.unwrap();
    guarded.info().await.unwrap();
    let own =
        VolumeCreateRequest { name: Some(VOLUME.to_owned()), labels: Some(labels()), ..Default::default() };
    guarded.create_volume(own.clone()).await.unwrap();
    guarded.create_volume(own).await.unwrap();
    let network = guarded.create_network(network_request()).await.unwrap().id;
    let created =
        guarded.create_container(named(NAME), container_request(&image, &network)).await.unwrap().id;
    assert!(is_refused(
        &guarded.create_container(named(NAME), container_request(&image, &network)).await,
        409
    ));
    guarded.start_container(NAME, None::<bollard::query_parameters::StartContainerOptions>).await.unwrap();
    assert_eq!(count(&guarded).await, [1, 1, 1]);

    let found = direct.inspect_container(&created, no_options.clone()).await.unwrap();
    let host = found.host_config.unwrap();
    assert_eq!(host.network_mode.as_deref(), Some(network.as_str()));
    assert_eq!((host.privileged, host.readonly_rootfs), (Some(false), Some(true)));
    assert_eq!((host.cap_add, host.binds), (None, None));
    assert_eq!((host.memory, host.nano_cpus, host.pids_limit), (Some(64 << 20), Some(500_000_000), Some(32)));
    let published = healthy(&guarded).await;
    let mut stream = TcpStream::connect(published).unwrap();
    stream.write_all(b"GET /api/v2/heartbeat HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("200 OK"), "{answer}");

    guarded.stop_container(NAME, Some(StopContainerOptions { t: Some(2), signal: None })).await.unwrap();
    guarded.remove_container(NAME, forced()).await.unwrap();
    guarded.remove_volume(VOLUME, None::<RemoveVolumeOptions>).await.unwrap();
    guarded.remove_network(NETWORK).await.unwrap();
    assert_eq!(count(&direct).await, before, "all is gone, and nothing else");
    direct.remove_container("others", forced()).await.unwrap();
    direct.remove_volume("syft-space-others", None::<RemoveVolumeOptions>).await.unwrap();
    let log = guard.log();
    assert!(!log.contains("planted-secret"), "{log}");
}

/// Waits until the container works, as the engine says through the guard. Answers where it is published.
async fn healthy(docker: &Docker) -> String {
    let mut last = Value::Null;
    for _ in 0..120 {
        let found = docker.inspect_container(NAME, None::<InspectContainerOptions>).await.unwrap();
        let state = found.state.unwrap();
        if state.health.as_ref().and_then(|health| health.status) == Some(HealthStatusEnum::HEALTHY) {
            let ports = found.network_settings.unwrap().ports.unwrap();
            let binding = ports["8000/tcp"].clone().unwrap().remove(0);
            assert_eq!(binding.host_ip.as_deref(), Some("127.0.0.1"));
            return format!("127.0.0.1:{}", binding.host_port.unwrap());
        }
        last = json!(state);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("it does not become healthy: {last}");
}

#[tokio::test]
#[ignore = "needs a container engine: tools/docker-guard/run"]
async fn k14_no_escape_makes_anything_on_a_real_engine() {
    let (socket, image) = engine();
    let folder = tempfile::tempdir().unwrap();
    let guard = GuardProcess::start(folder.path(), &socket, 100, &image);
    let (guarded, direct) = (client(&guard.socket).await, client(&socket).await);
    let before = count(&direct).await;
    let plain = with(container(), "/Image", json!(image));
    // So that none is refused for what it lacks beside what it tries.
    let own =
        VolumeCreateRequest { name: Some(VOLUME.to_owned()), labels: Some(labels()), ..Default::default() };
    guarded.create_volume(own).await.unwrap();
    guarded.create_network(network_request()).await.unwrap();
    let mut refused = 0;
    for (kind, target, plain, escapes) in [
        ("a container", "/v1.41/containers/create?name=syft-space-d-2", plain.clone(), of_containers()),
        (
            "a network",
            "/v1.41/networks/create",
            with(network(), "/Name", json!("syft-space-n-2")),
            of_networks(),
        ),
        ("a volume", "/v1.41/volumes/create", with(volume(), "/Name", json!("syft-space-v-2")), of_volumes()),
    ] {
        for (place, value) in escapes {
            let answer = guard.request("POST", target, Some(&with(plain.clone(), place, value.clone())));
            assert_eq!(answer.status, 403, "{kind} {place}: {value}: {answer:?}");
            refused += 1;
        }
    }
    assert!(refused > 150, "{refused}");
    assert_eq!(count(&direct).await, [before[0], before[1] + 1, before[2] + 1], "nothing was made");
    let made = guard.request("POST", "/v1.41/containers/create?name=syft-space-d-2", Some(&plain));
    assert_eq!(made.status, 201, "without them it is made: {made:?}");
    guarded.remove_container("syft-space-d-2", None::<RemoveContainerOptions>).await.unwrap();
    guarded.remove_volume(VOLUME, None::<RemoveVolumeOptions>).await.unwrap();
    guarded.remove_network(NETWORK).await.unwrap();
    assert_eq!(count(&direct).await, before);
}
