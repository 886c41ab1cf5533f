//! The commands that change members and invitations: with a server running, and without one.

// The commands are waited for on the test's own thread: another looks after the connections meanwhile.

use serde_json::{Value, json};

use super::account::{ANNA, OWNER, run_as};
use super::{run, stop};
use crate::space::{PASSWORD, TestSpace, dataset_of, endpoint_on, in_memory};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_an_account_changes_disables_and_removes_members() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = space.member(&owner, ANNA, "user").await;
    space.member(&owner, "bob@acme.example", "user").await;
    let home = space.home().to_owned();
    let as_owner = |arguments: &[&str]| run_as(&home, OWNER, arguments);
    let told = as_owner(&["users", "set-role", ANNA, "viewer"]).expect(0).stdout;
    assert_eq!(told, format!("{ANNA} is viewer now, from the very next request on.\n"));
    anna.get("/datasets").await.expect(200);
    as_owner(&["users", "set-role", ANNA, "user"]).expect(0);
    let told = as_owner(&["users", "disable", ANNA]).expect(0).stdout;
    assert!(told.contains("is let in no more"), "{told}");
    anna.get("/endpoints").await.expect_problem(401, "token_invalid");
    let login = json!({ "email": ANNA, "password": PASSWORD });
    space.anybody().post("/auth/login", &login).await.expect_problem(401, "credentials_wrong");
    let enabled = as_owner(&["users", "enable", ANNA, "--json"]).expect(0).json();
    assert_eq!((&enabled["email"], &enabled["status"]), (&json!(ANNA), &json!("active")));
    space.anybody().post("/auth/login", &login).await.expect(200);

    // Who may not is told who may, and what is wrong is named before a password is asked for.
    let refused = run_as(&home, ANNA, &["users", "remove", "bob@acme.example"]).expect(4);
    assert!(refused.stderr.contains("who may: owner, admin"), "{refused:?}");
    let wrong = as_owner(&["users", "set-role", ANNA, "boss"]).expect(2);
    assert!(wrong.stderr.contains("ROLE"), "{wrong:?}");
    let missing = as_owner(&["users", "remove", "eve@acme.example"]).expect(3);
    assert!(missing.stderr.contains("`syft-space users list`"), "{missing:?}");
    as_owner(&["users", "remove", OWNER]).expect(4);
    stop(&mut space);
    let told = as_owner(&["users", "remove", "bob@acme.example"]).expect(0).stdout;
    assert!(told.starts_with("bob@acme.example is no member any more"), "{told}");
    assert!(!run(&home, &["users", "list"]).expect(0).stdout.contains("bob@"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_open_invitations_are_listed_and_withdrawn_by_their_address() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    space.found("acme").await;
    let home = space.home().to_owned();
    let as_owner = |arguments: &[&str]| run_as(&home, OWNER, arguments);
    let invited = as_owner(&["invite", "carl@acme.example", "--role", "user", "--json"]).expect(0).json();
    let listed = as_owner(&["invitations", "list"]).expect(0).stdout;
    assert!(listed.starts_with("EMAIL") && listed.contains("carl@acme.example"), "{listed}");
    let told = as_owner(&["invitations", "withdraw", "Carl@acme.example"]).expect(0).stdout;
    assert!(told.contains("carl@acme.example is withdrawn"), "{told}");
    let accepted = json!({ "token": invited["token"], "password": PASSWORD });
    space.anybody().post("/invitations/accept", &accepted).await.expect_problem(404, "not_found");
    let missing = as_owner(&["invitations", "withdraw", "carl@acme.example"]).expect(3);
    assert!(missing.stderr.contains("`syft-space invitations list`"), "{missing:?}");
    as_owner(&["invitations", "withdraw", "carl"]).expect(2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_endpoints_and_datasets_are_removed_and_what_is_in_use_says_by_what() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    space.member(&owner, ANNA, "user").await;
    let dataset = dataset_of(&owner, "birds", &[("doc", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    let home = space.home().to_owned();
    let as_owner = |arguments: &[&str]| run_as(&home, OWNER, arguments);
    let used = run(&home, &["datasets", "remove", "birds"]).expect(4);
    assert!(used.stderr.contains("`syft-space endpoints remove birds --as EMAIL`"), "{used:?}");
    let refused = run_as(&home, ANNA, &["endpoints", "remove", "birds"]).expect(4);
    assert!(refused.stderr.contains("who may: owner, admin"), "{refused:?}");
    as_owner(&["endpoints", "remove", "fish"]).expect(3);
    let told = as_owner(&["endpoints", "remove", "birds"]).expect(0).stdout;
    assert_eq!(told, "The endpoint birds is removed. Its dataset and its policies stay.\n");
    let told = run(&home, &["datasets", "remove", "birds"]).expect(0).stdout;
    let certificate =
        format!("`syft-space datasets certificate {dataset}` gives the proof that it is gone, once it is.");
    assert_eq!(told, format!("The dataset birds is removed, with all of its documents.\n{certificate}\n"));
    let left: Vec<Value> = run(&home, &["datasets", "list", "--json"]).expect(0).items();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_the_host_sees_how_much_each_caller_was_shown() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = space.member(&owner, ANNA, "user").await;
    let dataset = dataset_of(&owner, "birds", &[("doc", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    let home = space.home().to_owned();
    let limit = json!({
        "name": "a little", "policy_type": "disclosure_limit",
        "configuration": { "unit": "documents", "cap": 3, "window": "30d" }
    });
    let file = home.join("policy.json");
    std::fs::write(&file, limit.to_string()).unwrap();
    let set = ["policies", "set", "a little", "--file", file.to_str().unwrap(), "--on", "birds"];
    run_as(&home, OWNER, &set).expect(0);
    anna.ask("birds", "penguins").await.expect(200);
    let shown = run(&home, &["policies", "coverage", "a little"]).expect(0).stdout;
    let row = shown.lines().nth(1).unwrap();
    assert!(row.starts_with(ANNA) && row.split_whitespace().nth(1) == Some("1"), "{shown}");
    run(&home, &["policies", "coverage", "no such"]).expect(3);
    // One that counts nothing is not told of as if nobody had been shown anything.
    let access = json!({ "name": "all", "policy_type": "access", "configuration": { "mode": "allow", "patterns": ["*"] } });
    std::fs::write(&file, access.to_string()).unwrap();
    run_as(&home, OWNER, &["policies", "set", "all", "--file", file.to_str().unwrap()]).expect(0);
    let refused = run(&home, &["policies", "coverage", "all"]).expect(4).stderr;
    assert!(refused.contains("is of the type access"), "{refused}");
}
