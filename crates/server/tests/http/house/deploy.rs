//! What `deploy/` says fits the workspace.

use super::root;

#[test]
fn the_image_is_built_by_the_compiler_and_of_the_program_that_there_are() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let image = read("deploy/Dockerfile");
    let workspace: toml::Table = read("Cargo.toml").parse().unwrap();
    let version = workspace["workspace"]["package"]["rust-version"].as_str().unwrap();
    assert!(image.contains(&format!("FROM rust:{version}-bookworm AS build")), "{version}");
    // A program that was built against a later C library would not start.
    assert!(image.contains("FROM debian:bookworm-slim"));
    let server: toml::Table = read("crates/server/Cargo.toml").parse().unwrap();
    let package = server["package"]["name"].as_str().unwrap();
    assert!(image.contains(&format!("--package {package}\n")));
    assert!(image.contains(&format!("/clone/target/release/{package} /usr/local/bin/{package}\n")));
    assert!(image.contains(&format!("ENTRYPOINT [\"/usr/local/bin/{package}\"]")));
    let user = image.lines().position(|line| line == "USER syft-space").unwrap();
    let entry = image.lines().position(|line| line.starts_with("ENTRYPOINT")).unwrap();
    assert!(user < entry, "it does not run as root");
    let ignored = read("deploy/Dockerfile.dockerignore");
    assert!(ignored.lines().any(|line| line == "target"), "a build of the host is not sent along");
}

/// The value of a setting of a systemd unit, which stands there once.
fn setting<'a>(unit: &'a str, name: &str) -> &'a str {
    let values: Vec<&str> =
        unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect();
    let [value] = values.as_slice() else { panic!("{name} stands {} times", values.len()) };
    value
}

#[test]
fn n3_the_units_keep_the_engine_from_the_space_and_give_it_the_guards_socket() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap().replace("\\\n", " ");
    let (guard, space) = (read("deploy/syft-space-docker-guard.service"), read("deploy/syft-space.service"));
    assert_ne!(setting(&guard, "User"), setting(&space, "User"), "who takes over one has not the other");
    assert_eq!(setting(&guard, "Group"), setting(&space, "Group"), "the socket's group is the space's");
    assert_eq!(setting(&guard, "SupplementaryGroups"), "docker");
    assert!(!space.contains("SupplementaryGroups"), "the space is in no group of the engine's");
    let command: Vec<&str> = setting(&guard, "ExecStart").split_whitespace().collect();
    let after = |name: &str| {
        let place =
            command.iter().position(|word| *word == name).unwrap_or_else(|| panic!("{name} is missing"));
        command[place + 1]
    };
    let folder = format!("/run/{}/", setting(&guard, "RuntimeDirectory"));
    assert!(after("--socket").starts_with(&folder), "the socket is in the unit's own folder");
    assert_eq!(setting(&guard, "RuntimeDirectoryMode"), "0750");
    // The command line takes what the unit gives it.
    let image = format!("chroma@sha256:{}", "0a".repeat(32));
    let filled =
        command.iter().map(|word| word.replace("${INSTALLATION}", "1").replace("${CHROMA_IMAGE}", &image));
    let given = syft_space::cli::command().try_get_matches_from(filled);
    assert_eq!(given.unwrap().subcommand_name(), Some("docker-guard"));
    for (name, value) in [
        ("NoNewPrivileges", "true"),
        ("CapabilityBoundingSet", ""),
        ("PrivateNetwork", "true"),
        ("RestrictAddressFamilies", "AF_UNIX"),
        ("ProtectSystem", "strict"),
    ] {
        assert_eq!(setting(&guard, name), value, "{name}");
    }
}
