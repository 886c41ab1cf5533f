//! The target of the guard of a container engine: requests and bodies. What is let through is written anew, is read again as the
//! same, and has none of the words that lead out of a container.

use std::sync::LazyLock;

use serde_json::Value;
use syft_space_docker_guard::{
    ObjectId, Policy, PolicySettings, Request, accept_container, accept_network, accept_volume,
};

static POLICY: LazyLock<Option<(Policy, ObjectId)>> = LazyLock::new(|| {
    let settings = PolicySettings {
        installation: "space-1".to_owned(),
        images: vec![format!("sha256:{}", "0a".repeat(32))],
        address_pool: "10.213.0.0/16".to_owned(),
        max_memory_mib: 512,
        max_cpus: 1,
        max_pids: 128,
        max_databases: 3,
    };
    Some((Policy::new(settings).ok()?, ObjectId::try_from("f0".repeat(32)).ok()?))
});

/// Members that no body has that is let through, in whatever case.
const FORBIDDEN: &[&str] = &[
    "binds",
    "privileged",
    "capadd",
    "devices",
    "devicerequests",
    "pidmode",
    "ipcmode",
    "utsmode",
    "usernsmode",
    "sysctls",
    "cgroupparent",
    "runtime",
    "volumesfrom",
    "driveropts",
    "driverconfig",
    "volumeoptions",
    "bindoptions",
    "extrahosts",
    "links",
    "entrypoint",
    "cmd",
    "maskedpaths",
    "readonlypaths",
    "ulimits",
    "annotations",
];

fn has_forbidden(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            let named = |name: &String| FORBIDDEN.contains(&name.to_lowercase().as_str());
            members.iter().any(|(name, member)| named(name) || has_forbidden(member))
        }
        Value::Array(items) => items.iter().any(has_forbidden),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// What is forwarded of a body of one kind, if it is accepted.
type Accept<'a> = &'a dyn Fn(&[u8]) -> Option<Vec<u8>>;

pub(crate) fn run(bytes: &[u8]) {
    let made = LazyLock::force(&POLICY).as_ref();
    assert!(made.is_some(), "the policy of this target is none");
    let Some((policy, network)) = made else { return };
    if let Some(target) = crate::text(bytes) {
        for method in [http::Method::GET, http::Method::POST, http::Method::DELETE] {
            if let Err(refusal) = Request::parse(&method, target, policy) {
                assert!(refusal.to_string().len() < 4_000, "a refusal is short");
            }
        }
    }
    let container = |bytes: &[u8]| Some(accept_container(bytes, policy).ok()?.forwarded(network));
    let volume = |bytes: &[u8]| Some(accept_volume(bytes, policy).ok()?.forwarded());
    let bridge = |bytes: &[u8]| Some(accept_network(bytes, policy).ok()?.forwarded());
    let kinds: [Accept<'_>; 3] = [&container, &volume, &bridge];
    for accept in kinds {
        if let Some(forwarded) = accept(bytes) {
            let value: Value = serde_json::from_slice(&forwarded).unwrap_or_default();
            assert!(value.is_object() && !has_forbidden(&value), "{value}");
            assert_eq!(
                accept(&forwarded),
                Some(forwarded),
                "what is forwarded is accepted, and forwarded as it is"
            );
        }
    }
}
