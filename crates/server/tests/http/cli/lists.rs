//! Lists: whole, aligned for people, one document for programs, and harmless on a terminal.

use std::io::Read;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{command, found, run, stop};
use crate::space::{TestSpace, dataset_of, endpoint_on, in_memory, only_policy};

#[tokio::test]
async fn what_there_is_is_listed_alike_with_and_without_a_server() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    space.member(&owner, "vera@acme.example", "viewer").await;
    let dataset = dataset_of(&owner, "Opening hours", &[("hours", "The reading room opens at nine.")]).await;
    endpoint_on(&owner, &dataset, "hours").await;
    only_policy(&owner, "hours", json!({ "mode": "allow", "patterns": ["*@acme.example"] })).await;
    let commands: [&[&str]; 8] = [
        &["datasets", "list"],
        &["datasets", "show", "Opening hours"],
        &["datasets", "show", &dataset],
        &["endpoints", "list"],
        &["policies", "list"],
        &["users", "list"],
        &["tenants", "list"],
        &["jobs", "list", "--dataset", "Opening hours"],
    ];
    let both = |arguments: &[&str]| {
        let table = run(space.home(), arguments).expect(0);
        let json = run(space.home(), &[arguments, &["--json"]].concat()).expect(0);
        assert!(table.stderr.is_empty() && json.stderr.is_empty(), "{table:?} {json:?}");
        (table.stdout, json.stdout)
    };
    let while_serving: Vec<_> = commands.iter().map(|command| both(command)).collect();
    let [datasets, shown, _, endpoints, policies, users, tenants, jobs] = &while_serving[..] else {
        panic!()
    };
    assert!(datasets.0.starts_with("NAME") && datasets.0.contains("Opening hours"), "{}", datasets.0);
    assert!(shown.0.contains(&dataset) && shown.1.contains(&dataset));
    let lines: Vec<Vec<_>> = shown.0.lines().map(|line| line.split_whitespace().collect()).collect();
    for held in [["documents", "1"], ["chunks", "1"], ["bytes", "31"]] {
        assert!(lines.iter().any(|line| *line == held), "{held:?} of {}", shown.0);
    }
    assert!(endpoints.0.contains("hours") && endpoints.0.contains("yes"), "{}", endpoints.0);
    assert!(policies.0.contains("allow *@acme.example"), "{}", policies.0);
    assert!(users.0.contains("vera@acme.example   viewer  active"), "as wide as the longest: {}", users.0);
    assert!(tenants.0.contains("acme"));
    assert!(jobs.0.contains("succeeded"));
    let listed: Value = serde_json::from_str(&users.1).unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    assert_eq!(listed["items"][1]["email"], "vera@acme.example");

    let events = owner.audit("&action=user_created").await;
    let through = ["audit", "list", "--action", "user_created", "--json"];
    assert_eq!(run(space.home(), &through).expect(0).items(), events);
    stop(&mut space);
    let alone: Vec<_> = commands.iter().map(|command| both_of(&space, command)).collect();
    assert_eq!(alone, while_serving);
    assert_eq!(run(space.home(), &through).expect(0).items(), events);
}

fn both_of(space: &TestSpace, arguments: &[&str]) -> (String, String) {
    let table = run(space.home(), arguments).expect(0);
    (table.stdout, run(space.home(), &[arguments, &["--json"]].concat()).expect(0).stdout)
}

#[tokio::test]
async fn lists_go_through_all_pages() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("many").await;
    for n in 0..105 {
        let body = json!({ "name": format!("dataset {n}"), "dtype": "embedded" });
        owner.post("/datasets", &body).await.expect(201);
    }
    let items = run(space.home(), &["datasets", "list", "--json"]).expect(0).items();
    let names: std::collections::BTreeSet<_> = items.iter().map(|item| item["name"].to_string()).collect();
    assert_eq!((items.len(), names.len()), (105, 105));
    let table = run(space.home(), &["datasets", "list"]).expect(0).stdout;
    assert_eq!(table.lines().count(), 106, "each, and the titles");
    run(space.home(), &["datasets", "show", "dataset 104"]).expect(0);

    let all = owner.audit("").await.len();
    assert_eq!(all, 100, "the API gives a page");
    let count = |more: &[&str]| {
        run(space.home(), &[&["audit", "list", "--json"], more].concat()).expect(0).items().len()
    };
    assert_eq!(count(&[]), 100);
    assert_eq!(count(&["--limit", "103"]), 103);
    assert_eq!(count(&["--limit", "3"]), 3);
    assert!(count(&["--all"]) > 105);
    assert_eq!(count(&["--action", "config_change", "--all"]), 105);
    run(space.home(), &["audit", "list", "--limit", "3", "--all"]).expect(2);
}

#[tokio::test]
async fn k16_nothing_in_a_table_is_obeyed_by_a_terminal() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("hostile").await;
    // What the API lets through as a name is shown as itself; what it does not let through is written out, wherever
    // it stands.
    let names = ["plain", "議事録", "a\u{200b}b", "soft\u{ad}hyphen"];
    for name in names {
        let body = json!({ "name": name, "dtype": "embedded" });
        owner.post("/datasets", &body).await.expect(201);
    }
    let table = run(space.home(), &["datasets", "list"]).expect(0).stdout;
    assert!(
        table.contains("議事録") && table.contains("a\\u{200b}b") && table.contains("soft\\u{ad}hyphen"),
        "{table}"
    );
    assert!(table.chars().all(|c| c == '\n' || !c.is_control()), "{table:?}");
    let json = run(space.home(), &["datasets", "list", "--json"]).expect(0).items();
    assert!(json.iter().any(|item| item["name"] == "a\u{200b}b"), "programs get what there is");

    let hostile = "no\u{1b}[31m such\u{7} \u{202e}dataset";
    let ran = run(space.home(), &["datasets", "show", hostile]).expect(3);
    assert!(ran.stderr.chars().all(|c| c == '\n' || !(c.is_control() || c == '\u{202e}')), "{ran:?}");
    assert!(ran.stderr.contains("there is no dataset"), "{ran:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    if in_memory() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    found(folder.path(), "pipe");
    for arguments in [&["config", "show"][..], &["completions", "bash"], &["audit", "list", "--json"]] {
        let mut child =
            command(folder.path(), arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Gone before anything is written.
        drop(child.stdout.take());
        let mut errors = String::new();
        child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        assert_eq!((child.wait().unwrap().code(), &*errors), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn an_exit_code_tells_what_kind_of_end_it_was() {
    if in_memory() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    let ran = run(&nowhere, &["datasets", "list"]).expect(3);
    assert!(ran.stderr.contains("there is no space in") && ran.stderr.contains("owner create"), "{ran:?}");
    assert!(!nowhere.exists(), "looking makes no home");

    let home = folder.path().join("home");
    found(&home, "codes");
    for usage in [
        &["nonsense"][..],
        &["datasets"],
        &["datasets", "list", "more"],
        &["jobs", "list"],
        &["audit", "list", "--limit", "many"],
        &["audit", "list", "--limit", "0"],
        &["audit", "list", "--outcome", "nope"],
        &["audit", "list", "--since", "yesterday"],
        &["audit", "list", "--until", "2026-13-01T00:00:00Z"],
        &["audit", "list", "--actor", "nobody"],
        &["documents", "remove", "--dataset", "any", "../x"],
        &["completions", "klingon"],
        &["serve", "--json"],
        &["owner", "create", "--email", "a@b.example"],
    ] {
        let ran = run(&home, usage).expect(2);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{ran:?}");
    }
    let ran = run(&home, &["jobs", "list", "--dataset", "none"]).expect(3);
    assert!(ran.stderr.contains("datasets list"), "{ran:?}");
    run(&home, &["users", "list", "--tenant", "other"]).expect(3);
    let ran = run(&home, &["audit", "list", "--action", "sneeze"]).expect(2);
    assert!(ran.stderr.contains("an action is one of"), "{ran:?}");
    found(&home, "second");
    let ran = run(&home, &["users", "list"]).expect(4);
    assert!(ran.stderr.contains("--tenant: codes, second"), "{ran:?}");
    run(&home, &["users", "list", "--tenant", "second"]).expect(0);
    assert_eq!(run(&home, &["datasets", "list", "--tenant", "second"]).expect(0).stdout, "");
}
