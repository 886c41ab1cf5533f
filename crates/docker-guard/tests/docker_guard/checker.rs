//! What must hold of every body that reaches the engine, told a second time: over the forwarded bytes as plain JSON, without a
//! type or function of the guard.

use serde_json::{Map, Value};

type Checked = Result<(), String>;

fn fail<T>(what: &str, value: &Value) -> Result<T, String> {
    Err(format!("{what}: {value}"))
}

/// The members of an object that has no others than these.
fn members<'a>(value: &'a Value, known: &[&str]) -> Result<&'a Map<String, Value>, String> {
    let members = value.as_object().ok_or_else(|| format!("no object: {value}"))?;
    match members.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => fail(&format!("an unknown member {key}"), value),
        None => Ok(members),
    }
}

fn must(holds: bool, what: &str, value: &Value) -> Checked {
    if holds { Ok(()) } else { fail(what, value) }
}

/// Every text in it is what the guard may pass at most: printable, and no word that means the host.
fn check_texts(value: &Value) -> Checked {
    match value {
        Value::String(text) => must(!text.chars().any(char::is_control), "a control character", value),
        Value::Array(items) => items.iter().try_for_each(check_texts),
        Value::Object(members) => members.values().try_for_each(check_texts),
        _ => Ok(()),
    }
}

fn check_labels(value: &Value) -> Checked {
    must(value["syft-space.installation"] == "space-1", "another installation", value)?;
    let labels = value.as_object().unwrap();
    must(labels.len() <= 16, "many labels", value)?;
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte));
    for (name, label) in labels {
        let label = label.as_str().ok_or("a label that is no text")?;
        must(name.starts_with("syft-space.") && plain(name) && plain(label), "a label", value)?;
    }
    Ok(())
}

fn is_own_name(value: &Value) -> bool {
    let name = value.as_str().unwrap_or_default();
    name.starts_with("syft-space-")
        && name.len() <= 128
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn number(value: &Value, most: u64) -> Checked {
    must(value.as_u64().is_some_and(|number| 0 < number && number <= most), "a limit", value)
}

/// The body of a container, whose network was found to have this id.
pub(crate) fn check_container(bytes: &[u8], network: &str) -> Checked {
    let body: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    check_texts(&body)?;
    let top = members(
        &body,
        &[
            "Image",
            "User",
            "Env",
            "Labels",
            "ExposedPorts",
            "Healthcheck",
            "StopTimeout",
            "HostConfig",
            "NetworkingConfig",
        ],
    )?;
    let images =
        [format!("sha256:{}", "0a".repeat(32)), format!("chromadb/chroma@sha256:{}", "0b".repeat(32))];
    must(images.iter().any(|image| body["Image"] == image.as_str()), "the image", &body["Image"])?;
    check_labels(&body["Labels"])?;
    let user = body["User"].as_str().ok_or("no user")?;
    let ids: Vec<Option<u32>> = user.split(':').map(|id| id.parse().ok()).collect();
    let [Some(uid), Some(gid)] = ids[..] else {
        return fail("a user that is no pair of numbers", &body["User"]);
    };
    must(uid > 0 && gid > 0 && user == format!("{uid}:{gid}"), "root", &body["User"])?;
    for entry in top.get("Env").and_then(Value::as_array).into_iter().flatten() {
        let entry = entry.as_str().ok_or("an environment of something else")?;
        must(
            entry.starts_with("QDRANT__SERVICE__API_KEY=") && entry.len() < 5_000,
            "a variable",
            &body["Env"],
        )?;
    }
    must(top.get("Env").is_none_or(|env| env.as_array().unwrap().len() == 1), "variables", &body)?;
    if let Some(ports) = top.get("ExposedPorts") {
        check_ports(ports, |exposed| members(exposed, &[]).map(drop))?;
    }
    if let Some(health) = top.get("Healthcheck") {
        check_health(health)?;
    }
    if let Some(time) = top.get("StopTimeout") {
        must(time.as_u64().is_some_and(|time| time <= 600), "a time to stop", time)?;
    }
    if let Some(networking) = top.get("NetworkingConfig") {
        let endpoints =
            members(networking, &["EndpointsConfig"])?.get("EndpointsConfig").ok_or("no endpoints")?;
        for (name, endpoint) in endpoints.as_object().ok_or("no endpoints")? {
            must(name == network, "another network", networking)?;
            let aliases = members(endpoint, &["Aliases"])?.get("Aliases");
            let aliases: Vec<&Value> = aliases.and_then(Value::as_array).into_iter().flatten().collect();
            must(aliases.len() <= 4 && aliases.into_iter().all(is_own_name), "an alias", endpoint)?;
        }
    }
    check_host(&body["HostConfig"], network)
}

fn check_ports(ports: &Value, check: impl Fn(&Value) -> Checked) -> Checked {
    must(ports.as_object().is_some_and(|ports| ports.len() <= 4), "many ports", ports)?;
    for (port, value) in ports.as_object().ok_or("no ports")? {
        let number = port.strip_suffix("/tcp").and_then(|port| port.parse::<u16>().ok());
        must(number.is_some_and(|number| number > 0), "a port", ports)?;
        check(value)?;
    }
    Ok(())
}

fn check_health(health: &Value) -> Checked {
    let parts = members(health, &["Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"])?;
    let [kind, command] = &health["Test"].as_array().ok_or("no test")?[..] else {
        return fail("a test", health);
    };
    must(kind == "CMD-SHELL", "a test of another kind", health)?;
    let command = command.as_str().ok_or("no command")?;
    // All that differs from the one command are digits and small letters, and what a shell reads is counted.
    let count = |letter: char| command.matches(letter).count();
    let signs = [
        (' ', 17),
        ('|', 4),
        ('>', 2),
        ('<', 1),
        ('\'', 2),
        (':', 5),
        ('&', 0),
        (';', 0),
        ('$', 0),
        ('`', 0),
        ('\\', 0),
        ('(', 0),
    ];
    must(signs.iter().all(|(sign, times)| count(*sign) == *times), "a test by another command", health)?;
    must(
        command.starts_with("wget -q -O /dev/null http://127.0.0.1:")
            && command.matches("127.0.0.1").count() == 3,
        "a test elsewhere",
        health,
    )?;
    for (name, value) in parts {
        match name.as_str() {
            "Test" => {}
            "Retries" => number(value, 100)?,
            _ => {
                number(value, 3_600_000_000_000)?;
                must(value.as_u64() >= Some(1_000_000_000), "a check that never rests", value)?;
            }
        }
    }
    Ok(())
}

fn check_host(host: &Value, network: &str) -> Checked {
    let parts = members(
        host,
        &[
            "Memory",
            "MemorySwap",
            "NanoCpus",
            "PidsLimit",
            "ReadonlyRootfs",
            "CapDrop",
            "SecurityOpt",
            "Tmpfs",
            "Mounts",
            "NetworkMode",
            "PortBindings",
            "RestartPolicy",
            "LogConfig",
        ],
    )?;
    number(&host["Memory"], 512 << 20)?;
    number(&host["NanoCpus"], 1_000_000_000)?;
    number(&host["PidsLimit"], 128)?;
    must(parts.get("MemorySwap").is_none_or(|swap| *swap == host["Memory"]), "swap", host)?;
    must(host["ReadonlyRootfs"] == true, "a root that can be written", host)?;
    must(host["CapDrop"] == serde_json::json!(["ALL"]), "capabilities", host)?;
    must(host["SecurityOpt"] == serde_json::json!(["no-new-privileges"]), "privileges", host)?;
    must(host["NetworkMode"] == network, "another network", host)?;
    if let Some(tmpfs) = parts.get("Tmpfs") {
        let options = members(tmpfs, &["/tmp"])?["/tmp"].as_str().ok_or("no options")?;
        for option in options.split(',').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let known = ["rw", "noexec", "nosuid", "nodev", "size", "mode", "uid", "gid"];
            let plain = value.bytes().all(|byte| byte.is_ascii_digit() || b"kmg".contains(&byte));
            must(known.contains(&name) && plain, "an option", tmpfs)?;
        }
    }
    for mount in parts.get("Mounts").and_then(Value::as_array).into_iter().flatten() {
        members(mount, &["Type", "Source", "Target"])?;
        must(mount["Type"] == "volume" && is_own_name(&mount["Source"]), "a mount", mount)?;
        let target = mount["Target"].as_str().ok_or("no target")?;
        let inner = target.split('/').skip(1).all(|part| !part.is_empty() && part != "." && part != "..");
        let kernels = ["/proc", "/sys", "/dev"]
            .iter()
            .any(|path| target.starts_with(&format!("{path}/")) || target == *path);
        must(target.starts_with('/') && inner && !kernels, "a target", mount)?;
    }
    must(parts.get("Mounts").is_none_or(|mounts| mounts.as_array().unwrap().len() == 1), "mounts", host)?;
    if let Some(ports) = parts.get("PortBindings") {
        check_ports(ports, |bindings| {
            let [binding] = &bindings.as_array().ok_or("no bindings")?[..] else {
                return fail("bindings", bindings);
            };
            members(binding, &["HostIp", "HostPort"])?;
            must(binding["HostIp"] == "127.0.0.1" && binding["HostPort"] == "", "a binding", binding)
        })?;
    }
    if let Some(restart) = parts.get("RestartPolicy") {
        members(restart, &["Name", "MaximumRetryCount"])?;
        let names = ["no", "always", "unless-stopped", "on-failure"];
        must(names.iter().any(|name| restart["Name"] == *name), "when it is begun again", restart)?;
    }
    members(&host["LogConfig"], &["Type", "Config"])?;
    must(
        ["json-file", "local"].iter().any(|kind| host["LogConfig"]["Type"] == *kind),
        "a log elsewhere",
        host,
    )?;
    check_log(&host["LogConfig"]["Config"])
}

fn check_log(limits: &Value) -> Checked {
    members(limits, &["max-size", "max-file"])?;
    let size = limits["max-size"]
        .as_str()
        .and_then(|size| size.strip_suffix('m'))
        .and_then(|size| size.parse().ok());
    must(size.is_some_and(|size: u32| (1..=100).contains(&size)), "a log without an end", limits)?;
    let files = limits["max-file"].as_str().and_then(|files| files.parse().ok());
    must(files.is_some_and(|files: u32| (1..=10).contains(&files)), "logs without an end", limits)
}

/// The body of a network.
pub(crate) fn check_network(bytes: &[u8]) -> Checked {
    let body: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    check_texts(&body)?;
    members(&body, &["Name", "Driver", "Internal", "IPAM", "Options", "Labels"])?;
    must(
        is_own_name(&body["Name"]) && body["Driver"] == "bridge" && body["Internal"].is_boolean(),
        "a network",
        &body,
    )?;
    check_labels(&body["Labels"])?;
    members(&body["IPAM"], &["Driver", "Config"])?;
    must(body["IPAM"]["Driver"] == "default", "addresses of somebody else", &body)?;
    let [range] = &body["IPAM"]["Config"].as_array().ok_or("no addresses")?[..] else {
        return fail("addresses", &body);
    };
    members(range, &["Subnet", "Gateway"])?;
    let (address, length) =
        range["Subnet"].as_str().and_then(|subnet| subnet.split_once('/')).ok_or("no subnet")?;
    let length: u32 = length.parse().map_err(|_| "no length")?;
    must((24..=30).contains(&length), "a network of another size", range)?;
    let as_number =
        |text: &str| text.parse::<std::net::Ipv4Addr>().map(u32::from).map_err(|error| error.to_string());
    let first = as_number(address)?;
    let size = 1_u32 << (32 - length);
    must(first >> 16 == (10 << 8 | 213) && first % size == 0, "addresses outside the pool", range)?;
    if let Some(gateway) = range.get("Gateway") {
        let gateway = as_number(gateway.as_str().ok_or("no gateway")?)?;
        must(gateway > first && gateway < first + size - 1, "a gateway outside", range)?;
    }
    let prefix = "com.docker.network.bridge";
    let names = ["enable_icc", "enable_ip_masquerade", "host_binding_ipv4", "name", "inhibit_ipv4"];
    let names = names.map(|name| format!("{prefix}.{name}"));
    let options = members(&body["Options"], &names.each_ref().map(String::as_str))?;
    let apart = options
        .get(&names[0])
        .is_some_and(|option| option == "false" || body["Internal"] == true && option == "true");
    must(apart, "containers reach each other", &body)?;
    let bridge = format!("ssp{first:08x}");
    must(options.get(&names[3]).is_none_or(|option| *option == bridge.as_str()), "another bridge", &body)?;
    must(
        options.get(&names[4]).is_none_or(|option| option == "true" || option == "false"),
        "an option",
        &body,
    )?;
    let masked = options.get(&names[1]).is_some_and(|option| option == "false");
    must(
        masked || body["Internal"] == true && !options.contains_key(&names[1]),
        "the world is reached",
        &body,
    )?;
    must(options.get(&names[2]).is_none_or(|option| option == "127.0.0.1"), "ports for others", &body)
}

/// The body of a volume.
pub(crate) fn check_volume(bytes: &[u8]) -> Checked {
    let body: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    check_texts(&body)?;
    members(&body, &["Name", "Driver", "Labels"])?;
    must(is_own_name(&body["Name"]) && body["Driver"] == "local", "a volume", &body)?;
    check_labels(&body["Labels"])
}
