//! What is not the installation's is not there, and an engine that says nonsense is not believed.

use serde_json::{Value, json};

use super::bodies::{NETWORK, VOLUME, container, volume, with};
use super::process::Guarded;

#[test]
fn n3_what_is_somebody_elses_is_answered_as_what_is_not_there() {
    let space = Guarded::start();
    for (method, before, behind) in [
        ("GET", "/containers/", "/json"),
        ("POST", "/containers/", "/start"),
        ("POST", "/containers/", "/stop?t=5"),
        ("DELETE", "/containers/", "?force=true"),
        ("GET", "/containers/", "/logs?stdout=1"),
        ("GET", "/networks/", ""),
        ("DELETE", "/networks/", ""),
    ] {
        let answer = |name: &str| space.guard.request(method, &format!("{before}{name}{behind}"), None);
        let missing = answer("missing");
        assert_eq!(missing.status, 404, "{missing:?}");
        for name in ["others", "nobodys"] {
            let others = answer(name);
            assert_eq!(
                (others.status, others.body),
                (404, missing.body.replace("missing", name)),
                "{method} {before}"
            );
        }
    }
    // That a volume's name is taken is told, as it is to whoever makes one: else its data would pass for gone.
    for (method, name, status) in [
        ("GET", "syft-space-others", 409),
        ("GET", "syft-space-bind", 409),
        ("GET", "syft-space-missing", 404),
        ("DELETE", "syft-space-others", 404),
        ("DELETE", "syft-space-bind", 404),
    ] {
        let answer = space.guard.request(method, &format!("/volumes/{name}"), None);
        assert_eq!(answer.status, status, "{method} {name}: {answer:?}");
        assert!(!answer.body.contains("another") && !answer.body.contains("/etc"), "{answer:?}");
    }
    assert!(
        space.engine.targets().iter().all(|target| target.starts_with("GET ")),
        "{:?}",
        space.engine.targets()
    );
}

#[test]
fn k14_a_container_is_made_of_the_installations_own_volume_and_network_alone() {
    let space = Guarded::start();
    let create =
        |body: &Value| space.guard.request("POST", "/containers/create?name=syft-space-d-1", Some(body));
    let in_network = |name: &str| {
        let body = with(container(), "/HostConfig/NetworkMode", json!(name));
        with(body, "/NetworkingConfig", Value::Null)
    };
    for body in [
        in_network("others"),
        in_network("missing"),
        in_network("syft-space-macvlan"),
        with(container(), "/HostConfig/Mounts/0/Source", json!("syft-space-others")),
        with(container(), "/HostConfig/Mounts/0/Source", json!("syft-space-missing")),
        // It carries the label, and is the host's root.
        with(container(), "/HostConfig/Mounts/0/Source", json!("syft-space-bind")),
    ] {
        let refused = create(&body);
        assert_eq!(refused.status, 404, "{refused:?}");
    }
    let taken = with(volume(), "/Name", json!("syft-space-others"));
    assert_eq!(space.guard.request("POST", "/volumes/create", Some(&taken)).status, 409);
    for (network, container) in [("others", "syft-space-d-1"), (NETWORK, "others"), (NETWORK, "missing")] {
        let body = json!({ "Container": container });
        for verb in ["connect", "disconnect"] {
            let refused = space.guard.request("POST", &format!("/networks/{network}/{verb}"), Some(&body));
            assert_eq!(refused.status, 404, "{refused:?}");
        }
    }
    assert!(
        space.engine.targets().iter().all(|target| target.starts_with("GET ")),
        "{:?}",
        space.engine.targets()
    );
    let own = create(&with(container(), "/HostConfig/Mounts/0/Source", json!(VOLUME)));
    assert_eq!(own.status, 201, "{own:?}");
}

#[test]
fn n3_an_engine_that_says_nonsense_is_not_believed_and_one_that_is_down_is_said_to_be() {
    let space = Guarded::start();
    for name in ["nonsense", "strange", "broken", "leaving"] {
        let answer = space.guard.request("POST", &format!("/containers/{name}/start"), None);
        assert_eq!(answer.status, 502, "{name}: {answer:?}");
        assert!(!answer.body.contains("inner matters"), "{answer:?}");
    }
    std::fs::remove_file(&space.engine.socket).unwrap();
    let answer = space.guard.request("GET", "/_ping", None);
    assert_eq!(answer.status, 502);
    assert!(answer.message().contains("cannot be reached"), "{answer:?}");
}
