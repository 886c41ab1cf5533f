//! The command `docker-guard`: what it takes, and what it says of what it does not take.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};

use crate::space::binary;

fn guard(arguments: &[&str]) -> Output {
    let mut command = binary();
    command.arg("docker-guard").args(arguments).stdin(Stdio::null()).env_clear();
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn n3_the_guard_says_which_argument_it_cannot_follow_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("guard.sock");
    let socket = socket.to_str().unwrap();
    let image = format!("sha256:{}", "0a".repeat(32));
    let plain = ["--socket", socket, "--installation", "space-1", "--image", &image];
    for (more, told) in [
        (["--image", "chroma:latest"].as_slice(), "is not named by its content"),
        (&["--address-pool", "0.0.0.0/0"], "no private IPv4 network"),
        (&["--max-pids", "0"], "the most processes must be 1 or more"),
        (&["--engine", socket], "the guard's socket is the engine's"),
        (&["--log-format", "x"], "--log-format is pretty or json"),
        (&["--json"], "leave out --json"),
        (&["--listen-tcp", "x"], "unexpected argument"),
    ] {
        let output = guard(&[plain.as_slice(), more].concat());
        assert_eq!(output.status.code(), Some(2), "{more:?}: {}", said(&output));
        assert!(said(&output).contains(told), "{more:?}: {}", said(&output));
    }
    for missing in [&plain[2..], &plain[..4], &[&plain[..2], &plain[4..]].concat()] {
        assert_eq!(guard(missing).status.code(), Some(2), "{missing:?}");
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let output = guard(&plain);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("others may write in the folder"), "{}", said(&output));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
