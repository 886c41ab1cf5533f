//! The commands of groups: with a server running, and without one.

// The commands are waited for on the test's own thread: another looks after the connections meanwhile.

use super::{run, run_with, stop};
use crate::space::{PASSWORD, TestSpace, in_memory};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_an_account_keeps_groups_with_a_server_and_without() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    space.member(&owner, "anna@acme.example", "user").await;
    let home = space.home().to_owned();
    let run_as = |email: &str, arguments: &[&str]| {
        let account = ["--as", email, "--password-file", "-"];
        run_with(&home, &[arguments, &account].concat(), &format!("{PASSWORD}\n"))
    };
    let as_owner = |arguments: &[&str]| run_as("owner@acme.example", arguments);
    let made = as_owner(&["groups", "create", "partners", "--description", "Who works with us"]).expect(0);
    assert_eq!(made.stdout, "The group partners is made. Policies name it as group:partners.\n");
    for alone in [false, true] {
        if alone {
            stop(&mut space);
        }
        let added = as_owner(&["groups", "add", "partners", "b/c+d%@x.example", "Ada@X.example"]).expect(0);
        assert_eq!(added.stdout, "2 addresses are put in; 2 addresses are in the group partners now.\n");
        let told = run(&home, &["groups", "show", "partners"]).expect(0).stdout;
        let told: Vec<_> = told.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
        assert_eq!(told, ["EMAIL", "ada@x.example", "b/c+d%@x.example"]);
        let removed = as_owner(&["groups", "remove", "partners", "b/c+d%@x.example", "eve@x.example"]);
        let removed = removed.expect(0).stdout;
        assert_eq!(removed, "1 address is taken out; 1 address is in the group partners now.\n");
        let told = as_owner(&["groups", "remove", "partners", "ada@x.example", "--json"]).expect(0).json();
        assert_eq!((&told["changed"], &told["members"]), (&1.into(), &0.into()));
        let listed = run(&home, &["groups", "list"]).expect(0).stdout;
        assert!(listed.contains("partners") && listed.contains("Who works with us"), "{listed}");
    }
    run_as("anna@acme.example", &["groups", "add", "partners", "ada@x.example"]).expect(4);
    as_owner(&["groups", "add", "missing", "ada@x.example"]).expect(3);
    let wrong = as_owner(&["groups", "add", "partners", "nobody"]).expect(2);
    assert!(wrong.stderr.contains("EMAIL \"nobody\""), "{wrong:?}");
    as_owner(&["groups", "create", "No Name"]).expect(2);
    as_owner(&["policies", "set", "ours", "--allow", "group:missing"]).expect(4);
    as_owner(&["policies", "set", "ours", "--allow", "group:partners"]).expect(0);
    let named = as_owner(&["groups", "delete", "partners"]).expect(4);
    assert!(named.stderr.contains("\"ours\""), "{named:?}");
    as_owner(&["policies", "set", "ours", "--allow", "*@acme.example"]).expect(0);
    as_owner(&["groups", "delete", "partners"]).expect(0);
}
