//! `syft-space password`: an account changes its own password, from files and at a terminal.

use std::fs;

use serde_json::json;

use super::terminal::TerminalSession;
use super::{command, run_with, stop};
use crate::space::{PASSWORD, TestSpace, in_memory};

const ANNA: &str = "anna@acme.example";
const ANOTHER: &str = "nine herons wade past quiet mills";
const THIRD: &str = "eleven larks rest on wet slate";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_an_account_changes_its_password_from_files_with_a_server_and_without() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = space.member(&owner, ANNA, "viewer").await;
    let home = space.home().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new");
    let change = |current: &str, new: &str, more: &[&str]| {
        fs::write(&file, format!("{new}\n")).unwrap();
        let from_file = ["password", "--as", ANNA, "--new-password-file", file.to_str().unwrap()];
        run_with(&home, &[&from_file[..], &["--password-file", "-"], more].concat(), &format!("{current}\n"))
    };

    // Neither is taken from one input, nor is anybody logged in for a password that no server takes.
    let both = ["password", "--as", ANNA, "--password-file", "-", "--new-password-file", "-"];
    let ran = run_with(&home, &both, &format!("{PASSWORD}\n{ANOTHER}\n")).expect(2);
    assert!(ran.stderr.contains("--new-password-file: standard input has the current password"), "{ran:?}");
    let logins = owner.audit("&action=authn_login_success").await.len();
    assert!(change(PASSWORD, "fourteen chars", &[]).expect(4).stderr.contains("at least 15 characters"));
    assert_eq!(owner.audit("&action=authn_login_success").await.len(), logins);
    assert!(change(PASSWORD, "passwordpassword", &[]).expect(4).stderr.contains("easily guessed"));
    assert!(
        change("a wrong one of some length", ANOTHER, &[]).expect(4).stderr.contains("password is wrong")
    );
    anna.get("/auth/me").await.expect(200);

    let ran = change(PASSWORD, ANOTHER, &[]).expect(0);
    assert!(
        ran.stdout.starts_with("The password of anna@acme.example in the tenant acme is changed."),
        "{ran:?}"
    );
    anna.get("/auth/me").await.expect_problem(401, "token_invalid");
    space.log_in(ANNA, ANOTHER).await;
    assert_eq!(owner.audit("&action=authn_password_change").await.len(), 1);

    stop(&mut space);
    assert_eq!(
        change(ANOTHER, THIRD, &["--json"]).expect(0).json(),
        json!({ "email": ANNA, "tenant": "acme" })
    );
    space.server().run_again().await;
    space.log_in(ANNA, THIRD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a3_at_a_terminal_the_current_password_is_asked_for_and_the_new_one_twice() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    space.member(&owner, ANNA, "user").await;
    let mut at = TerminalSession::run(command(space.home(), &["password", "--as", ANNA]));
    at.wait_for("Password of anna@acme.example: ");
    at.type_in(&format!("{PASSWORD}\r"));
    at.wait_for("New password (at least 15 characters): ");
    at.type_in("too short\r");
    at.wait_for("at least 15 characters: a few unrelated words do.");
    at.wait_for("New password (at least 15 characters): ");
    at.type_in(&format!("{ANOTHER}\r"));
    at.wait_for("The same again: ");
    at.type_in(&format!("{ANOTHER}\r"));
    at.wait_for("is changed");
    let (code, shown) = at.end();
    assert_eq!(code, Some(0), "{shown}");
    for typed in [PASSWORD, ANOTHER, "too short"] {
        assert!(!shown.contains(typed), "{shown}");
    }
    space.log_in(ANNA, ANOTHER).await;
}
