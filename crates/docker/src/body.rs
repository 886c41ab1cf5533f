//! The bodies of what is made: the one place that says what a container, a volume and a network of ours are.
//!
//! Every text in them is a constant, made of ids, or of the operator's settings, which are types that hold nothing else. A tenant has no
//! word in any of them. A guard in front of the engine passes these bodies and no others.

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigLogConfig, Ipam, IpamConfig, Mount, MountType,
    MountVolumeOptions, NetworkCreateRequest, PortBinding, RestartPolicy, RestartPolicyNameEnum,
    VolumeCreateRequest,
};
use ipnet::Ipv4Net;
use serde::Serialize;
use sha2::{Digest, Sha256};
use syft_space_domain::dataset::VectorDatabaseKind;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::provisioning::DatabaseCredential;

use crate::image::DatabaseImage;
use crate::kind::needs;
use crate::names::{FORM, Installation, KIND, Labels};
use crate::pool::gateway;
use crate::settings::{Limits, Reach};

#[cfg(test)]
mod guarded;
#[cfg(test)]
mod tests;

/// Counts up whenever what is below makes another container or network of the same settings: those that are there are made anew then.
const FORM_VERSION: u32 = 2;
/// What is in memory alone may grow so far.
const TMPFS: &str = "rw,noexec,nosuid,nodev,size=67108864";
const SECOND: i64 = 1_000_000_000;
const MIB: i64 = 1024 * 1024;

/// What one database is to be.
pub(crate) struct DatabaseForm<'a> {
    pub(crate) installation: &'a Installation,
    pub(crate) tenant: TenantId,
    pub(crate) dataset: DatasetId,
    pub(crate) kind: VectorDatabaseKind,
    pub(crate) image: &'a DatabaseImage,
    pub(crate) credential: &'a DatabaseCredential,
    pub(crate) limits: Limits,
    pub(crate) reach: &'a Reach,
}

/// All that a container is made of but its network, which the engine names.
#[derive(Serialize)]
struct Hashed<'a> {
    version: u32,
    kind: &'static str,
    image: &'a str,
    user: u32,
    credential: &'a str,
    limits: Limits,
    is_published: bool,
}

fn hash_of(value: &impl Serialize) -> String {
    // It cannot fail: these are texts and numbers. If it did, nothing would be taken for up to date.
    serde_json::to_vec(value).map(|bytes| hex::encode(Sha256::digest(bytes))).unwrap_or_default()
}

impl DatabaseForm<'_> {
    pub(crate) fn name(&self) -> String {
        self.installation.database_name(self.tenant, self.dataset)
    }

    /// What tells a container that is up to date: 256 bits of a hash that a random credential went into, so that it tells nothing of that.
    pub(crate) fn hash(&self) -> String {
        hash_of(&Hashed {
            version: FORM_VERSION,
            kind: self.kind.as_str(),
            image: self.image.reference.as_str(),
            user: self.image.user,
            credential: self.credential.expose(),
            limits: self.limits,
            is_published: *self.reach == Reach::Published,
        })
    }

    pub(crate) fn volume_labels(&self) -> Labels {
        let mut labels = self.installation.database_labels(self.tenant, self.dataset);
        labels.insert(KIND.to_owned(), self.kind.as_str().to_owned());
        labels
    }

    pub(crate) fn container_labels(&self) -> Labels {
        let mut labels = self.volume_labels();
        labels.insert(FORM.to_owned(), self.hash());
        labels
    }

    /// The volume that holds its data.
    pub(crate) fn volume(&self) -> VolumeCreateRequest {
        VolumeCreateRequest {
            name: Some(self.name()),
            driver: Some("local".to_owned()),
            driver_opts: None,
            labels: Some(self.volume_labels()),
            cluster_volume_spec: None,
        }
    }

    /// The key under which the engine tells its port.
    pub(crate) fn port(&self) -> String {
        format!("{}/tcp", needs(self.kind).port)
    }

    /// The container, in the network with this id.
    pub(crate) fn container(&self, network: &str) -> ContainerCreateBody {
        let needs = needs(self.kind);
        let variables = needs.variables.iter().map(|variable| (*variable).to_owned());
        let credential = format!("{}={}", needs.credential, self.credential.expose());
        ContainerCreateBody {
            image: Some(self.image.reference.as_str().to_owned()),
            user: Some(format!("{0}:{0}", self.image.user)),
            env: Some(variables.chain([credential]).collect()),
            exposed_ports: Some(vec![self.port()]),
            healthcheck: Some(HealthConfig {
                test: Some(vec!["CMD-SHELL".to_owned(), needs.health_command()]),
                // Seldom: there may be hundreds, and each look starts a process.
                interval: Some(30 * SECOND),
                timeout: Some(5 * SECOND),
                retries: Some(3),
                start_period: Some(60 * SECOND),
                ..HealthConfig::default()
            }),
            labels: Some(self.container_labels()),
            host_config: Some(self.host_config(network)),
            ..ContainerCreateBody::default()
        }
    }

    fn host_config(&self, network: &str) -> HostConfig {
        let memory = i64::from(self.limits.memory_mib).saturating_mul(MIB);
        HostConfig {
            network_mode: Some(network.to_owned()),
            port_bindings: (*self.reach == Reach::Published).then(|| {
                // No port: the engine chooses one that is free.
                let binding =
                    PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some(String::new()) };
                HashMap::from([(self.port(), Some(vec![binding]))])
            }),
            mounts: Some(vec![Mount {
                typ: Some(MountType::VOLUME),
                source: Some(self.name()),
                target: Some(needs(self.kind).data.to_owned()),
                read_only: Some(false),
                // A call that was given up may be carried out when the volume is gone: the engine makes one anew then, and it has to be found.
                volume_options: Some(MountVolumeOptions {
                    labels: Some(self.volume_labels()),
                    ..MountVolumeOptions::default()
                }),
                ..Mount::default()
            }]),
            readonly_rootfs: Some(true),
            tmpfs: Some(HashMap::from([("/tmp".to_owned(), TMPFS.to_owned())])),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            memory: Some(memory),
            // As much as the memory: no swap.
            memory_swap: Some(memory),
            nano_cpus: Some(i64::from(self.limits.milli_cpus).saturating_mul(1_000_000)),
            pids_limit: Some(i64::from(self.limits.processes)),
            restart_policy: Some(RestartPolicy {
                name: Some(RestartPolicyNameEnum::UNLESS_STOPPED),
                maximum_retry_count: None,
            }),
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".to_owned()),
                config: Some(HashMap::from([
                    ("max-size".to_owned(), "10m".to_owned()),
                    ("max-file".to_owned(), "2".to_owned()),
                ])),
            }),
            ..HostConfig::default()
        }
    }
}

/// What the network of a tenant is to be.
pub(crate) struct NetworkForm<'a> {
    pub(crate) installation: &'a Installation,
    pub(crate) tenant: TenantId,
    pub(crate) reach: &'a Reach,
}

impl NetworkForm<'_> {
    pub(crate) fn labels(&self) -> Labels {
        let mut labels = self.installation.tenant_labels(self.tenant);
        let reach = match self.reach {
            Reach::Bridge => "bridge",
            Reach::Published => "published",
            // Which container that is may change, and the network stays.
            Reach::Joined(_) => "joined",
        };
        labels.insert(FORM.to_owned(), hash_of(&(FORM_VERSION, reach)));
        labels
    }

    /// Whether no way leads out of it.
    pub(crate) fn is_internal(&self) -> bool {
        *self.reach != Reach::Published
    }

    /// The network, with these addresses.
    pub(crate) fn network(&self, addresses: Ipv4Net) -> NetworkCreateRequest {
        let is_joined = matches!(self.reach, Reach::Joined(_));
        let mut options = HashMap::from([
            // Where the space joins a network, it is one of the containers that have to reach each other.
            ("com.docker.network.bridge.enable_icc".to_owned(), is_joined.to_string()),
            ("com.docker.network.bridge.enable_ip_masquerade".to_owned(), "false".to_owned()),
            ("com.docker.network.bridge.name".to_owned(), bridge_name(addresses)),
        ]);
        if is_joined {
            options.insert("com.docker.network.bridge.inhibit_ipv4".to_owned(), "true".to_owned());
        }
        NetworkCreateRequest {
            name: self.installation.network_name(self.tenant),
            driver: Some("bridge".to_owned()),
            internal: Some(self.is_internal()),
            attachable: Some(false),
            enable_ipv6: Some(false),
            ipam: Some(Ipam {
                driver: Some("default".to_owned()),
                config: Some(vec![IpamConfig {
                    subnet: Some(addresses.to_string()),
                    gateway: Some(gateway(addresses).to_string()),
                    ..IpamConfig::default()
                }]),
                options: None,
            }),
            options: Some(options),
            labels: Some(self.labels()),
            ..NetworkCreateRequest::default()
        }
    }
}

/// The name of the network's interface on the host: `ssp` and its address in hexadecimal digits. The operator's firewall knows all of them by how
/// they begin, and no two are the same, because no two networks have the same addresses.
fn bridge_name(addresses: Ipv4Net) -> String {
    format!("ssp{}", hex::encode(addresses.network().octets()))
}
