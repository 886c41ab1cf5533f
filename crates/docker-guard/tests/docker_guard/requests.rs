//! What a request is, byte for byte, and what of it reaches the engine.

use serde_json::{Value, json};
use syft_space_docker_guard::accept_container;

use super::bodies::{NETWORK, VOLUME, container, image, network, policy, volume};
use super::process::{Guarded, Reply};
use super::recorder::{CONTAINER_ID, NETWORK_ID, filters, id};

#[test]
fn n3_the_engine_is_sent_what_was_understood_and_no_byte_of_the_caller() {
    let space = Guarded::start();
    // Written in another order and with other white space than it is forwarded in.
    let body = format!("\r\n{:#}\n", container());
    let sent = format!(
        "POST /containers/create?name=syft%2Dspace%2Dd%2D1&platform= HTTP/1.1\r\nHost: engine\r\nConnection: close, x\r\n\
         Content-Type: application/json\r\nX-Registry-Auth: secret\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let answer = Reply::parse(&space.guard.exchange(sent.as_bytes()));
    assert_eq!(answer.status, 201, "{answer:?}");
    assert!(
        answer.head.contains("api-version: 1.41") && !answer.head.to_lowercase().contains("server:"),
        "{answer:?}"
    );
    let forwarded = accept_container(body.as_bytes(), &policy()).unwrap();
    let forwarded = String::from_utf8(forwarded.forwarded(&id(NETWORK_ID).try_into().unwrap())).unwrap();
    assert!(
        forwarded.contains(&format!(r#""NetworkMode":"{}""#, id(NETWORK_ID))),
        "the network's own id: {forwarded}"
    );
    let seen = space.engine.seen();
    let expected = format!(
        "POST /containers/create?name=syft-space-d-1 HTTP/1.1\r\nhost: docker\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{forwarded}",
        forwarded.len()
    );
    assert_eq!(seen.last(), Some(&expected));
    let before: Vec<String> = space.engine.targets();
    let asked = [
        format!("GET /networks/{NETWORK}"),
        format!("GET /volumes/{VOLUME}"),
        format!("GET /containers/json?all=true&{}", filters()),
    ];
    assert_eq!(before[..3], asked);
    let secret = space.guard.log();
    assert!(!secret.contains("some=secret"), "{secret}");
}

#[test]
fn n3_what_is_about_something_goes_on_under_the_engines_own_id() {
    let space = Guarded::start();
    let (container, network) = (id(CONTAINER_ID), id(NETWORK_ID));
    for (method, target, status, forwarded) in [
        (
            "POST",
            "/containers/syft-space-d-1/start".to_owned(),
            204,
            format!("POST /containers/{container}/start"),
        ),
        (
            "POST",
            "/containers/syft-space-d-1/stop?t=5".to_owned(),
            204,
            format!("POST /containers/{container}/stop?t=5"),
        ),
        (
            "DELETE",
            "/containers/syft-space-d-1?v=True&link=False&force=1".to_owned(),
            204,
            format!("DELETE /containers/{container}?force=true&v=true"),
        ),
        ("DELETE", format!("/networks/{NETWORK}"), 204, format!("DELETE /networks/{network}")),
        ("DELETE", format!("/volumes/{VOLUME}"), 204, format!("DELETE /volumes/{VOLUME}?force=false")),
    ] {
        let answer = space.guard.request(method, &target, None);
        assert_eq!(answer.status, status, "{target}: {answer:?}");
        assert_eq!(space.engine.targets().last(), Some(&forwarded));
    }
    let body = json!({ "Container": "syft-space-d-1", "EndpointConfig": { "Links": null } });
    assert_eq!(space.guard.request("POST", &format!("/networks/{NETWORK}/connect"), Some(&body)).status, 200);
    let seen = space.engine.seen();
    let (_, forwarded) = seen.last().unwrap().split_once("\r\n\r\n").unwrap();
    let forwarded: Value = serde_json::from_str(forwarded).unwrap();
    assert_eq!(forwarded, json!({ "Container": container, "EndpointConfig": {} }));
}

#[test]
fn n3_the_host_is_told_of_as_far_as_it_matters() {
    let space = Guarded::start();
    let told = space.guard.request("GET", "/v1.41/info", None);
    let info: Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!((info["NCPU"].as_u64(), info["ServerVersion"].as_str()), (Some(2), Some("20")));
    assert!(info["Name"].is_null() && info["ID"].is_null() && info["Swarm"].is_null(), "{info}");
    let told = space.guard.request("GET", "/version", None);
    let version: Value = serde_json::from_str(&told.body).unwrap();
    assert!(version["ApiVersion"] == "1.41" && version["KernelVersion"].is_null(), "{version}");
    let ping = space.guard.request("GET", "/_ping", None);
    assert_eq!((ping.status, ping.body.as_str()), (200, "OK"));
}

#[test]
fn k15_nothing_that_is_not_a_request_of_the_list_reaches_the_engine() {
    let space = Guarded::start();
    let create = container();
    let (container, unlisted) = (id(CONTAINER_ID), format!("sha256:{}", "ff".repeat(32)));
    let refused: Vec<(&str, String, Option<&Value>)> = [
        ("POST", "/containers/create", Some(&create)),
        ("POST", "/containers/create?name=database", Some(&create)),
        ("POST", "/containers/create?name=syft-space-d-1&name=syft-space-d-2", Some(&create)),
        ("POST", "/containers/create?name=syft-space-d-1&platform=linux/arm64", Some(&create)),
        ("PUT", "/containers/create?name=syft-space-d-1", Some(&create)),
        ("POST", "/containers//create?name=syft-space-d-1", Some(&create)),
        ("POST", "//containers/create?name=syft-space-d-1", Some(&create)),
        ("POST", "/containers/./create?name=syft-space-d-1", Some(&create)),
        ("POST", "/x/../containers/create?name=syft-space-d-1", Some(&create)),
        ("POST", "/containers/create/?name=syft-space-d-1", Some(&create)),
        ("POST", "/Containers/create?name=syft-space-d-1", Some(&create)),
        ("POST", "/containers/%63reate?name=syft-space-d-1", Some(&create)),
        ("POST", "/v1.41/v1.41/containers/create?name=syft-space-d-1", Some(&create)),
        ("POST", "/v2.0/containers/create?name=syft-space-d-1", Some(&create)),
        ("POST", "/v1.411/containers/create?name=syft-space-d-1", Some(&create)),
        ("POST", "/libpod/containers/create", Some(&create)),
        ("POST", "/containers/syft-space-d-1/exec", Some(&create)),
        ("POST", "/containers/syft-space-d-1/attach?stream=1", None),
        ("GET", "/containers/syft-space-d-1/attach/ws", None),
        ("POST", "/containers/syft-space-d-1/update", Some(&create)),
        ("POST", "/containers/syft-space-d-1/rename?name=x", None),
        ("POST", "/containers/syft-space-d-1/kill?signal=9", None),
        ("POST", "/containers/syft-space-d-1/start?checkpoint=x&checkpoint-dir=/", None),
        ("POST", "/containers/syft-space-d-1/stop?signal=x", None),
        ("POST", "/containers/syft-space-d-1/start", Some(&create)),
        ("GET", "/containers/syft-space-d-1/archive?path=/", None),
        ("PUT", "/containers/syft-space-d-1/archive?path=/", None),
        ("GET", "/containers/syft-space-d-1/export", None),
        ("GET", "/containers/syft-space-d-1/logs?stdout=1&follow=1", None),
        ("GET", "/containers/a%2f..%2fothers/json", None),
        ("GET", "/containers/json?size=1", None),
        ("POST", "/containers/prune", None),
        ("POST", "/volumes/prune", None),
        ("POST", "/networks/prune", None),
        ("POST", "/networks/create", Some(&create)),
        ("POST", "/volumes/create", Some(&create)),
        ("GET", "/volumes/others", None),
        ("POST", "/build?remote=http://x", None),
        ("POST", "/commit?container=x", None),
        ("POST", "/images/create?fromImage=x", None),
        ("POST", "/images/load", None),
        ("GET", "/images/json", None),
        ("GET", "/images/chroma:latest/json", None),
        ("DELETE", "/images/chroma", None),
        ("POST", "/auth", None),
        ("POST", "/exec/x/start", None),
        ("POST", "/session", None),
        ("POST", "/grpc", None),
        ("POST", "/swarm/init", None),
        ("GET", "/secrets", None),
        ("GET", "/configs", None),
        ("POST", "/services/create", None),
        ("POST", "/plugins/pull?remote=x", None),
        ("GET", "/system/df", None),
        ("GET", "/events", None),
        ("GET", "/distribution/x/json", None),
        ("OPTIONS", "*", None),
        ("TRACE", "/_ping", None),
    ]
    .map(|(method, target, body)| (method, target.to_owned(), body))
    .into_iter()
    .chain([
        ("GET", format!("/images/{unlisted}/json"), None),
        ("GET", format!("/images/x/../{}/json", image()), None),
        ("GET", "http://x/containers/json".to_owned(), None),
        ("POST", format!("/containers/{container}/wait"), None),
    ])
    .collect();
    for (method, target, body) in refused {
        let answer = space.guard.request(method, &target, body);
        assert!(matches!(answer.status, 400 | 403), "{method} {target}: {answer:?}");
        assert!(answer.message().starts_with("docker-guard: "), "{answer:?}");
    }
    assert_eq!(space.engine.seen(), Vec::<String>::new(), "nothing was asked");
    assert!(space.guard.log().contains("refused"));
}

#[test]
fn k15_a_request_is_one_whatever_its_framing_says() {
    let space = Guarded::start();
    let hidden = "GET /containers/others/json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let upgrade = "POST /containers/syft-space-d-1/start HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: tcp\r\n\r\n";
    for (what, bytes) in [
        ("an upgrade", upgrade.to_owned()),
        (
            "two lengths",
            format!(
                "POST /networks/create HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\n{{}}{hidden}"
            ),
        ),
        (
            "a length that is none",
            format!("POST /networks/create HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\n{{}}{hidden}"),
        ),
        (
            "an encoding that is none",
            "POST /networks/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\n{}".to_owned(),
        ),
        (
            "a folded header",
            "GET /_ping HTTP/1.1\r\nHost: x\r\n Content-Length: 5\r\nX : y\r\n\r\n".to_owned(),
        ),
        ("a bare line feed in the target", "GET /_ping\nX: y HTTP/1.1\r\n\r\n".to_owned()),
        ("a long head", format!("GET /_ping HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(40_000))),
        ("another protocol", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
        (
            "a large body",
            format!(
                "POST /networks/create HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 70000\r\n\r\n{}",
                " ".repeat(70_000)
            ),
        ),
    ] {
        let answer = space.guard.exchange(bytes.as_bytes());
        let answers = answer.matches("HTTP/1.1 ").count();
        assert!(answers <= 1 && !answer.contains("HTTP/1.1 2"), "{what}: {answer}");
        assert_eq!(space.engine.seen(), Vec::<String>::new(), "{what}");
    }
    // A length beside an encoding is none, and what stands behind the body is the next request.
    let both = format!(
        "POST /networks/create HTTP/1.1\r\nHost: x\r\nContent-Length: 200\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"
    );
    let answer = space.guard.exchange(both.as_bytes());
    assert!(!answer.contains("HTTP/1.1 2"), "{answer}");
    let seen = space.engine.targets();
    assert!(seen.is_empty() || seen == ["GET /containers/others/json"], "{seen:?}");
}

#[test]
fn n3_there_are_no_more_things_than_may_be() {
    let space = Guarded::start();
    // The engine says that there is one container, no volume, and three networks.
    let made = space.guard.request("POST", "/containers/create?name=syft-space-d-1", Some(&container()));
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(space.guard.request("POST", "/volumes/create", Some(&volume())).status, 201);
    let refused = space.guard.request("POST", "/networks/create", Some(&network()));
    assert_eq!(refused.status, 403);
    assert!(refused.message().contains("there are 3 already"), "{refused:?}");
    assert!(!space.engine.targets().contains(&"POST /networks/create".to_owned()));
}
