//! Whatever the ids and settings, a body passes a checker that was written apart from the builder, over plain JSON: it lists
//! what may be there, and nothing else may.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use syft_space_domain::dataset::VectorDatabaseKind;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::provisioning::DatabaseCredential;

use super::{DatabaseForm, NetworkForm};
use crate::image::{DatabaseImage, ImageReference};
use crate::names::Installation;
use crate::pool::AddressPool;
use crate::settings::{ContainerName, Limits, Reach};

type Checked = Result<(), String>;

fn demand(holds: bool, what: &str) -> Checked {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

/// The keys of an object whose values say something.
fn keys(value: &Value) -> BTreeSet<&str> {
    let said = |value: &Value| !value.is_null();
    value
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| said(value))
        .map(|(key, _)| key.as_str())
        .collect()
}

fn only(value: &Value, allowed: &[&str]) -> Checked {
    let strange: Vec<_> = keys(value).into_iter().filter(|key| !allowed.contains(key)).collect();
    demand(strange.is_empty(), &format!("{strange:?} may not be there"))
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("{value} is no text"))
}

fn is_of(text: &str, is_sign: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(is_sign)
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && is_of(text, |b| b.is_ascii_hexdigit() || b == b'-')
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && is_of(text, |b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// `syft-space-`, and so many groups of hexadecimal digits.
fn is_name(name: &str, groups: usize) -> bool {
    let rest = name.strip_prefix("syft-space-");
    rest.is_some_and(|rest| {
        let parts: Vec<&str> = rest.split('-').collect();
        parts.len() == groups && is_hex(parts[0], 16) && parts[1..].iter().all(|part| is_hex(part, 32))
    })
}

fn check_labels(labels: &Value, kind: bool, dataset: bool, form: bool) -> Checked {
    let mut expected = BTreeSet::from(["syft-space.installation", "syft-space.tenant"]);
    expected.extend(kind.then_some("syft-space.kind"));
    expected.extend(dataset.then_some("syft-space.dataset"));
    expected.extend(form.then_some("syft-space.form"));
    demand(keys(labels) == expected, "the labels are others")?;
    for (key, value) in labels.as_object().into_iter().flatten() {
        let value = text(value)?;
        demand(
            match key.as_str() {
                "syft-space.installation" => is_hex(value, 16),
                "syft-space.form" => is_hex(value, 64),
                "syft-space.kind" => ["chroma", "qdrant"].contains(&value),
                _ => is_id(value),
            },
            key,
        )?;
    }
    Ok(())
}

fn check_image(image: &str) -> Checked {
    let (name, digest) = image.rsplit_once("sha256:").ok_or("no digest")?;
    let is_sign = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-/:@".contains(&b);
    demand(is_hex(digest, 64) && name.bytes().all(is_sign), "the image")
}

const CONTAINER: &[&str] = &["Image", "User", "Env", "ExposedPorts", "Healthcheck", "Labels", "HostConfig"];
const HOST: &[&str] = &[
    "NetworkMode",
    "PortBindings",
    "Mounts",
    "ReadonlyRootfs",
    "Tmpfs",
    "CapDrop",
    "SecurityOpt",
    "Memory",
    "MemorySwap",
    "NanoCpus",
    "PidsLimit",
    "RestartPolicy",
    "LogConfig",
];
const VARIABLES: &[&str] = &[
    "ANONYMIZED_TELEMETRY",
    "CHROMA_AUTH_TOKEN_TRANSPORT_HEADER",
    "CHROMA_SERVER_AUTHN_CREDENTIALS",
    "CHROMA_SERVER_AUTHN_PROVIDER",
    "IS_PERSISTENT",
    "PERSIST_DIRECTORY",
    "QDRANT_INIT_FILE_PATH",
    "QDRANT__SERVICE__API_KEY",
    "QDRANT__STORAGE__SNAPSHOTS_PATH",
    "QDRANT__STORAGE__STORAGE_PATH",
    "QDRANT__TELEMETRY_DISABLED",
];

fn check_host(host: &Value, network: &str) -> Checked {
    only(host, HOST)?;
    demand(host["NetworkMode"] == network, "the network")?;
    demand(host["ReadonlyRootfs"] == true, "the root can be written")?;
    demand(host["CapDrop"] == json!(["ALL"]), "capabilities")?;
    demand(host["SecurityOpt"] == json!(["no-new-privileges"]), "privileges")?;
    demand(keys(&host["Tmpfs"]) == BTreeSet::from(["/tmp"]), "what is in memory")?;
    demand(host["RestartPolicy"]["Name"] == "unless-stopped", "the restart policy")?;
    demand(
        host["LogConfig"]["Type"] == "json-file" && host["LogConfig"]["Config"]["max-size"] == "10m",
        "the log",
    )?;
    let memory = host["Memory"].as_i64().unwrap_or(0);
    demand((33_554_432..=1_099_511_627_776).contains(&memory) && host["MemorySwap"] == memory, "the memory")?;
    demand(
        (50_000_000..=256_000_000_000).contains(&host["NanoCpus"].as_i64().unwrap_or(0)),
        "the processors",
    )?;
    demand((16..=32_768).contains(&host["PidsLimit"].as_i64().unwrap_or(0)), "the processes")?;
    let mounts = host["Mounts"].as_array().ok_or("no mount")?;
    demand(mounts.len() == 1, "more than one mount")?;
    only(&mounts[0], &["Type", "Source", "Target", "ReadOnly", "VolumeOptions"])?;
    only(&mounts[0]["VolumeOptions"], &["Labels"])?;
    check_labels(&mounts[0]["VolumeOptions"]["Labels"], true, true, false)?;
    demand(mounts[0]["Type"] == "volume" && is_name(text(&mounts[0]["Source"])?, 3), "the mount")?;
    demand(["/data", "/qdrant/storage"].contains(&text(&mounts[0]["Target"])?), "where it is mounted")?;
    for bindings in host["PortBindings"].as_object().into_iter().flatten().map(|(_, bindings)| bindings) {
        demand(*bindings == json!([{"HostIp": "127.0.0.1", "HostPort": ""}]), "the port")?;
    }
    Ok(())
}

fn check_container(body: &Value, network: &str) -> Checked {
    only(body, CONTAINER)?;
    check_image(text(&body["Image"])?)?;
    let (user, group) = text(&body["User"])?.split_once(':').ok_or("no group")?;
    demand(user == group && user.parse::<u32>().is_ok_and(|id| id != 0), "the user")?;
    for variable in body["Env"].as_array().into_iter().flatten() {
        let (name, value) = text(variable)?.split_once('=').ok_or("no variable")?;
        let is_sign = |b: u8| b.is_ascii_alphanumeric() || b"._-/".contains(&b);
        demand(VARIABLES.contains(&name) && is_of(value, is_sign), name)?;
    }
    only(&body["Healthcheck"], &["Test", "Interval", "Timeout", "Retries", "StartPeriod"])?;
    let test = body["Healthcheck"]["Test"].as_array().ok_or("no health check")?;
    let is_sign = |b: u8| b.is_ascii_alphanumeric() || b" ._-/:|<>'".contains(&b);
    demand(test.len() == 2 && test[0] == "CMD-SHELL" && is_of(text(&test[1])?, is_sign), "the health check")?;
    check_labels(&body["Labels"], true, true, true)?;
    check_host(&body["HostConfig"], network)
}

fn check_network(body: &Value, pool: &str) -> Checked {
    only(body, &["Name", "Driver", "Internal", "Attachable", "EnableIPv6", "IPAM", "Options", "Labels"])?;
    demand(is_name(text(&body["Name"])?, 2), "the name")?;
    demand(
        body["Driver"] == "bridge" && body["EnableIPv6"] == false && body["Attachable"] == false,
        "the driver",
    )?;
    check_labels(&body["Labels"], false, false, true)?;
    only(&body["IPAM"], &["Driver", "Config"])?;
    let config = body["IPAM"]["Config"].as_array().ok_or("no addresses")?;
    demand(config.len() == 1, "more addresses than one network's")?;
    only(&config[0], &["Subnet", "Gateway"])?;
    let subnet: ipnet::Ipv4Net = text(&config[0]["Subnet"])?.parse().map_err(|_| "no subnet")?;
    let pool: ipnet::Ipv4Net = pool.parse().map_err(|_| "no pool")?;
    demand(subnet.prefix_len() == 28 && pool.contains(&subnet), "addresses out of the pool")?;
    let options = &body["Options"];
    for (option, value) in options.as_object().into_iter().flatten() {
        let name = option.strip_prefix("com.docker.network.bridge.").ok_or("an option of no bridge")?;
        demand(
            match name {
                "enable_ip_masquerade" => value == "false",
                "enable_icc" | "inhibit_ipv4" => ["true", "false"].contains(&text(value)?),
                "name" => text(value)?.strip_prefix("ssp").is_some_and(|rest| is_hex(rest, 8)),
                _ => false,
            },
            name,
        )?;
    }
    let is_joined = options["com.docker.network.bridge.inhibit_ipv4"] == "true";
    demand(options["com.docker.network.bridge.enable_ip_masquerade"] == "false", "masquerade")?;
    demand(
        is_joined || options["com.docker.network.bridge.enable_icc"] == "false",
        "databases reach each other",
    )
}

pub(super) fn reaches() -> impl Strategy<Value = Reach> {
    prop_oneof![
        Just(Reach::Bridge),
        Just(Reach::Published),
        "[a-zA-Z0-9][a-zA-Z0-9_.-]{0,100}"
            .prop_map(|name| Reach::Joined(ContainerName::parse(&name).unwrap())),
    ]
}

pub(super) fn images() -> impl Strategy<Value = DatabaseImage> {
    let reference = "([a-z0-9]+([._-][a-z0-9]+){0,3}(:[0-9]{1,5})?/)?[a-z0-9]+([._-][a-z0-9]+){0,3}@";
    (prop_oneof![Just(String::new()), reference], "[0-9a-f]{64}", 1_u32..=65_533).prop_map(
        |(name, digest, user)| {
            let reference = ImageReference::parse(&format!("{name}sha256:{digest}")).unwrap();
            DatabaseImage::new(reference, user).unwrap()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn n3_whatever_the_ids_and_settings_nothing_but_what_is_listed_is_asked_of_the_engine(
        installation in ".*",
        (tenant, dataset) in (any::<[u8; 16]>(), any::<[u8; 16]>()),
        is_chroma in any::<bool>(),
        secret in "[0-9a-f]{64}",
        image in images(),
        reach in reaches(),
        limits in (32_u32..=1_048_576, 50_u32..=256_000, 16_u32..=32_768),
        at in 0_usize..4096,
    ) {
        let installation = Installation::of_name(&installation);
        let credential = DatabaseCredential::read(&secret).unwrap();
        let kind = if is_chroma { VectorDatabaseKind::Chroma } else { VectorDatabaseKind::Qdrant };
        let form = DatabaseForm {
            installation: &installation,
            tenant: TenantId::from_bytes(tenant),
            dataset: DatasetId::from_bytes(dataset),
            kind,
            image: &image,
            credential: &credential,
            limits: Limits::new(limits.0, limits.1, limits.2).unwrap(),
            reach: &reach,
        };
        let network = "f".repeat(64);
        let body = serde_json::to_value(form.container(&network)).unwrap();
        prop_assert_eq!(check_container(&body, &network), Ok(()), "{}", body);
        prop_assert_eq!(body["HostConfig"]["PortBindings"].is_object(), reach == Reach::Published);

        let volume = serde_json::to_value(form.volume()).unwrap();
        prop_assert_eq!(only(&volume, &["Name", "Driver", "Labels"]), Ok(()));
        prop_assert!(volume["Driver"] == "local" && is_name(volume["Name"].as_str().unwrap(), 3));
        prop_assert_eq!(check_labels(&volume["Labels"], true, true, false), Ok(()));

        let pool = "10.213.0.0/16";
        let addresses = pool.parse::<AddressPool>().unwrap().networks().nth(at).unwrap();
        let network = NetworkForm { installation: &installation, tenant: form.tenant, reach: &reach };
        let body = serde_json::to_value(network.network(addresses)).unwrap();
        prop_assert_eq!(check_network(&body, pool), Ok(()), "{}", body);
        prop_assert_eq!(&body["Internal"], &json!(reach != Reach::Published));
        prop_assert!(!body.to_string().contains(&secret), "the credential is the container's alone");
    }
}

#[test]
fn n3_the_checker_finds_what_would_be_an_escape() {
    let installation = Installation::of_name("x");
    let image = ImageReference::parse(&format!("sha256:{}", "0".repeat(64))).unwrap();
    let form = DatabaseForm {
        installation: &installation,
        tenant: TenantId::from_bytes([1; 16]),
        dataset: DatasetId::from_bytes([2; 16]),
        kind: VectorDatabaseKind::Chroma,
        image: &DatabaseImage::new(image, 1000).unwrap(),
        credential: &DatabaseCredential::read(&"a".repeat(64)).unwrap(),
        limits: Limits::new(512, 1_000, 256).unwrap(),
        reach: &Reach::Bridge,
    };
    let body = serde_json::to_value(form.container("n")).unwrap();
    assert_eq!(check_container(&body, "n"), Ok(()));
    for (place, value) in [
        ("/HostConfig/Binds", json!(["/:/host"])),
        ("/HostConfig/Privileged", json!(true)),
        ("/HostConfig/PidMode", json!("host")),
        ("/HostConfig/Devices", json!([{"PathOnHost": "/dev/sda"}])),
        ("/HostConfig/CapAdd", json!(["SYS_ADMIN"])),
        ("/HostConfig/CapDrop", json!([])),
        ("/HostConfig/SecurityOpt", json!(["no-new-privileges", "seccomp=unconfined"])),
        ("/HostConfig/NetworkMode", json!("host")),
        ("/HostConfig/ReadonlyRootfs", json!(false)),
        ("/HostConfig/MemorySwap", json!(-1)),
        ("/HostConfig/Mounts/0/Type", json!("bind")),
        ("/HostConfig/Mounts/0/Source", json!("/etc")),
        (
            "/HostConfig/Mounts/0/VolumeOptions",
            json!({"DriverConfig": {"Options": {"o": "bind", "device": "/"}}}),
        ),
        ("/HostConfig/PortBindings", json!({"8000/tcp": [{"HostIp": "0.0.0.0", "HostPort": ""}]})),
        ("/Env/0", json!("LD_PRELOAD=/data/x.so")),
        ("/User", json!("0:0")),
        ("/Image", json!("chroma:latest")),
        ("/Entrypoint", json!(["sh"])),
    ] {
        let mut changed = body.clone();
        let (parent, key) = place.rsplit_once('/').unwrap();
        match changed.pointer_mut(parent).unwrap() {
            Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
            other => other[key] = value,
        }
        assert!(check_container(&changed, "n").is_err(), "{place} is not found");
    }
}

#[test]
fn r4_whatever_a_container_is_made_of_changes_its_hash_and_nothing_else_does() {
    let installation = Installation::of_name("x");
    let image = |n: &str, user| {
        DatabaseImage::new(ImageReference::parse(&format!("sha256:{}", n.repeat(64))).unwrap(), user).unwrap()
    };
    let secret = |n: &str| DatabaseCredential::read(&n.repeat(64)).unwrap();
    let limits = |memory| Limits::new(memory, 1_000, 256).unwrap();
    let joined = |name: &str| Reach::Joined(ContainerName::parse(name).unwrap());
    let hash = |kind, image: &DatabaseImage, credential: &DatabaseCredential, limits, reach: &Reach| {
        DatabaseForm {
            installation: &installation,
            tenant: TenantId::from_bytes([1; 16]),
            dataset: DatasetId::from_bytes([2; 16]),
            kind,
            image,
            credential,
            limits,
            reach,
        }
        .hash()
    };
    let (chroma, qdrant) = (VectorDatabaseKind::Chroma, VectorDatabaseKind::Qdrant);
    let first = hash(chroma, &image("0", 1), &secret("a"), limits(64), &Reach::Bridge);
    assert_eq!(
        first,
        hash(chroma, &image("0", 1), &secret("a"), limits(64), &joined("x")),
        "the network is another's affair"
    );
    for other in [
        hash(qdrant, &image("0", 1), &secret("a"), limits(64), &Reach::Bridge),
        hash(chroma, &image("1", 1), &secret("a"), limits(64), &Reach::Bridge),
        hash(chroma, &image("0", 2), &secret("a"), limits(64), &Reach::Bridge),
        hash(chroma, &image("0", 1), &secret("b"), limits(64), &Reach::Bridge),
        hash(chroma, &image("0", 1), &secret("a"), limits(65), &Reach::Bridge),
        hash(chroma, &image("0", 1), &secret("a"), limits(64), &Reach::Published),
    ] {
        assert_ne!(first, other);
    }
}
