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
