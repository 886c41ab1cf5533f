//! What is made has exactly the properties that it is to have, as the engine tells them to somebody else.

use serde_json::{Value, json};
use syft_space_docker::Reach;
use syft_space_domain::dataset::VectorDatabaseKind;
use syft_space_domain::provisioning::ports::{DatabaseStatus, Provisioner};

use crate::engine::{ContainerEngine, Kind};
use crate::space::{
    CHROMA, census, container_of, credential, dataset, installation, provisioner, scope, settings,
};

/// The parts of a container that say what it may do.
fn rights_of(container: &Value) -> Value {
    let host = &container["HostConfig"];
    json!({
        "binds": host["Binds"], "privileged": host["Privileged"], "cap_add": host["CapAdd"], "cap_drop": host["CapDrop"],
        "devices": host["Devices"], "pid": host["PidMode"], "uts": host["UTSMode"], "userns": host["UsernsMode"],
        "read_only": host["ReadonlyRootfs"], "security": host["SecurityOpt"], "memory": host["Memory"],
        "swap": host["MemorySwap"], "cpus": host["NanoCpus"], "pids": host["PidsLimit"], "tmpfs": host["Tmpfs"],
        "restart": host["RestartPolicy"]["Name"], "log": host["LogConfig"], "user": container["Config"]["User"],
        "health": container["Config"]["Healthcheck"], "links": host["Links"], "volumes_from": host["VolumesFrom"],
        "hosts": host["ExtraHosts"], "sysctls": host["Sysctls"], "parent": host["CgroupParent"],
    })
}

/// What Podman tells of the same rights, in Docker's words. The capabilities that it lists as dropped are all that it gives.
fn as_docker_tells(mut told: Value) -> Value {
    const GIVEN: [&str; 14] = [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ];
    let same = |told: &mut Value, podmans: Value, dockers: Value| {
        if *told == podmans {
            *told = dockers;
        }
    };
    // Its volume is told among what is bound, by its name, which is no path.
    let is_volume = |bound: &Value| bound.as_str().is_some_and(|bound| bound.starts_with("syft-space-"));
    if told["binds"].as_array().is_some_and(|bound| bound.len() == 1 && is_volume(&bound[0])) {
        told["binds"] = Value::Null;
    }
    same(&mut told["cap_drop"], json!(GIVEN), json!(["ALL"]));
    for empty in ["cap_add", "devices", "hosts"] {
        same(&mut told[empty], json!([]), Value::Null);
    }
    for own in ["pid", "uts"] {
        same(&mut told[own], json!("private"), json!(""));
    }
    // How large a log may grow it keeps elsewhere.
    let log = json!({"max-size": "10m", "max-file": "2"});
    same(&mut told["log"]["Config"], Value::Null, log);
    // It adds two folders in memory, without which many an image does not run on a root that cannot be written.
    let folders = told["tmpfs"].as_object_mut().unwrap();
    for folder in ["/run", "/var/tmp"] {
        assert_eq!(folders.remove(folder), Some(json!("rw,rprivate,nosuid,nodev,tmpcopyup")));
    }
    let tmp = folders["/tmp"].as_str().unwrap().replace(",rprivate,tmpcopyup", "");
    folders["/tmp"] = json!(tmp);
    told
}

fn expected(health: &str) -> Value {
    json!({
        "binds": null, "privileged": false, "cap_add": null, "cap_drop": ["ALL"], "devices": null, "pid": "", "uts": "",
        "userns": "", "read_only": true, "security": ["no-new-privileges"], "memory": 67_108_864, "swap": 67_108_864,
        "cpus": 500_000_000, "pids": 32, "tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=67108864"},
        "restart": "unless-stopped", "log": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "2"}},
        "user": "1000:1000",
        "health": {
            "Test": ["CMD-SHELL", health], "Interval": 30_000_000_000_u64, "Timeout": 5_000_000_000_u64,
            "StartPeriod": 60_000_000_000_u64, "Retries": 3,
        },
        "links": null, "volumes_from": null, "hosts": null, "sysctls": null, "parent": "",
    })
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn n3_a_database_has_exactly_the_rights_that_it_needs() {
    let engine = ContainerEngine::start();
    let space = provisioner(settings(&engine, &engine.way()));
    for (of, kind, path) in [(1, CHROMA, "/api/v2/heartbeat"), (2, VectorDatabaseKind::Qdrant, "/healthz")] {
        let address = space.provision(&scope(1), dataset(of), kind, &credential(of)).await.unwrap();
        let id = container_of(&engine, 1, of);
        let container = engine.inspect("container", &id);
        let health = container["Config"]["Healthcheck"]["Test"][1].as_str().unwrap().to_owned();
        assert!(health.contains(path));
        let told = rights_of(&container);
        let told = if engine.kind == Kind::Podman { as_docker_tells(told) } else { told };
        assert_eq!(told, expected(&health));
        engine.docker(&["exec", &id, "sh", "-c", &health]);
        assert_eq!(container["Image"], json!(engine.image));

        let labels = &container["Config"]["Labels"];
        assert_eq!(labels["syft-space.installation"], json!(installation().as_str()));
        assert_eq!(labels["syft-space.tenant"], json!(scope(1).tenant().to_string()));
        assert_eq!(labels["syft-space.dataset"], json!(dataset(of).to_string()));

        let mounts = container["Mounts"].as_array().unwrap();
        assert_eq!(mounts.len(), 1, "one volume and nothing else: {mounts:?}");
        assert_eq!(mounts[0]["Type"], json!("volume"));
        let volume = engine.inspect("volume", mounts[0]["Name"].as_str().unwrap());
        assert_eq!(volume["Driver"], json!("local"));
        assert!(volume["Options"].as_object().is_none_or(serde_json::Map::is_empty), "{volume}");
        assert_eq!(volume["Labels"]["syft-space.dataset"], json!(dataset(of).to_string()));

        let variables = container["Config"]["Env"].to_string();
        assert!(variables.contains(credential(of).expose()), "the database is told its credential");
        assert_eq!(space.status(&scope(1), dataset(of)).await, Ok(DatabaseStatus::Ready(address)));
    }
    assert_eq!(census(&engine), (2, 2, 1), "the tenant's databases are in one network");
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn n3_what_runs_in_a_database_can_write_its_data_and_nothing_else() {
    let engine = ContainerEngine::start();
    let space = provisioner(settings(&engine, &engine.way()));
    space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await.unwrap();
    let id = container_of(&engine, 1, 1);
    let does = |line: &str| engine.try_docker(&["exec", &id, "sh", "-c", line]).is_ok();
    assert!(does("touch /data/here /tmp/here"), "its data and what is in memory can be written");
    assert!(!does("touch /bin/here") && !does("touch /www/here"), "its root cannot");
    assert!(does("test \"$(id -u):$(id -g)\" = 1000:1000"), "it is not root");
    assert!(does("grep -q 'CapBnd:.0000000000000000' /proc/self/status"), "it has no capability");
    assert!(does("grep -q 'NoNewPrivs:.1' /proc/self/status"), "it cannot become more than it is");
    assert!(!does("mount -t tmpfs tmpfs /tmp"));
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn n3_a_tenants_network_is_what_its_reach_says() {
    let engine = ContainerEngine::start();
    for (reach, internal, icc) in [(Reach::Bridge, true, "false"), (Reach::Published, false, "false")] {
        let mut settings = settings(&engine, &engine.way());
        settings.reach = reach.clone();
        let space = provisioner(settings);
        let address = space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await.unwrap();
        let label = format!("label=syft-space.tenant={}", scope(1).tenant());
        let networks = engine.list(&["network", "ls", "--quiet", "--filter", &label]);
        assert_eq!(networks.len(), 1, "one network, made anew where the reach is another");
        let network = engine.inspect("network", &networks[0]);
        assert_eq!(network["Internal"], json!(internal));
        assert_eq!((&network["Driver"], &network["EnableIPv6"]), (&json!("bridge"), &json!(false)));
        assert_eq!(network["IPAM"]["Config"], json!([{"Subnet": "10.213.0.0/28", "Gateway": "10.213.0.1"}]));
        if engine.kind == Kind::Podman {
            // It tells none of them. What they come to is tried in `isolation.rs`.
            continue;
        }
        assert_eq!(
            network["Options"],
            json!({
                "com.docker.network.bridge.enable_icc": icc,
                "com.docker.network.bridge.enable_ip_masquerade": "false",
                "com.docker.network.bridge.name": "ssp0ad50000",
            })
        );
        let ports =
            engine.inspect("container", &container_of(&engine, 1, 1))["HostConfig"]["PortBindings"].clone();
        if reach == Reach::Published {
            assert_eq!(ports, json!({"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}));
            assert!(address.socket().ip().is_loopback());
        } else {
            assert_eq!(ports, Value::Null, "nothing is published");
            assert!(address.to_string().starts_with("http://10.213.0."), "{address}");
        }
    }
}
