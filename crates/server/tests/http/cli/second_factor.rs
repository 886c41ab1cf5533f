//! Commands as an account that has a second factor: the code is asked for at a terminal, or comes from a file.

use std::fs;

use super::terminal::TerminalSession;
use super::{command, run, run_with, stop};
use crate::factors::authenticator::enrol;
use crate::space::{PASSWORD, TestSpace, in_memory};

const OWNER: &str = "owner@acme.example";

fn invite(email: &str) -> [&str; 6] {
    ["invite", email, "--role", "user", "--as", OWNER]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a3_at_a_terminal_the_code_is_asked_for_behind_the_right_password_with_a_server_and_without() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let enrolled = enrol(&owner).await;
    for (email, drift) in [("anna@acme.example", 0), ("bert@acme.example", 1)] {
        let code = enrolled.app.code(drift).await;
        let mut at = TerminalSession::run(command(space.home(), &invite(email)));
        at.wait_for("Password of owner@acme.example: ");
        at.type_in(&format!("{PASSWORD}\r"));
        at.wait_for("Code of the second factor of owner@acme.example, or a recovery code: ");
        assert!(!at.echoes());
        at.type_in(&format!("{code}\r"));
        at.wait_for("may join as user");
        let (status, shown) = at.end();
        assert_eq!(status, Some(0), "{shown}");
        assert!(!shown.contains(&code) && !shown.contains(PASSWORD), "{shown}");
        if drift == 0 {
            stop(&mut space);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_where_there_is_no_terminal_the_code_comes_from_a_file_and_one_input_holds_one_secret() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let enrolled = enrol(&owner).await;
    let password = format!("{PASSWORD}\n");
    let as_owner = |more: &[&str], input: &str| {
        run_with(space.home(), &[&invite("anna@acme.example")[..], more].concat(), input)
    };

    let ran = as_owner(&["--password-file", "-"], &password).expect(4);
    assert!(
        ran.stderr.contains("give it with --totp-file FILE") && !ran.stderr.contains("`totp`"),
        "{ran:?}"
    );
    // What is no password is not tried as one.
    let ran =
        as_owner(&["--password-file", "-", "--totp-file", "-"], &format!("{password}123456\n")).expect(2);
    assert!(ran.stderr.contains("--totp-file: standard input has the password"), "{ran:?}");
    let failed = owner.audit("&action=authn_login_fail").await;
    assert!(failed.iter().all(|event| event["reason_code"] == "totp_required"), "{failed:?}");

    let folder = tempfile::tempdir().unwrap();
    let (file, missing) = (folder.path().join("code"), folder.path().join("missing"));
    let change = ["password", "--as", OWNER, "--password-file", "/dev/null"];
    let ran = run_with(
        space.home(),
        &[&change[..], &["--totp-file", "-", "--new-password-file", "-"]].concat(),
        "",
    );
    assert!(ran.expect(2).stderr.contains("--new-password-file: standard input has the code"));
    let ran = run(space.home(), &[&change[..], &["--new-password-file", missing.to_str().unwrap()]].concat());
    let ran = ran.expect(1);
    assert!(ran.stderr.contains("syft-space: --new-password-file: opening "), "{ran:?}");

    fs::write(&file, &enrolled.recovery_codes[0]).unwrap();
    as_owner(&["--password-file", "-", "--totp-file", file.to_str().unwrap()], &password).expect(0);

    // Another password from the operator leaves it as it was, and says so.
    let create =
        ["owner", "create", "--email", OWNER, "--tenant", "acme", "--restore", "--password-file", "-"];
    let ran = run_with(space.home(), &create, &password).expect(0);
    assert!(ran.stdout.contains("a login needs a code as before"), "{ran:?}");
    as_owner(&["--password-file", "-"], &password).expect(4);
}
