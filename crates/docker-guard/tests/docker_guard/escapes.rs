//! Each known way out of a container by the body that makes it (K14), one by one.

use serde_json::{Value, json};
use syft_space_docker_guard::{accept_container, accept_network, accept_volume};

use super::bodies::{HEALTH, container, labels, network, policy, volume, with};

/// Members that give a container a part of the host, or a right on it.
pub(crate) fn of_containers() -> Vec<(&'static str, Value)> {
    let mount = |mount: Value| ("/HostConfig/Mounts", json!([mount]));
    vec![
        // The host's files.
        ("/HostConfig/Binds", json!(["/:/host"])),
        ("/HostConfig/Binds", json!(["/var/run/docker.sock:/var/run/docker.sock"])),
        ("/HostConfig/Binds", json!(["syft-space-v-1:/data"])),
        mount(json!({ "Type": "bind", "Source": "/", "Target": "/host" })),
        mount(json!({ "Type": "volume", "Source": "/", "Target": "/data" })),
        mount(json!({ "Type": "volume", "Source": "someone-elses", "Target": "/data" })),
        mount(json!({ "Type": "volume", "Target": "/data" })),
        mount(json!({ "Type": "npipe", "Source": "syft-space-v-1", "Target": "/data" })),
        mount(json!({ "Type": "tmpfs", "Target": "/data" })),
        mount(json!({ "Type": "image", "Source": "syft-space-v-1", "Target": "/data" })),
        mount(json!({ "Type": "cluster", "Source": "syft-space-v-1", "Target": "/data" })),
        mount(json!({
            "Type": "volume", "Source": "syft-space-v-1", "Target": "/data",
            "VolumeOptions": { "DriverConfig": { "Name": "local", "Options": { "type": "none", "o": "bind", "device": "/" } } },
        })),
        mount(
            json!({ "Type": "volume", "Source": "syft-space-v-1", "Target": "/data", "VolumeOptions": { "Subpath": ".." } }),
        ),
        mount(json!({
            "Type": "volume", "Source": "syft-space-v-1", "Target": "/data",
            "VolumeOptions": { "Labels": { "syft-space.installation": "another" } },
        })),
        mount(json!({
            "Type": "volume", "Source": "syft-space-v-1", "Target": "/data", "VolumeOptions": { "Labels": { "other": "x" } },
        })),
        mount(json!({
            "Type": "volume", "Source": "syft-space-v-1", "Target": "/data", "BindOptions": { "Propagation": "rshared" },
        })),
        mount(json!({ "Type": "volume", "Source": "syft-space-v-1", "Target": "/proc/sys" })),
        mount(json!({ "Type": "volume", "Source": "syft-space-v-1", "Target": "/sys" })),
        mount(json!({ "Type": "volume", "Source": "syft-space-v-1", "Target": "/data/../../etc" })),
        mount(json!({ "Type": "volume", "Source": "syft-space-v-1", "Target": "data" })),
        mount(json!({ "Type": "volume", "Source": "syft-space-v-1", "Target": "/" })),
        (
            "/HostConfig/Mounts",
            json!([
                { "Type": "volume", "Source": "syft-space-v-1", "Target": "/data" },
                { "Type": "bind", "Source": "/", "Target": "/host" },
            ]),
        ),
        ("/HostConfig/VolumesFrom", json!(["other"])),
        ("/HostConfig/VolumeDriver", json!("local")),
        ("/Volumes", json!({ "/data": {} })),
        ("/HostConfig/Tmpfs", json!({ "/tmp": "exec,suid" })),
        ("/HostConfig/Tmpfs", json!({ "/tmp": "size=64m,dev" })),
        ("/HostConfig/Tmpfs", json!({ "/proc": "" })),
        ("/HostConfig/StorageOpt", json!({ "size": "1000G" })),
        // The host's rights.
        ("/HostConfig/Privileged", json!(true)),
        ("/HostConfig/privileged", json!(true)),
        ("/HostConfig/PRIVILEGED", json!(true)),
        ("/hostconfig", json!({ "Privileged": true })),
        ("/HostConfig/CapAdd", json!(["SYS_ADMIN"])),
        ("/HostConfig/CapAdd", json!(["ALL"])),
        ("/HostConfig/CapDrop", json!([])),
        ("/HostConfig/CapDrop", json!(["NET_RAW"])),
        ("/HostConfig/CapDrop", json!(["ALL", "x"])),
        ("/HostConfig/CapDrop", Value::Null),
        ("/HostConfig/SecurityOpt", json!(["seccomp=unconfined"])),
        ("/HostConfig/SecurityOpt", json!(["no-new-privileges", "seccomp=unconfined"])),
        ("/HostConfig/SecurityOpt", json!(["no-new-privileges", "apparmor=unconfined"])),
        ("/HostConfig/SecurityOpt", json!(["label=disable"])),
        ("/HostConfig/SecurityOpt", json!(["systempaths=unconfined"])),
        ("/HostConfig/SecurityOpt", json!(["no-new-privileges:false"])),
        ("/HostConfig/SecurityOpt", Value::Null),
        ("/HostConfig/MaskedPaths", json!(["/nothing"])),
        ("/HostConfig/ReadonlyPaths", json!(["/nothing"])),
        ("/HostConfig/ReadonlyRootfs", json!(false)),
        ("/HostConfig/ReadonlyRootfs", Value::Null),
        ("/HostConfig/GroupAdd", json!(["0"])),
        ("/User", json!("root")),
        ("/User", json!("0")),
        ("/User", json!("0:0")),
        ("/User", json!("1000")),
        ("/User", json!("1000:0")),
        ("/User", json!("00:1000")),
        ("/User", json!("+0:1000")),
        ("/User", json!("4294967296:1000")),
        ("/User", json!("")),
        ("/User", Value::Null),
        // The host's devices.
        (
            "/HostConfig/Devices",
            json!([{ "PathOnHost": "/dev/sda", "PathInContainer": "/dev/sda", "CgroupPermissions": "rwm" }]),
        ),
        ("/HostConfig/DeviceRequests", json!([{ "Count": -1, "Capabilities": [["gpu"]] }])),
        ("/HostConfig/DeviceCgroupRules", json!(["a *:* rwm"])),
        ("/HostConfig/BlkioDeviceReadBps", json!([{ "Path": "/dev/sda", "Rate": 1 }])),
        // The host's name spaces, and others'.
        ("/HostConfig/PidMode", json!("host")),
        ("/HostConfig/PidMode", json!("container:other")),
        ("/HostConfig/IpcMode", json!("host")),
        ("/HostConfig/IpcMode", json!("shareable")),
        ("/HostConfig/UTSMode", json!("host")),
        ("/HostConfig/UsernsMode", json!("host")),
        ("/HostConfig/CgroupnsMode", json!("host")),
        ("/HostConfig/NetworkMode", json!("host")),
        ("/HostConfig/NetworkMode", json!("none")),
        ("/HostConfig/NetworkMode", json!("bridge")),
        ("/HostConfig/NetworkMode", json!("default")),
        ("/HostConfig/NetworkMode", json!("container:other")),
        ("/HostConfig/NetworkMode", json!("ns:/proc/1/ns/net")),
        ("/HostConfig/NetworkMode", json!("syft-space-n-2")),
        ("/HostConfig/NetworkMode", Value::Null),
        ("/HostConfig/Links", json!(["other:db"])),
        ("/HostConfig/ExtraHosts", json!(["db:169.254.169.254"])),
        ("/HostConfig/Dns", json!(["203.0.113.1"])),
        ("/NetworkingConfig/EndpointsConfig", json!({ "host": {} })),
        ("/NetworkingConfig/EndpointsConfig", json!({ "syft-space-n-1": {}, "syft-space-n-2": {} })),
        ("/NetworkingConfig/EndpointsConfig", json!({ "syft-space-n-1": { "Links": ["other:db"] } })),
        (
            "/NetworkingConfig/EndpointsConfig",
            json!({ "syft-space-n-1": { "MacAddress": "02:00:00:00:00:01" } }),
        ),
        (
            "/NetworkingConfig/EndpointsConfig",
            json!({ "syft-space-n-1": { "IPAMConfig": { "IPv4Address": "10.213.4.17" } } }),
        ),
        ("/NetworkingConfig/EndpointsConfig", json!({ "syft-space-n-1": { "DriverOpts": { "a": "b" } } })),
        // The host's ports.
        ("/HostConfig/PortBindings", json!({ "8000/tcp": [{ "HostIp": "0.0.0.0", "HostPort": "" }] })),
        ("/HostConfig/PortBindings", json!({ "8000/tcp": [{ "HostIp": "", "HostPort": "" }] })),
        ("/HostConfig/PortBindings", json!({ "8000/tcp": [{ "HostPort": "" }] })),
        ("/HostConfig/PortBindings", json!({ "8000/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "22" }] })),
        ("/HostConfig/PortBindings", json!({ "8000/tcp": [{ "HostIp": "::1", "HostPort": "" }] })),
        ("/HostConfig/PortBindings", json!({ "8000/udp": [{ "HostIp": "127.0.0.1", "HostPort": "" }] })),
        ("/HostConfig/PortBindings", json!({ "1-65535/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "" }] })),
        ("/HostConfig/PublishAllPorts", json!(true)),
        // The host's kernel, programs and groups of processes.
        ("/HostConfig/Sysctls", json!({ "kernel.core_pattern": "|/x" })),
        ("/HostConfig/CgroupParent", json!("/")),
        ("/HostConfig/Cgroup", json!("container:other")),
        ("/HostConfig/Runtime", json!("runc")),
        ("/HostConfig/Annotations", json!({ "run.oci.hooks": "x" })),
        ("/HostConfig/Ulimits", json!([{ "Name": "core", "Soft": -1, "Hard": -1 }])),
        ("/HostConfig/OomKillDisable", json!(true)),
        ("/HostConfig/OomScoreAdj", json!(-1000)),
        ("/HostConfig/ContainerIDFile", json!("/etc/cron.d/x")),
        ("/HostConfig/ShmSize", json!(1_u64 << 40)),
        ("/HostConfig/Isolation", json!("process")),
        ("/HostConfig/AutoRemove", json!(true)),
        ("/HostConfig/Init", json!(true)),
        // The host's share.
        ("/HostConfig/Memory", json!(0)),
        ("/HostConfig/Memory", json!(-1)),
        ("/HostConfig/Memory", json!(1_u64 << 40)),
        ("/HostConfig/Memory", json!("1")),
        ("/HostConfig/Memory", json!(1e9)),
        ("/HostConfig/MemorySwap", json!(-1)),
        ("/HostConfig/MemorySwappiness", json!(100)),
        ("/HostConfig/MemoryReservation", json!(1)),
        ("/HostConfig/NanoCpus", json!(0)),
        ("/HostConfig/NanoCpus", json!(64_000_000_000_u64)),
        ("/HostConfig/CpuQuota", json!(-1)),
        ("/HostConfig/CpuRealtimeRuntime", json!(950_000)),
        ("/HostConfig/CpusetCpus", json!("0-63")),
        ("/HostConfig/PidsLimit", json!(-1)),
        ("/HostConfig/PidsLimit", json!(0)),
        ("/HostConfig/PidsLimit", json!(1_000_000)),
        ("/HostConfig/PidsLimit", Value::Null),
        (
            "/HostConfig/LogConfig",
            json!({ "Type": "syslog", "Config": { "syslog-address": "udp://203.0.113.1" } }),
        ),
        ("/HostConfig/LogConfig", json!({ "Type": "json-file", "Config": {} })),
        (
            "/HostConfig/LogConfig",
            json!({ "Type": "json-file", "Config": { "max-size": "-1", "max-file": "1" } }),
        ),
        (
            "/HostConfig/LogConfig",
            json!({ "Type": "json-file", "Config": { "max-size": "1m", "max-file": "1", "env": "x" } }),
        ),
        ("/HostConfig/LogConfig", Value::Null),
        ("/HostConfig/PortBindings", ports(&json!([{ "HostIp": "127.0.0.1", "HostPort": "" }]))),
        ("/ExposedPorts", ports(&json!({}))),
        (
            "/NetworkingConfig/EndpointsConfig",
            json!({ "syft-space-n-1": { "Aliases": (0..5).map(|n| format!("syft-space-{n}")).collect::<Vec<_>>() } }),
        ),
        // What runs in it.
        ("/Image", json!("chroma:latest")),
        ("/Image", json!(format!("sha256:{}", "ff".repeat(32)))),
        ("/Image", Value::Null),
        ("/Entrypoint", json!(["/bin/sh"])),
        ("/Cmd", json!(["/bin/sh"])),
        ("/Healthcheck/Test", json!(["CMD-SHELL", "x"])),
        ("/Healthcheck/Test", json!(["CMD-SHELL", format!("{HEALTH}; x")])),
        ("/Healthcheck/Test", json!(["CMD-SHELL", HEALTH.replace("/api", "/api;x")])),
        ("/Healthcheck/Test", json!(["CMD-SHELL", HEALTH.replace("8000", "8000$(x)")])),
        ("/Healthcheck/Test", json!(["CMD-SHELL", HEALTH.replacen("127.0.0.1", "203.0.113.1", 1)])),
        ("/Healthcheck/Test", json!(["CMD", "x"])),
        ("/Healthcheck/Test", json!("CMD x")),
        ("/Healthcheck/Interval", json!(1)),
        ("/Env", json!(["LD_PRELOAD=/data/x.so"])),
        ("/Env", json!(["PATH=/data"])),
        ("/Env", json!(["QDRANT__SERVICE__API_KEY=a", "QDRANT__SERVICE__API_KEY=b"])),
        ("/Env", json!(["QDRANT__SERVICE__API_KEY=a\nb"])),
        ("/Env", json!(["QDRANT__SERVICE__API_KEY"])),
        ("/Tty", json!(true)),
        ("/OpenStdin", json!(true)),
        ("/Hostname", json!("host")),
        ("/WorkingDir", json!("/x")),
        ("/StopSignal", json!("SIGSTOP")),
        ("/StopTimeout", json!(100_000)),
        ("/OnBuild", json!(["RUN x"])),
        ("/Shell", json!(["x"])),
        // Whose it is.
        ("/Labels", json!({})),
        ("/Labels", Value::Null),
        ("/Labels", json!({ "syft-space.installation": "space-2" })),
        ("/Labels", json!({ "SYFT-SPACE.installation": "space-1" })),
        ("/Labels", with(json!({ "l": labels() }), "/l/com.docker.compose.project", json!("x"))["l"].clone()),
        ("/Unknown", json!(1)),
        ("/HostConfig/Unknown", json!({ "a": 1 })),
    ]
}

/// Five ports, each with the same.
fn ports(each: &Value) -> Value {
    (8000..8005).map(|port| (format!("{port}/tcp"), each.clone())).collect::<serde_json::Map<_, _>>().into()
}

/// Members that make a network more than a bridge of the pool.
pub(crate) fn of_networks() -> Vec<(&'static str, Value)> {
    let subnet = |subnet: &str| ("/IPAM/Config", json!([{ "Subnet": subnet }]));
    let option = |name: &str, value: &str| {
        (
            "/Options",
            with(json!({ "o": network()["Options"] }), &format!("/o/{name}"), json!(value))["o"].clone(),
        )
    };
    vec![
        ("/Driver", json!("macvlan")),
        ("/Driver", json!("ipvlan")),
        ("/Driver", json!("host")),
        ("/Driver", json!("overlay")),
        ("/Name", json!("bridge")),
        ("/Name", json!("docker0")),
        ("/Attachable", json!(true)),
        ("/Ingress", json!(true)),
        ("/Scope", json!("swarm")),
        ("/ConfigFrom", json!({ "Network": "other" })),
        ("/ConfigOnly", json!(true)),
        ("/EnableIPv6", json!(true)),
        ("/Labels", json!({})),
        ("/IPAM/Driver", json!("dhcp")),
        ("/IPAM/Options", json!({ "a": "b" })),
        ("/IPAM/Config", json!([])),
        ("/IPAM/Config", json!([{ "Subnet": "10.213.4.16/28" }, { "Subnet": "10.213.4.32/28" }])),
        (
            "/IPAM/Config",
            json!([{ "Subnet": "10.213.4.16/28", "AuxiliaryAddresses": { "a": "10.213.4.20" } }]),
        ),
        ("/IPAM/Config", json!([{ "Subnet": "10.213.4.16/28", "IPRange": "0.0.0.0/0" }])),
        ("/IPAM/Config", json!([{ "Subnet": "10.213.4.16/28", "Gateway": "10.0.0.1" }])),
        ("/IPAM/Config", json!([{ "Subnet": "10.213.4.16/28", "Gateway": "10.213.4.31" }])),
        ("/IPAM", Value::Null),
        subnet("0.0.0.0/0"),
        subnet("10.0.0.0/8"),
        subnet("10.213.0.0/16"),
        subnet("10.214.0.0/28"),
        subnet("10.213.4.17/28"),
        subnet("10.213.4.16/31"),
        subnet("10.213.4.16/32"),
        subnet("169.254.169.0/28"),
        subnet("fd00::/64"),
        option("com.docker.network.bridge.name", "docker0"),
        option("com.docker.network.bridge.name", "ssp0ad50420"),
        option("com.docker.network.bridge.inhibit_ipv4", "x"),
        option("com.docker.network.bridge.enable_icc", "true"),
        option("com.docker.network.bridge.enable_ip_masquerade", "true"),
        option("com.docker.network.bridge.host_binding_ipv4", "0.0.0.0"),
        option("com.docker.network.bridge.gateway_mode_ipv4", "routed"),
        option("com.docker.network.container_iface_prefix", "eth"),
        option("com.docker.network.driver.mtu", "1"),
        option("parent", "eth0"),
        ("/Options", json!({ "com.docker.network.bridge.enable_icc": "false" })),
        ("/Options", Value::Null),
    ]
}

/// Members that make a volume any folder of the host.
pub(crate) fn of_volumes() -> Vec<(&'static str, Value)> {
    vec![
        ("/DriverOpts", json!({ "type": "none", "o": "bind", "device": "/" })),
        ("/DriverOpts", json!({ "type": "nfs", "o": "addr=203.0.113.1", "device": ":/" })),
        ("/driveropts", json!({ "o": "bind" })),
        ("/Driver", json!("vieux/sshfs")),
        ("/Name", json!("other")),
        ("/Name", json!("syft-space-../../etc")),
        ("/Name", Value::Null),
        ("/Labels", json!({ "syft-space.installation": "space-2" })),
        ("/ClusterVolumeSpec", json!({ "Group": "x" })),
    ]
}

#[test]
fn k14_what_the_policy_allows_is_accepted() {
    assert!(accept_container(container().to_string().as_bytes(), &policy()).is_ok());
    assert!(accept_network(network().to_string().as_bytes(), &policy()).is_ok());
    assert!(accept_volume(volume().to_string().as_bytes(), &policy()).is_ok());
    let internal = with(
        with(network(), "/Internal", json!(true)),
        "/Options",
        json!({ "com.docker.network.bridge.enable_icc": "true", "com.docker.network.bridge.inhibit_ipv4": "true" }),
    );
    assert!(accept_network(internal.to_string().as_bytes(), &policy()).is_ok());
}

#[test]
fn k14_no_body_that_leads_out_of_a_container_is_accepted() {
    for (place, value) in of_containers() {
        // The body's own network is the one that the wrong one stands beside.
        let body = with(container(), place, value.clone()).to_string();
        let refused = accept_container(body.as_bytes(), &policy());
        let refusal = refused.expect_err(&format!("{place}: {value}"));
        assert!(refusal.status() == 403, "{place}: {refusal}");
    }
    for (place, value) in of_networks() {
        let body = with(network(), place, value.clone()).to_string();
        accept_network(body.as_bytes(), &policy()).expect_err(&format!("{place}: {value}"));
    }
    for (place, value) in of_volumes() {
        let body = with(volume(), place, value.clone()).to_string();
        accept_volume(body.as_bytes(), &policy()).expect_err(&format!("{place}: {value}"));
    }
}

#[test]
fn k14_what_says_nothing_is_accepted_and_not_forwarded() {
    let id = "f0".repeat(32);
    let forward = |body: &Value| {
        let accepted = accept_container(body.to_string().as_bytes(), &policy()).unwrap();
        accepted.forwarded(&id.clone().try_into().unwrap())
    };
    let plain = forward(&container());
    // As Docker's own client writes them.
    let mut long = container();
    for (place, value) in [
        ("/HostConfig/Privileged", json!(false)),
        ("/HostConfig/Binds", Value::Array(Vec::new())),
        ("/HostConfig/PidMode", json!("")),
        ("/HostConfig/MaskedPaths", json!([])),
        ("/HostConfig/MemorySwappiness", json!(-1)),
        ("/HostConfig/ConsoleSize", json!([0, 0])),
        ("/HostConfig/Init", json!(false)),
        ("/Tty", json!(false)),
        ("/Volumes", json!({})),
        ("/AttachStdout", json!(true)),
        (
            "/NetworkingConfig/EndpointsConfig/syft-space-n-1",
            json!({ "Aliases": [], "MacAddress": "", "GwPriority": 0 }),
        ),
    ] {
        long = with(long, place, value);
    }
    assert_eq!(String::from_utf8(forward(&long)), String::from_utf8(plain));
}

#[test]
fn k14_a_key_that_stands_twice_is_refused() {
    let body = container().to_string();
    for (from, to) in [
        (r#""ReadonlyRootfs":true"#, r#""ReadonlyRootfs":true,"ReadonlyRootfs":true"#),
        (r#""HostConfig":{"#, r#""HostConfig":{},"HostConfig":{"#),
        (r#""/tmp":"#, r#""/tmp":"exec","/tmp":"#),
        (r#""CapDrop":"#, "\"CapDrop\":[],\"\\u0043apDrop\":"),
    ] {
        assert!(body.contains(from), "{from}");
        let twice = body.replacen(from, to, 1);
        let refusal = accept_container(twice.as_bytes(), &policy()).unwrap_err();
        assert_eq!(refusal.status(), 400, "{refusal}");
    }
}
