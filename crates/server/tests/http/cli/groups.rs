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
        let removed = removed.expect(0);
        assert_eq!(removed.stderr, "eve@x.example was not in the group partners\n");
        assert_eq!(removed.stdout, "1 address is taken out; 1 address is in the group partners now.\n");
        let told = as_owner(&["groups", "remove", "partners", "ada@x.example", "--json"]).expect(0).json();
        assert_eq!((&told["changed"], &told["members"]), (&1.into(), &0.into()));
        let listed = run(&home, &["groups", "list"]).expect(0).stdout;
        assert!(listed.contains("partners") && listed.contains("Who works with us"), "{listed}");
    }
    run_as("anna@acme.example", &["groups", "add", "partners", "ada@x.example"]).expect(4);
    let missing = as_owner(&["groups", "add", "missing", "ada@x.example"]).expect(3);
    assert!(missing.stderr.contains("no group \"missing\"; `syft-space groups list`"), "{missing:?}");
    let meant = as_owner(&["policies", "set", "ours", "--allow", "partners"]).expect(2);
    assert!(meant.stderr.contains("group:partners"), "{meant:?}");
    let meant = as_owner(&["policies", "set", "ours", "--allow", "@acme.example"]).expect(2);
    assert!(meant.stderr.contains("*@acme.example"), "{meant:?}");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_addresses_of_a_file_are_put_into_a_group_and_none_where_a_line_is_wrong() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    space.found("acme").await;
    let (file, words) = (space.home().join("partners"), space.home().join("words"));
    std::fs::write(&words, format!("{PASSWORD}\n")).unwrap();
    let account = ["--as", "owner@acme.example", "--password-file"];
    let as_owner = |arguments: &[&str], input: &str| {
        let words = [words.to_str().unwrap()];
        run_with(space.home(), &[arguments, &account, &words].concat(), input)
    };
    as_owner(&["groups", "create", "partners"], "").expect(0);
    let add = ["groups", "add", "partners", "--file", file.to_str().unwrap()];
    let members = || {
        let listed = run(space.home(), &["groups", "show", "partners", "--json"]).expect(0).items();
        listed.iter().map(|member| member["email"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let missing = as_owner(&add, "").expect(3);
    assert!(missing.stderr.contains("partners: No such file"), "{missing:?}");
    std::fs::write(&file, "# ours\nada@x.example\n\nnobody\nbob@x.example\n@x.example\n").unwrap();
    let wrong = as_owner(&add, "").expect(2);
    assert!(wrong.stderr.contains("line 4: ") && wrong.stderr.contains("; line 6: "), "{wrong:?}");
    assert_eq!(members(), [""; 0], "nothing is sent");
    std::fs::write(&file, "# ours\r\nada@x.example\r\n\r\nBob@x.example\r\nada@x.example\r\n").unwrap();
    let added = as_owner(&[&add[..], &["bob@x.example"]].concat(), "").expect(0);
    assert_eq!(added.stdout, "2 addresses are put in; 2 addresses are in the group partners now.\n");
    let typed = ["groups", "add", "partners", "--file", "-"];
    as_owner(&typed, "eve@x.example\n").expect(0);
    assert_eq!(members(), ["ada@x.example", "bob@x.example", "eve@x.example"]);
    let both = run_with(space.home(), &[&typed[..], &account, &["-"]].concat(), PASSWORD).expect(2);
    assert!(both.stderr.contains("--file: standard input has"), "{both:?}");
    as_owner(&["groups", "add", "partners"], "").expect(2);
}
