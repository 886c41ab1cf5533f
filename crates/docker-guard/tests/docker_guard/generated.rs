//! Bodies by chance: whatever is let through is what it may be, by a second telling of it over the forwarded bytes.
//!
//! 20,000 here; `just prove guard` makes a million. `SYFT_SPACE_PROVE_SEED` runs the same again.

use fastrand::Rng;
use serde_json::{Map, Value, json};
use syft_space_docker_guard::{ObjectId, Policy, accept_container, accept_network, accept_volume};

use super::bodies::{container, network, policy, volume, with};
use super::checker::{check_container, check_network, check_volume};
use super::escapes::of_containers;

/// Names of members: of the engine's API, and some that are none.
const NAMES: &[&str] = &[
    "Binds",
    "Mounts",
    "Privileged",
    "PidMode",
    "Devices",
    "CapAdd",
    "CapDrop",
    "SecurityOpt",
    "Tmpfs",
    "NetworkMode",
    "PortBindings",
    "HostConfig",
    "Image",
    "User",
    "Env",
    "Labels",
    "Memory",
    "MemorySwap",
    "NanoCpus",
    "PidsLimit",
    "ReadonlyRootfs",
    "VolumeOptions",
    "DriverConfig",
    "Options",
    "Type",
    "Source",
    "Target",
    "ReadOnly",
    "Consistency",
    "Sysctls",
    "Runtime",
    "Entrypoint",
    "Cmd",
    "Driver",
    "DriverOpts",
    "Name",
    "IPAM",
    "Config",
    "Subnet",
    "Gateway",
    "IPRange",
    "Internal",
    "EndpointsConfig",
    "NetworkingConfig",
    "Aliases",
    "Links",
    "HostIp",
    "HostPort",
    "8000/tcp",
    "/tmp",
    "/proc",
    "max-size",
    "max-file",
    "syft-space.installation",
    "syft-space.x",
    "privileged",
    "",
    "Ä",
    "com.docker.network.bridge.enable_icc",
    "com.docker.network.bridge.name",
    "StartPeriod",
    "Interval",
    "Test",
];

/// Texts that stand for something.
const TEXTS: &[&str] = &[
    "",
    "/",
    "host",
    "ALL",
    "bind",
    "volume",
    "root",
    "0:0",
    "0",
    "1000:1000",
    "1:1",
    "true",
    "false",
    "127.0.0.1",
    "0.0.0.0",
    "no-new-privileges",
    "no-new-privileges:true",
    "seccomp=unconfined",
    "syft-space-v-1",
    "syft-space-n-1",
    "syft-space-x",
    "/data",
    "/proc",
    "/data/..",
    "//data",
    "10.213.4.16/28",
    "10.213.4.32/27",
    "10.0.0.0/8",
    "10.213.4.17",
    "exec",
    "rw,size=1g",
    "space-1",
    "space-2",
    "QDRANT__SERVICE__API_KEY=x",
    "LD_PRELOAD=x",
    "json-file",
    "local",
    "bridge",
    "macvlan",
    "unless-stopped",
    "1m",
    "3",
    "CMD",
    "CMD-SHELL",
    "a\nb",
    "\u{0}",
    "container:x",
];

fn text(random: &mut Rng, texts: &[&str]) -> String {
    let mut text = (*random.choice(texts).unwrap()).to_owned();
    if random.u8(..) < 16 {
        text.push(random.char(..));
    }
    if random.u8(..) < 16 {
        text = text.to_uppercase();
    }
    text
}

fn value(random: &mut Rng, depth: usize) -> Value {
    match random.u8(0..if depth == 0 { 6 } else { 9 }) {
        0 => Value::Null,
        1 => json!(random.bool()),
        2 => json!(random.i64(-2..3)),
        3 => json!(random.u64(..) >> random.u32(0..64)),
        4 | 5 => json!(text(random, TEXTS)),
        6 => (0..random.usize(0..3)).map(|_| value(random, depth - 1)).collect(),
        _ => {
            let members = (0..random.usize(0..3)).map(|_| (text(random, NAMES), value(random, depth - 1)));
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}

/// A part of a value by chance, the whole one among them.
fn part<'a>(random: &mut Rng, value: &'a mut Value) -> &'a mut Value {
    let count = match value {
        Value::Object(members) => members.len(),
        Value::Array(items) => items.len(),
        _ => 0,
    };
    if count == 0 || random.u8(..) < 50 {
        return value;
    }
    let chosen = random.usize(..count);
    let inner = match value {
        Value::Object(members) => members.values_mut().nth(chosen),
        Value::Array(items) => items.get_mut(chosen),
        _ => None,
    };
    part(random, inner.unwrap())
}

/// Changes a body at one place.
fn change(random: &mut Rng, body: &mut Value, escapes: &[(&str, Value)]) {
    if random.u8(..) < 40 {
        let (place, escape) = random.choice(escapes).unwrap();
        let (parent, name) = place.rsplit_once('/').unwrap();
        if let Some(members) = body.pointer_mut(parent).and_then(Value::as_object_mut) {
            members.insert(name.to_owned(), escape.clone());
        }
        return;
    }
    let new = value(random, 3);
    let name = text(random, NAMES);
    match part(random, body) {
        Value::Object(members) if random.bool() => drop(members.insert(name, new)),
        Value::Object(members) if !members.is_empty() => {
            let key = random.choice(members.keys().cloned().collect::<Vec<_>>()).unwrap();
            let old = members.remove(&key);
            match random.u8(0..3) {
                0 => {}
                1 => drop(members.insert(key, new)),
                _ => drop(members.insert(name, old.unwrap())),
            }
        }
        Value::Array(items) if random.bool() => items.push(new),
        part => *part = new,
    }
}

/// Changes the bytes of a body: a key twice, a letter, a part left out.
fn change_bytes(random: &mut Rng, bytes: &mut Vec<u8>) {
    let at = random.usize(..bytes.len());
    match random.u8(0..3) {
        0 => bytes[at] = random.u8(..),
        1 => drop(bytes.drain(at..(at + random.usize(1..20)).min(bytes.len()))),
        _ => {
            let end = (at + random.usize(1..60)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
    }
}

fn hold(random: &mut Rng, policy: &Policy, id: &ObjectId, escapes: &[(&str, Value)]) -> Option<bool> {
    let kind = random.u8(0..10);
    let mut body = match kind {
        0 => network(),
        1 => volume(),
        _ => container(),
    };
    for _ in 0..random.usize(0..4) {
        change(random, &mut body, escapes);
    }
    let mut bytes = body.to_string().into_bytes();
    if random.u8(..) < 50 {
        change_bytes(random, &mut bytes);
    }
    let (forwarded, checked) = match kind {
        0 => {
            let forwarded = accept_network(&bytes, policy).ok()?.forwarded();
            let checked = check_network(&forwarded);
            (forwarded, checked)
        }
        1 => {
            let forwarded = accept_volume(&bytes, policy).ok()?.forwarded();
            let checked = check_volume(&forwarded);
            (forwarded, checked)
        }
        _ => {
            let forwarded = accept_container(&bytes, policy).ok()?.forwarded(id);
            let checked = check_container(&forwarded, id.as_str());
            (forwarded, checked)
        }
    };
    if let Err(why) = checked {
        panic!("{why}\nsent: {}\nforwarded: {}", bytes.escape_ascii(), forwarded.escape_ascii());
    }
    Some(bytes != forwarded)
}

#[test]
fn k14_whatever_body_passes_is_what_it_may_be_by_a_second_telling() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let cases = number("SYFT_SPACE_PROVE_CASES").unwrap_or(20_000);
    let seed = number("SYFT_SPACE_PROVE_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("SYFT_SPACE_PROVE_SEED={seed}");
    let mut random = Rng::with_seed(seed);
    let (policy, escapes) = (policy(), of_containers());
    let id: ObjectId = "f0".repeat(32).try_into().unwrap();
    let (mut passed, mut rewritten) = (0, 0);
    for _ in 0..cases {
        if let Some(other) = hold(&mut random, &policy, &id, &escapes) {
            passed += 1;
            rewritten += u64::from(other);
        }
    }
    println!(
        "{cases} bodies: {passed} passed, {rewritten} of them as other bytes than were sent; none is more than it may be"
    );
    assert!(
        passed * 20 > cases && rewritten > 0,
        "the bodies by chance say nothing: {passed} of {cases} passed"
    );
}

#[test]
fn k14_the_second_telling_finds_a_body_that_is_more() {
    let id = "f0".repeat(32);
    let body = with(container(), "/HostConfig/NetworkMode", json!(id));
    let body = with(body, "/NetworkingConfig/EndpointsConfig", json!({ id.clone(): {} }));
    assert_eq!(check_container(body.to_string().as_bytes(), &id), Ok(()));
    for (place, value) in of_containers() {
        let body = with(body.clone(), place, value.clone());
        assert!(check_container(body.to_string().as_bytes(), &id).is_err(), "{place}: {value}");
    }
}
