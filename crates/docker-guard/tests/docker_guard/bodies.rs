//! Bodies that the policy of the tests allows.

use serde_json::{Value, json};
use syft_space_docker_guard::{Policy, PolicySettings};

pub(crate) const INSTALLATION: &str = "space-1";
pub(crate) const POOL: &str = "10.213.0.0/16";
pub(crate) const VOLUME: &str = "syft-space-v-1";
pub(crate) const NETWORK: &str = "syft-space-n-1";

pub(crate) const HEALTH: &str = "wget -q -O /dev/null http://127.0.0.1:8000/api/v2/heartbeat 2>/dev/null \
    || curl -sf -o /dev/null http://127.0.0.1:8000/api/v2/heartbeat 2>/dev/null || bash -c ': </dev/tcp/127.0.0.1/8000'";

pub(crate) fn image() -> String {
    format!("sha256:{}", "0a".repeat(32))
}

pub(crate) fn settings() -> PolicySettings {
    PolicySettings {
        installation: INSTALLATION.to_owned(),
        images: vec![image(), format!("chromadb/chroma@sha256:{}", "0b".repeat(32))],
        address_pool: POOL.to_owned(),
        max_memory_mib: 512,
        max_cpus: 1,
        max_pids: 128,
        max_databases: 3,
    }
}

pub(crate) fn policy() -> Policy {
    Policy::new(settings()).unwrap()
}

pub(crate) fn labels() -> Value {
    json!({ "syft-space.installation": INSTALLATION, "syft-space.tenant": "t-1", "syft-space.dataset": "d-1" })
}

/// A container with everything that it may have.
pub(crate) fn container() -> Value {
    json!({
        "Image": image(),
        "User": "1000:1000",
        "Env": ["QDRANT__SERVICE__API_KEY=some=secret"],
        "Labels": labels(),
        "ExposedPorts": { "8000/tcp": {} },
        "Healthcheck": {
            "Test": ["CMD-SHELL", HEALTH],
            "Interval": 5_000_000_000_u64,
            "Timeout": 2_000_000_000_u64,
            "Retries": 3,
        },
        "StopTimeout": 10,
        "HostConfig": {
            "Memory": 268_435_456,
            "MemorySwap": 268_435_456,
            "NanoCpus": 500_000_000,
            "PidsLimit": 64,
            "ReadonlyRootfs": true,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "Tmpfs": { "/tmp": "rw,noexec,nosuid,nodev,size=64m" },
            "Mounts": [{ "Type": "volume", "Source": VOLUME, "Target": "/data" }],
            "NetworkMode": NETWORK,
            "PortBindings": { "8000/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "" }] },
            "RestartPolicy": { "Name": "unless-stopped" },
            "LogConfig": { "Type": "json-file", "Config": { "max-size": "10m", "max-file": "3" } },
        },
        "NetworkingConfig": { "EndpointsConfig": { NETWORK: {} } },
    })
}

pub(crate) fn network() -> Value {
    json!({
        "Name": NETWORK,
        "Driver": "bridge",
        "Internal": false,
        "IPAM": { "Driver": "default", "Config": [{ "Subnet": "10.213.4.16/28", "Gateway": "10.213.4.17" }] },
        "Options": {
            "com.docker.network.bridge.enable_icc": "false",
            "com.docker.network.bridge.enable_ip_masquerade": "false",
            "com.docker.network.bridge.name": "ssp0ad50410",
        },
        "Labels": labels(),
    })
}

pub(crate) fn volume() -> Value {
    json!({ "Name": VOLUME, "Driver": "local", "Labels": labels() })
}

/// A body with a value at a place, as `/HostConfig/Privileged`; `null` takes the member out.
pub(crate) fn with(mut body: Value, place: &str, value: Value) -> Value {
    let (parent, name) = place.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap_or_else(|| panic!("{place}: nothing is there"));
    match parent {
        Value::Object(members) if value.is_null() => drop(members.remove(name)),
        Value::Object(members) => drop(members.insert(name.to_owned(), value)),
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        other => panic!("{place}: {other} has no parts"),
    }
    body
}
