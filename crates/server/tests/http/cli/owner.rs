//! The command `owner create`: a tenant and its owner, by a password that no one else can read.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::json;

use super::{command, found, run, run_with, stop};
use crate::space::{PASSWORD, TestSpace, in_memory};

#[tokio::test]
async fn a1_an_owner_is_made_beside_a_running_server_and_the_setup_token_ends() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let token = space.home().join("setup-token");
    let wrong = space.setup_token();
    let founded = found(space.home(), "first");
    assert_eq!((&founded["role"], &founded["tenant_name"]), (&json!("owner"), &json!("first")));
    assert!(!token.exists(), "where there is an account, there is no token");
    let late =
        json!({ "email": "l@l.example", "password": PASSWORD, "tenant_name": "late", "setup_token": wrong });
    space.anybody().post("/auth/register", &late).await.expect_problem(403, "registration_closed");

    let owner = space.log_in("owner@first.example", PASSWORD).await;
    let events = owner.audit("&action=user_created").await;
    assert_eq!(events[0]["actor"], json!({ "kind": "operator" }));
    // Registration stays closed, and yet the operator founds a further tenant.
    found(space.home(), "second");
    let second = space.log_in("owner@second.example", PASSWORD).await;
    assert_eq!(second.get("/auth/me").await.expect(200).body["tenant_name"], "second");
    assert_eq!(owner.get("/users").await.expect(200).body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a1_an_owner_that_was_made_alone_logs_in_where_a_server_comes_later() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    assert!(space.home().join("setup-token").exists());
    space.server().kill();
    let said = run_with(
        space.home(),
        &["owner", "create", "--email", "Olivia@First.Example", "--tenant", "first", "--password-file", "-"],
        &format!("{PASSWORD}\n"),
    );
    let said = said.expect(0).stdout;
    assert_eq!(said, "olivia@first.example owns the tenant first, and can log in now with this password.\n");
    assert!(!space.home().join("setup-token").exists(), "what a killed server left opens nothing");
    space.server().run_again().await;
    space.log_in("olivia@first.example", PASSWORD).await;
}

#[test]
fn a3_a_password_is_held_to_the_rules_of_the_api_and_comes_from_where_others_cannot_read_it() {
    if in_memory() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let create = |more: &[&str], input: &str| {
        let arguments = ["owner", "create", "--email", "a@b.example", "--tenant", "acme"];
        run_with(&home, &[&arguments, more].concat(), input)
    };
    for (password, code, says) in [
        ("short", 4, "15 characters"),
        ("", 4, "15 characters"),
        ("password1234567890", 4, "easily guessed"),
        ("acme acme acme acme", 4, "easily guessed"),
        (&*"x".repeat(2_000), 4, "1024 bytes"),
    ] {
        let ran = create(&["--password-file", "-"], password).expect(code);
        assert!(ran.stderr.contains(says), "{ran:?}");
        assert!(password.is_empty() || !ran.stderr.contains(password), "{ran:?}");
    }
    // There is no terminal here to ask, and no other way to say it.
    let ran = create(&[], PASSWORD).expect(2);
    assert!(ran.stderr.contains("--password-file"), "{ran:?}");
    create(&["--password", PASSWORD], "").expect(2);
    create(&[PASSWORD], "").expect(2);
    let mut with_variable =
        command(&home, &["owner", "create", "--email", "a@b.example", "--tenant", "acme"]);
    let with_variable = with_variable.env("SYFT_SPACE_PASSWORD", PASSWORD).output().unwrap();
    assert_eq!(with_variable.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&with_variable.stderr).contains("is no setting"));

    for (email, tenant) in [("nobody", "acme"), ("a@b.example", "A C M E"), ("a@b.example", "x")] {
        let arguments = ["owner", "create", "--email", email, "--tenant", tenant, "--password-file", "-"];
        run_with(&home, &arguments, PASSWORD).expect(2);
    }
    let file = folder.path().join("password");
    fs::write(&file, format!("{PASSWORD}\r\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    create(&["--password-file", file.to_str().unwrap()], "").expect(0);
    let other = ["owner", "create", "--email", "b@b.example", "--tenant", "acme", "--password-file", "-"];
    let ran = run_with(&home, &other, PASSWORD).expect(4);
    assert!(ran.stderr.contains("has no account in acme, which has an owner (a@b.example)"), "{ran:?}");
    let missing = folder.path().join("missing");
    create(&["--password-file", missing.to_str().unwrap()], "").expect(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn z3_a_tenant_whose_name_was_mistyped_is_not_founded_as_one_more() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    space.found("acme").await;
    let create =
        ["owner", "create", "--email", "bob@acme.example", "--tenant", "acne", "--password-file", "-"];
    let ran = run_with(space.home(), &create, PASSWORD).expect(2);
    assert!(ran.stderr.contains("there is no tenant acne yet, but acme; "), "{ran:?}");
    assert!(ran.stderr.contains("--new-tenant"), "{ran:?}");
    assert_eq!(run(space.home(), &["tenants", "list", "--json"]).expect(0).items().len(), 1);
    // What says to restore says nothing of a tenant.
    run_with(space.home(), &[&create[..], &["--restore"]].concat(), PASSWORD).expect(2);
    run_with(space.home(), &[&create[..], &["--new-tenant"]].concat(), PASSWORD).expect(0);
    assert_eq!(run(space.home(), &["tenants", "list", "--json"]).expect(0).items().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn z3_an_owner_who_has_forgotten_the_password_gets_another_from_the_operator() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let id = owner.get("/auth/me").await.expect(200).body["id"].clone();
    let create =
        ["owner", "create", "--email", "owner@acme.example", "--tenant", "acme", "--password-file", "-"];
    let another = "nine herons wade past silver reeds";
    // Nobody takes an account over by a slip.
    let ran = run_with(space.home(), &create, another).expect(2);
    assert!(ran.stderr.contains("owner@acme.example has an account (owner) in acme"), "{ran:?}");
    assert!(ran.stderr.contains("--restore"), "{ran:?}");
    owner.get("/auth/me").await.expect(200);
    let ran = run_with(space.home(), &[&create[..], &["--restore"]].concat(), another).expect(0);
    assert!(ran.stdout.contains("owner@acme.example") && !ran.stdout.contains(another), "{ran:?}");
    owner.get("/auth/me").await.expect_problem(401, "token_invalid");
    let old = json!({ "email": "owner@acme.example", "password": PASSWORD });
    space.anybody().post("/auth/login", &old).await.expect_problem(401, "credentials_wrong");
    let back = space.log_in("owner@acme.example", another).await;
    assert_eq!(back.get("/auth/me").await.expect(200).body["id"], id, "it is the same account");
    let events = back.audit("&action=authn_password_change").await;
    let told = (&events[0]["actor"]["kind"], &events[0]["object"]["id"], &events[0]["outcome"]);
    assert_eq!(told, (&json!("operator"), &id, &json!("success")));
}

#[tokio::test]
async fn k3_no_process_of_a_command_shows_a_secret_to_others() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let arguments = ["owner", "create", "--email", "a@b.example", "--tenant", "acme", "--password-file", "-"];
    let mut child =
        command(space.home(), &arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // It waits for the rest of the password, so that there is time to look.
    let mut input = child.stdin.take().unwrap();
    let (first, rest) = PASSWORD.split_at(20);
    std::io::Write::write_all(&mut input, first.as_bytes()).unwrap();
    // A process that has only just begun shows nothing yet.
    while fs::read(format!("/proc/{}/cmdline", child.id())).unwrap().is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "it waits for the rest");
        std::thread::yield_now();
    }
    for pid in [child.id(), space.server().pid()] {
        for file in ["cmdline", "environ"] {
            let shown = fs::read(format!("/proc/{pid}/{file}")).unwrap();
            let shown = String::from_utf8_lossy(&shown);
            assert!(!shown.contains(first), "/proc/{pid}/{file}: {shown}");
            assert!(file == "environ" || shown.contains("syft-space"), "{shown}");
        }
    }
    std::io::Write::write_all(&mut input, rest.as_bytes()).unwrap();
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    space.log_in("a@b.example", PASSWORD).await;
    stop(&mut space);
    run(space.home(), &["users", "list"]).expect(0);
}
