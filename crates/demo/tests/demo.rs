//! What the README's first command shows when it is asked for a marketplace too.
#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

use std::process::{Command, Output, Stdio};

/// Runs the program with a user's folder and a folder for temporary files of its own; both must be empty at the end.
fn run(arguments: &[&str]) -> (Output, String) {
    let folder = tempfile::tempdir().unwrap();
    let [user, temporary] = ["user", "temporary"].map(|name| {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        path
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_syft-space-demo"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SYFT_SPACE_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).env("HOME", &user).env("TMPDIR", &temporary).stdin(Stdio::null());
    let output = command.output().unwrap();
    for left in [&user, &temporary] {
        assert_eq!(std::fs::read_dir(left).unwrap().count(), 0, "{} is not empty", left.display());
    }
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    (output, said)
}

#[test]
fn a_marketplaces_users_ask_and_the_policy_decides() {
    let (output, said) = run(&["demo", "--with-hub", "--exit", "--listen", "127.0.0.1:0"]);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let (_, answered) = said.split_once("anna@example.org asks: Who may query").unwrap();
    let (best, _) = answered.split_once("  0.").unwrap().1.split_once("\n  0.").unwrap();
    assert!(best.contains("\"docs-policies.md\""), "{best}");
    assert!(best.contains(
        "**No access policy is attached:** every member who may query is admitted, and nobody else"
    ));
    let (_, said) = said.split_once("A marketplace runs at http://127.0.0.1:").unwrap();
    assert!(said.contains("5. The tenant registered its account there, \"spaceowner\""), "{said}");
    assert!(said.contains("6. The endpoint \"handbook\" is listed there"), "{said}");
    let (_, said) = said.split_once("alice, a user of the marketplace, asks the same").unwrap();
    let (admitted, refused) = said.split_once("mallory, a user of the marketplace, asks the same").unwrap();
    assert!(admitted.contains("  200  found in docs-"), "{admitted}");
    assert!(refused.contains("  403  ") && !refused.contains("found in"), "{refused}");
    // Where it ends at once, nothing is left to go to.
    assert!(!refused.contains("Marketplace: "), "{refused}");
}

#[test]
fn it_is_the_command_line_that_is_deployed() {
    let (output, said) = run(&["demo", "--help"]);
    assert!(output.status.success() && said.contains("--with-hub"), "{said}");
    let (output, said) = run(&["config", "show", "--json"]);
    assert!(output.status.success() && said.contains("\"listen\""), "{said}");
}
