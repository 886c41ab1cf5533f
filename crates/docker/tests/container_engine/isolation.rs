//! Who reaches whom, tried from inside of the containers.

use std::process::Command;

use syft_space_docker::{ContainerName, Reach};
use syft_space_domain::provisioning::ports::Provisioner;

use crate::engine::{ContainerEngine, Kind, Server};
use crate::space::{
    CHROMA, container_of, credential, dataset, everything, installation, provisioner, scope, settings,
};

const PATH: &str = "/api/v2/heartbeat";

/// Engines that keep no container from others in its network: docs/docker.md says so of them.
const NEIGHBOURS_MEET: &[Kind] = &[Kind::Podman];
/// Engines that keep no published database from any other, another tenant's neither.
const PUBLISHED_MEET: &[Kind] = &[Kind::Podman];
/// Engines whose host has an address in each network, though it is told to have none.
const HOST_IS_THERE: &[Kind] = &[Kind::Podman];

#[track_caller]
fn run(line: &str) {
    let status = Command::new("sh").args(["-c", line]).status().unwrap();
    assert!(status.success(), "{line}");
}

/// A server elsewhere: in a network namespace of its own, with the host as its way to everything. It could answer a container.
struct Elsewhere {
    server: Option<Server>,
}

const ELSEWHERE: &str = "http://192.0.2.2:8080/";

impl Elsewhere {
    fn begin() -> Self {
        for line in [
            "ip netns add elsewhere",
            "ip link add ve0 type veth peer name ve1 netns elsewhere",
            "ip address add 192.0.2.1/24 dev ve0 && ip link set ve0 up",
            "ip -n elsewhere address add 192.0.2.2/24 dev ve1 && ip -n elsewhere link set ve1 up",
            "ip -n elsewhere route add default via 192.0.2.1",
            "mkdir -p /tmp/elsewhere && echo here >/tmp/elsewhere/index.html",
        ] {
            run(line);
        }
        let serve = "ip netns exec elsewhere busybox httpd -f -p 8080 -h /tmp/elsewhere";
        let server = Server::begin(&serve.split(' ').collect::<Vec<_>>(), ELSEWHERE);
        Self { server: Some(server) }
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.server = None;
        run("ip link delete ve0; ip netns delete elsewhere; rm -r /tmp/elsewhere");
    }
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn n3_no_database_reaches_another_tenants_nor_its_neighbour_nor_anybody_elsewhere() {
    let engine = ContainerEngine::start();
    let elsewhere = Elsewhere::begin();
    let space = provisioner(settings(&engine, &engine.way()));
    let mut addresses = Vec::new();
    for (tenant, of) in [(1, 1), (1, 2), (2, 3)] {
        addresses.push(space.provision(&scope(tenant), dataset(of), CHROMA, &credential(of)).await.unwrap());
    }
    let own = container_of(&engine, 1, 1);
    assert!(engine.reaches(&own, &format!("http://127.0.0.1:8000{PATH}")), "it reaches itself");
    let reaches = |address| engine.reaches(&own, &format!("{address}{PATH}"));
    assert_eq!(reaches(addresses[1]), NEIGHBOURS_MEET.contains(&engine.kind), "it reaches its neighbour");
    assert!(!reaches(addresses[2]), "it reaches another tenant's database");
    // The other tenant's network by the host's address in it, and by name.
    let other =
        engine.inspect("container", &container_of(&engine, 2, 3))["Name"].as_str().unwrap()[1..].to_owned();
    assert!(
        !engine.reaches(&own, &format!("http://{other}:8000{PATH}")),
        "it reaches another tenant's by name"
    );
    assert!(!engine.reaches(&own, ELSEWHERE), "it reaches a server elsewhere");
    drop(elsewhere);
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn n3_one_rule_of_a_firewall_keeps_databases_from_the_hosts_own_servers() {
    let engine = ContainerEngine::start();
    let space = provisioner(settings(&engine, &engine.way()));
    let address = space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await.unwrap();
    let own = container_of(&engine, 1, 1);
    let serve = ["busybox", "httpd", "-f", "-p", "0.0.0.0:8081", "-h", "/"];
    let server = Server::begin(&serve, "http://127.0.0.1:8081/etc/hostname");
    let host = "http://10.213.0.1:8081/etc/hostname";
    // The rule of docs/decisions/0029-docker.md. Without it the host is reached: a bridge is no wall towards its own host.
    assert!(engine.reaches(&own, host), "there is nothing to be kept from");
    run("iptables -I INPUT -i ssp+ -m conntrack --ctstate NEW -j DROP");
    assert!(!engine.reaches(&own, host), "the rule keeps it from the host");
    run(&format!("busybox wget -q -O /dev/null {address}{PATH}"));
    run("iptables -D INPUT -i ssp+ -m conntrack --ctstate NEW -j DROP");
    drop(server);
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn n3_published_databases_are_reached_on_loopback_and_do_not_reach_each_other() {
    let engine = ContainerEngine::start();
    let mut settings = settings(&engine, &engine.way());
    settings.reach = Reach::Published;
    let space = provisioner(settings);
    for (tenant, of) in [(1, 1), (1, 2), (2, 3)] {
        let address = space.provision(&scope(tenant), dataset(of), CHROMA, &credential(of)).await.unwrap();
        run(&format!("busybox wget -q -O /dev/null {address}{PATH}"));
    }
    let own = container_of(&engine, 1, 1);
    for (tenant, of) in [(1, 2), (2, 3)] {
        let networks =
            &engine.inspect("container", &container_of(&engine, tenant, of))["NetworkSettings"]["Networks"];
        let address =
            networks.as_object().unwrap().values().next().unwrap()["IPAddress"].as_str().unwrap().to_owned();
        run(&format!("busybox wget -q -O /dev/null http://{address}:8000{PATH}"));
        let is_reached = engine.reaches(&own, &format!("http://{address}:8000{PATH}"));
        assert_eq!(is_reached, PUBLISHED_MEET.contains(&engine.kind), "{tenant} {of}");
    }
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn n3_a_space_in_a_container_joins_its_tenants_networks_and_leaves_them() {
    let engine = ContainerEngine::start();
    engine.docker(&["network", "create", "--subnet", "10.99.0.0/24", "front"]);
    // A guard lets none of the installation's networks be joined by what does not carry its label.
    let label = format!("--label=syft-space.installation={}", installation().as_str());
    let space = ["run", "--detach", "--name=space", "--network=front", &label, &engine.image, "sleep", "600"];
    engine.docker(&space);
    let before = everything(&engine);
    let mut settings = settings(&engine, &engine.way());
    settings.reach = Reach::Joined(ContainerName::parse("space").unwrap());
    settings.timeouts.whole = std::time::Duration::from_secs(20);
    let space = provisioner(settings);
    // The test is on the host, which has no address in the network: only the space's container reaches the databases.
    for (tenant, of) in [(1, 1), (2, 2)] {
        let made = space.provision(&scope(tenant), dataset(of), CHROMA, &credential(of)).await;
        assert_eq!(
            made.is_ok(),
            HOST_IS_THERE.contains(&engine.kind),
            "the host does not reach it: {made:?}"
        );
    }
    let address = |tenant, of| {
        let networks =
            &engine.inspect("container", &container_of(&engine, tenant, of))["NetworkSettings"]["Networks"];
        networks.as_object().unwrap().values().next().unwrap()["IPAddress"].as_str().unwrap().to_owned()
    };
    for (tenant, of) in [(1, 1), (2, 2)] {
        assert!(
            engine.reaches("space", &format!("http://{}:8000{PATH}", address(tenant, of))),
            "the space reaches it"
        );
    }
    let own = container_of(&engine, 1, 1);
    assert!(
        !engine.reaches(&own, &format!("http://{}:8000{PATH}", address(2, 2))),
        "no tenant reaches another"
    );
    for (tenant, of) in [(1, 1), (2, 2)] {
        space.deprovision(&scope(tenant), dataset(of)).await.unwrap();
    }
    assert_eq!(everything(&engine), before, "the space has left, and nothing remains");
}
