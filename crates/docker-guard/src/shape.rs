//! The accepted bodies: each field that a request to the engine may have, and what it may be.
//!
//! A field that does not stand here is refused. What goes to the engine is one of these values written out, so a field is on the
//! way to the engine because it stands here, and not because a caller sent it. What hangs on the operator's policy is judged
//! beside it: `container.rs`, `network.rs`, `volume.rs`.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

pub use crate::object::{ObjectName, Reference};
pub use values::{
    BridgeName, CapDrop, EnvironmentEntry, HealthTest, Labels, LogLimits, MountTarget, Nanoseconds,
    NonRootUser, PortName, Retries, SecurityOption, Subnet, TmpfsOptions, True,
};

mod values;

/// The body that makes a container.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ContainerBody {
    /// An image of the policy's list.
    pub image: String,
    /// Whom its processes run as.
    pub user: NonRootUser,
    /// Its environment, with names of the policy's list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvironmentEntry>,
    /// What it carries; the installation's id among it.
    pub labels: Labels,
    /// The ports that it listens on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exposed_ports: BTreeMap<PortName, Empty>,
    /// How the engine sees that it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<HealthCheck>,
    /// The seconds that it is given to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<u16>,
    /// What a client attaches to later. Attaching is refused, so these are read and not forwarded.
    #[serde(default, skip_serializing)]
    pub attach_stdout: bool,
    /// As `attach_stdout`.
    #[serde(default, skip_serializing)]
    pub attach_stderr: bool,
    /// What it may use of the host.
    pub host_config: HostConfig,
    /// The network that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub networking_config: Option<NetworkingConfig>,
}

/// What a container may use of the host.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct HostConfig {
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of memory and swap: as many, so that there is no swap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_swap: Option<u64>,
    /// What Docker's own client writes for "not set" (-1); not forwarded.
    #[serde(default, skip_serializing)]
    pub memory_swappiness: Option<i64>,
    /// Billionths of a processor.
    pub nano_cpus: u64,
    /// Processes.
    pub pids_limit: u64,
    /// Its root file system cannot be written.
    pub readonly_rootfs: True,
    /// It has no capability.
    pub cap_drop: CapDrop,
    /// It gains no privilege.
    pub security_opt: SecurityOption,
    /// Its folder for what is temporary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tmpfs: Option<Tmpfs>,
    /// Its volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mounts: Option<[Mount; 1]>,
    /// The network that it is in.
    pub network_mode: Reference,
    /// Where its ports are published.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub port_bindings: BTreeMap<PortName, [PortBinding; 1]>,
    /// When it is begun again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<RestartPolicy>,
    /// How much of what it says is kept.
    pub log_config: LogConfig,
}

/// An object without members.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// A file system in memory, at one place alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tmpfs {
    /// Its options.
    #[serde(rename = "/tmp")]
    pub tmp: TmpfsOptions,
}

/// A volume in a container.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Mount {
    /// A volume, and nothing of the host.
    #[serde(rename = "Type")]
    pub kind: MountKind,
    /// The volume's name.
    pub source: ObjectName,
    /// Where it stands in the container.
    pub target: MountTarget,
    /// What it carries where the engine makes it with the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_options: Option<VolumeOptions>,
}

/// What a volume is made as.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct VolumeOptions {
    /// What it carries; the installation's id among it.
    pub labels: Labels,
}

/// What can be mounted.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MountKind {
    /// A volume that was made before.
    Volume,
}

/// Where a port is published: on the host alone, at a port that the engine chooses.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PortBinding {
    /// The host itself.
    pub host_ip: Loopback,
    /// None: the engine chooses.
    #[serde(default)]
    pub host_port: ChosenPort,
}

/// The address of the host for itself.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub enum Loopback {
    /// Of IPv4.
    #[serde(rename = "127.0.0.1")]
    V4,
}

/// A port that the engine chooses.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub enum ChosenPort {
    /// Written as nothing, or as 0.
    #[default]
    #[serde(rename = "", alias = "0")]
    ByEngine,
}

/// When a container is begun again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RestartPolicy {
    /// When.
    #[serde(default)]
    pub name: Restart,
    /// How often, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_retry_count: Option<u16>,
}

/// When a container is begun again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// Never.
    #[default]
    No,
    /// Always.
    Always,
    /// Unless somebody stopped it.
    UnlessStopped,
    /// When it failed.
    OnFailure,
}

/// How much of what a container says is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LogConfig {
    /// In which form.
    #[serde(rename = "Type")]
    pub kind: LogDriver,
    /// How much.
    pub config: LogLimits,
}

/// The drivers that keep logs on the host in files of a bounded size.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub enum LogDriver {
    /// Lines of JSON.
    #[serde(rename = "json-file")]
    JsonFile,
    /// The engine's own form.
    #[serde(rename = "local")]
    Local,
}

/// How the engine sees that a container works: by a command in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct HealthCheck {
    /// The command that does.
    pub test: HealthTest,
    /// The time between two checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Nanoseconds>,
    /// The time that one may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Nanoseconds>,
    /// The time in which it need not work yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_period: Option<Nanoseconds>,
    /// The time between two checks until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_interval: Option<Nanoseconds>,
    /// How many must fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<Retries>,
}

/// The networks of a container.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct NetworkingConfig {
    /// One at most: that of `HostConfig.NetworkMode`.
    #[serde(default)]
    pub endpoints_config: BTreeMap<Reference, Option<EndpointSettings>>,
}

/// A container in a network.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct EndpointSettings {
    /// By which other names it is found there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<ObjectName>,
}

/// The body that makes a network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct NetworkBody {
    /// Its name.
    pub name: ObjectName,
    /// A bridge of this host.
    #[serde(default)]
    pub driver: NetworkDriver,
    /// Whether nothing of the world is reached from it.
    #[serde(default)]
    pub internal: bool,
    /// What old clients ask for, and engines do in any case; not forwarded.
    #[serde(default, skip_serializing)]
    pub check_duplicate: bool,
    /// That of new clients; not forwarded.
    #[serde(default, skip_serializing, rename = "EnableIPv4")]
    pub enable_ipv4: bool,
    /// Its addresses.
    #[serde(rename = "IPAM")]
    pub ipam: Ipam,
    /// What the bridge does.
    pub options: BridgeOptions,
    /// What it carries; the installation's id among it.
    pub labels: Labels,
}

/// The driver of a network.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkDriver {
    /// A bridge of this host.
    #[default]
    Bridge,
}

/// The addresses of a network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Ipam {
    /// Who gives them.
    #[serde(default)]
    pub driver: IpamDriver,
    /// Which.
    pub config: [AddressRange; 1],
}

/// Who gives addresses.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IpamDriver {
    /// The engine.
    #[default]
    Default,
}

/// The addresses of a network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AddressRange {
    /// All of them: a part of the policy's pool.
    pub subnet: Subnet,
    /// That of the host in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Ipv4Addr>,
}

/// What a bridge does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BridgeOptions {
    /// Whether its containers reach each other: in an internal network, where the space is one of them, and nowhere else.
    #[serde(rename = "com.docker.network.bridge.enable_icc")]
    pub inter_container: YesNo,
    /// Its containers do not reach the world in the host's name. An internal network reaches nothing anyhow.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        rename = "com.docker.network.bridge.enable_ip_masquerade"
    )]
    pub masquerade: Option<YesNo>,
    /// The address that ports are published on where a binding names none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        rename = "com.docker.network.bridge.host_binding_ipv4"
    )]
    pub binding: Option<Loopback>,
    /// The name of its interface on the host.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "com.docker.network.bridge.name")]
    pub name: Option<BridgeName>,
    /// That the host has no address in it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        rename = "com.docker.network.bridge.inhibit_ipv4"
    )]
    pub without_host: Option<YesNo>,
}

/// An option of a bridge that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum YesNo {
    /// On.
    True,
    /// Off.
    False,
}

/// The body that makes a volume.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct VolumeBody {
    /// Its name.
    pub name: ObjectName,
    /// A folder that the engine makes on this host; without options, which could make it any folder.
    #[serde(default)]
    pub driver: VolumeDriver,
    /// What it carries; the installation's id among it.
    pub labels: Labels,
}

/// The driver of a volume.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VolumeDriver {
    /// A folder of the engine's.
    #[default]
    Local,
}

/// The body that brings a container into a network.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ConnectBody {
    /// The container.
    pub container: Reference,
    /// How it is found there.
    #[serde(default)]
    pub endpoint_config: Option<EndpointSettings>,
}

/// The body that takes a container out of a network.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DisconnectBody {
    /// The container.
    pub container: Reference,
    /// Whether it need not be there.
    #[serde(default)]
    pub force: bool,
}

/// The body of a request that has none: nothing, or an object without members.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoBody {}
