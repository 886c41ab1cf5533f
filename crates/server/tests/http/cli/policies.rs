//! The commands that tell what policies do, and take them away.

use serde_json::{Value, json};

use super::account::{ANNA, OWNER, run_as};
use super::{run, stop};
use crate::space::{TestSpace, dataset_of, in_memory};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k12_an_owner_explains_looks_over_simulates_and_removes_policies_from_the_command_line() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    space.member(&owner, ANNA, "user").await;
    dataset_of(&owner, "hours", &[("hours", "The reading room opens at nine.")]).await;
    let home = space.home().to_owned();
    let as_owner = |arguments: &[&str]| run_as(&home, OWNER, arguments);
    as_owner(&["publish", "hours", "--dataset", "hours"]).expect(0);
    let set = ["policies", "set", "us", "--allow", "*@acme.example", "--allow", ANNA, "--on", "hours"];
    as_owner(&set).expect(0);
    stop(&mut space);

    let told = as_owner(&["policies", "explain", "hours", ANNA]).expect(0).stdout;
    let mut lines = told.lines();
    assert_eq!(lines.next(), Some("anna@acme.example may ask hours: allowed_by_policy."), "{told}");
    assert!(lines.next().unwrap().starts_with("POLICY"), "{told}");
    let line: Vec<_> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(line[..4], ["us", "access", "lets", "in"]);
    let limit =
        json!({ "policy_type": "rate_limit", "configuration": { "rate": "20/d", "applies_to": [ANNA] } });
    std::fs::write(home.join("limit.json"), limit.to_string()).unwrap();
    let file = home.join("limit.json");
    as_owner(&["policies", "set", "few", "--file", file.to_str().unwrap(), "--on", "hours"]).expect(0);
    let told = as_owner(&["policies", "explain", "hours", ANNA]).expect(0).stdout;
    assert!(told.contains("few") && told.contains("does not refuse"), "{told}");
    assert!(told.ends_with("\nLeft to them: 20 of 20 queries a day.\n"), "{told}");
    as_owner(&["policies", "detach", "few", "--from", "hours"]).expect(0);
    as_owner(&["publish", "free", "--dataset", "hours"]).expect(0);
    let victor = "victor@elsewhere.example";
    let invite = format!("{victor} has no account here: `syft-space invite {victor} --role user`");
    for reason in ["no_access_policy", "may_not_query"] {
        let stranger = as_owner(&["policies", "explain", "free", victor]).expect(0);
        assert!(stranger.stdout.contains(reason), "{stranger:?}");
        assert!(stranger.stderr.starts_with(&invite), "{stranger:?}");
        as_owner(&["policies", "set", "victor", "--allow", victor, "--on", "free"]).expect(0);
    }
    let told = as_owner(&["policies", "explain", "hours", "victor@elsewhere.example"]).expect(0).stdout;
    assert!(told.starts_with("victor@elsewhere.example may not ask hours: "), "{told}");
    let json = as_owner(&["policies", "explain", "hours", ANNA, "--json"]).expect(0).json();
    assert_eq!(json["verdict"], "allow");
    let wrong = as_owner(&["policies", "explain", "hours", "nobody"]).expect(2);
    assert!(wrong.stderr.contains("EMAIL: "), "{wrong:?}");
    let wrong = as_owner(&["policies", "explain", "hours", ANNA, "--at", "tomorrow"]).expect(2);
    assert!(wrong.stderr.contains("--at: "), "{wrong:?}");

    let told = as_owner(&["policies", "lint", "hours"]).expect(0).stdout;
    let odd = told.lines().find(|line| line.starts_with("shadowed")).unwrap_or_else(|| panic!("{told}"));
    assert!(odd.contains("us") && odd.contains(ANNA) && odd.contains("*@acme.example"), "{told}");
    let file = home.join("policy.json");
    let fine = json!({ "policy_type": "access", "configuration": { "mode": "allow", "patterns": [ANNA] } });
    std::fs::write(&file, fine.to_string()).unwrap();
    let ran = as_owner(&["policies", "lint", "--file", file.to_str().unwrap()]).expect(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.contains("nothing is odd")), ("", true), "{ran:?}");

    // Of the Python Syft Space: what is made of it, and who is not let in any more.
    let there = json!([
        { "policy_type": "access", "configuration": { "allowed_users": [ANNA], "denied_users": ["*acme.example"] } },
        { "limit": "5/h", "scope": "global", "applied_to": ["*"] },
    ]);
    std::fs::write(&file, there.to_string()).unwrap();
    let upstream = ["policies", "lint", "--upstream", file.to_str().unwrap()];
    let told = as_owner(&[&upstream[..], &["--json"]].concat()).expect(0).json();
    assert_eq!(told["policies"][1]["configuration"]["patterns"], json!(["*@*acme.example"]), "{told}");
    assert_eq!(told["policies"][2]["configuration"]["rate"], "5/h", "{told}");
    let differences = told["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 1, "{told}");
    let who = [&differences[0]["email"], &differences[0]["there"], &differences[0]["here"]];
    assert_eq!(who, [ANNA, "allow", "deny"], "{told}");
    assert!(as_owner(&upstream).expect(0).stdout.contains("a more specific allowed_users wins"));
    std::fs::write(&file, r#"[{"allowed_users": [1]}]"#).unwrap();
    let refused = as_owner(&upstream).expect(4);
    assert!(refused.stderr.contains("/0/allowed_users/0: a pattern is a text"), "{refused:?}");
    // Nothing that stands there moves the cursor of whoever reads it.
    let hostile = json!([{ "policy_type": "\u{1b}[31mx" }, { "allowed_users": ["?\u{1b}[2J\u{202e}@x"] }]);
    std::fs::write(&file, hostile.to_string()).unwrap();
    let told = as_owner(&upstream).expect(0);
    let told = told.stdout + &told.stderr;
    assert!(told.contains("\\u{1b}[31m") && !told.contains(['\u{1b}', '\u{202e}']), "{told:?}");

    let told = as_owner(&["policies", "simulate", "us", "--deny", ANNA]).expect(0).stdout;
    let rows: Vec<Vec<&str>> = told.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1], ["hours", ANNA, "may", "ask", "may", "not", "ask"], "{told}");
    assert_eq!(rows.len(), 2, "{told}");
    let ran = as_owner(&["policies", "simulate", "us", "--allow", ANNA, "--who", ANNA]).expect(0);
    assert!(
        ran.stdout.is_empty() && ran.stderr.contains("people looked at: 1, endpoints with the policy: 1")
    );
    as_owner(&["policies", "simulate", "them", "--allow", ANNA]).expect(3);
    run_as(&home, ANNA, &["ask", "hours", "When does the reading room open?"]).expect(0);

    // One that is tried refuses nobody, and the log tells whom it would have refused.
    let tried = ["policies", "set", "strict", "--deny", ANNA, "--shadow", "--on", "hours"];
    let told = as_owner(&tried).expect(0);
    assert!(
        told.stderr.contains("--reason shadow_denied") && !told.stderr.contains("may not ask"),
        "{told:?}"
    );
    run_as(&home, ANNA, &["ask", "hours", "When does the reading room open?"]).expect(0);
    let told = run(&home, &["audit", "list", "--reason", "shadow_denied"]).expect(0).stdout;
    assert!(told.contains("endpoint_query"), "{told}");
    let told = run(&home, &["policies", "list"]).expect(0).stdout;
    let row = told.lines().find(|line| line.starts_with("strict")).unwrap_or_else(|| panic!("{told}"));
    assert!(row.contains(" shadow "), "{told}");
    let told = as_owner(&["policies", "explain", "hours", ANNA]).expect(0).stdout;
    let wanted = "If its policies in shadow decided, anna@acme.example may not ask hours: denied_by_policy.";
    assert!(told.contains(wanted) && told.contains("in shadow: refuses"), "{told}");
    let told = as_owner(&["policies", "simulate", "strict"]).expect(0).stdout;
    assert!(told.contains(ANNA), "{told}");
    assert!(run(&home, &["endpoints", "list"]).expect(0).stdout.contains("us [in shadow: strict]"));
    let told = as_owner(&["policies", "set", "strict", "--shadow"]).expect(0).stdout;
    assert_eq!(told, "The policy strict is so already.\n");
    let told = as_owner(&["policies", "set", "strict", "--enforce"]).expect(0);
    assert_eq!(told.stdout, "The policy strict is changed.\n");
    assert!(told.stderr.contains("anna@acme.example may not ask hours any more."), "{told:?}");
    run_as(&home, ANNA, &["ask", "hours", "When does the reading room open?"]).expect(4);
    as_owner(&["policies", "rollback", "strict", "1"]).expect(0);
    run_as(&home, ANNA, &["ask", "hours", "When does the reading room open?"]).expect(0);
    as_owner(&["policies", "set", "strict"]).expect(2);
    as_owner(&["policies", "set", "unheard", "--shadow"]).expect(3);
    as_owner(&["policies", "set", "strict", "--shadow", "--enforce"]).expect(2);
    as_owner(&["policies", "detach", "strict", "--from", "hours"]).expect(0);
    let told = as_owner(&["policies", "replay", "us", "--deny", ANNA]).expect(0);
    let rows: Vec<Vec<&str>> = told.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(told.stdout.starts_with("Of ") && told.stdout.contains(" would be refused"), "{told:?}");
    assert_eq!(rows[2][0], "hours", "{told:?}");
    let flip = told.stdout.lines().last().unwrap();
    assert!(flip.contains(&format!("user {ANNA}")) && flip.contains("success"), "{told:?}");
    assert!(flip.contains("may ask: ") && flip.contains("may not ask: denied_by_policy"), "{told:?}");
    let told = as_owner(&["policies", "replay", "us", "--deny", ANNA, "--until", "2020-01-01"]).expect(0);
    assert!(told.stdout.starts_with("Of 0 recorded queries, 0 "), "{told:?}");
    let told = as_owner(&["policies", "replay", "us", "--deny", ANNA, "--json"]).expect(0).stdout;
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap()["endpoints"][0]["slug"], "hours");
    as_owner(&["policies", "replay", "us", "--deny", ANNA, "--since", "once"]).expect(2);

    // A change is looked at, and taken back.
    as_owner(&["policies", "set", "us", "--allow", "*@elsewhere.example"]).expect(0);
    run_as(&home, ANNA, &["ask", "hours", "When does the reading room open?"]).expect(4);
    let told = as_owner(&["policies", "rollback", "us", "1"]).expect(0);
    let rules = "  It was: allow *@elsewhere.example\n  It is:  allow *@acme.example anna@acme.example\n";
    assert_eq!(told.stdout, format!("The policy us is again what it was by revision 1.\n{rules}"));
    assert!(
        told.stderr.contains("anna@acme.example")
            && told.stderr.contains(" may ask hours now, and could not before.")
    );
    let told = as_owner(&["policies", "rollback", "us", "1"]).expect(0).stdout;
    assert_eq!(told, "The policy us is so already.\n");
    run_as(&home, ANNA, &["ask", "hours", "When does the reading room open?"]).expect(0);
    as_owner(&["policies", "rollback", "us", "9"]).expect(3);
    as_owner(&["policies", "rollback", "us", "0"]).expect(2);
    let history = |arguments: &[&str]| run(&home, &[&["policies", "history", "us"], arguments].concat());
    let told = history(&[]).expect(0).stdout;
    let rows: Vec<&str> = told.lines().collect();
    assert_eq!(rows.len(), 4, "{told}");
    assert!(
        rows[1].contains(OWNER) && rows[1].contains("rolled_back, changed_patterns (to revision 1)"),
        "{told}"
    );
    assert!(rows[3].contains("created"), "{told}");
    let json = history(&["--json"]).expect(0).json();
    assert_eq!((&json["items"][0]["revision"], &json["items"][0]["rolled_back_to"]), (&json!(3), &json!(1)));
    let told = history(&["--revision", "2"]).expect(0).stdout;
    assert!(told.ends_with(": changed_patterns\n  It was: allow *@elsewhere.example\n"), "{told}");
    let json = history(&["--revision", "2", "--json"]).expect(0).json();
    assert_eq!(json["configuration"]["patterns"], json!(["*@elsewhere.example"]));
    history(&["--revision", "9"]).expect(3);

    let told = as_owner(&["policies", "remove", "us"]).expect(4);
    assert!(
        told.stderr.contains("is attached to hours; `syft-space policies detach \"us\" --from hours`"),
        "{told:?}"
    );
    let told = as_owner(&["policies", "detach", "us", "--from", "hours"]).expect(0);
    assert_eq!(told.stdout, "hours has it no more.\n");
    assert!(told.stderr.contains("hours has no policy now"), "{told:?}");
    assert_eq!(
        as_owner(&["policies", "detach", "us", "--from", "hours"]).expect(0).stdout,
        "hours does not have it.\n"
    );
    assert_eq!(as_owner(&["policies", "remove", "us"]).expect(0).stdout, "The policy us is removed.\n");
    as_owner(&["policies", "remove", "us"]).expect(3);

    // What an answer costs is told, where a policy charges.
    let price =
        json!({ "policy_type": "accounting", "configuration": { "price": "0.5", "currency": "EUR" } });
    std::fs::write(&file, price.to_string()).unwrap();
    let priced = ["policies", "set", "price", "--file", file.to_str().unwrap(), "--on", "hours"];
    as_owner(&priced).expect(0);
    let ran = run_as(&home, ANNA, &["ask", "hours", "When does the reading room open?"]).expect(0);
    assert_eq!(ran.stderr, "(0.5 EUR charged)\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k12_an_owner_says_who_may_ask_and_who_may_not_from_the_command_line() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    space.member(&owner, ANNA, "user").await;
    dataset_of(&owner, "hours", &[("hours", "The reading room opens at nine.")]).await;
    let home = space.home().to_owned();
    let as_owner = |arguments: &[&str]| run_as(&home, OWNER, arguments);
    as_owner(&["publish", "hours", "--dataset", "hours"]).expect(0);
    as_owner(&["policies", "set", "us", "--allow", "*@acme.example", "--on", "hours"]).expect(0);
    stop(&mut space);

    let expect = |arguments: &[&str]| as_owner(&[&["policies", "expect", "hours"][..], arguments].concat());
    let none = expect(&[]).expect(0);
    assert_eq!((none.stdout.as_str(), none.stderr.contains("nothing is expected")), ("", true), "{none:?}");
    let victor = "victor@elsewhere.example";
    let told = expect(&["--allowed", ANNA, "--denied", victor, "--note", "as agreed"]).expect(0).stdout;
    let rows: Vec<Vec<&str>> = told.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1], [ANNA, "allowed", "yes", "allowed_by_policy", "as", "agreed"], "{told}");
    assert_eq!(rows[2][..3], [victor, "denied", "yes"], "{told}");
    let refused = as_owner(&["policies", "set", "us", "--allow", "ceo@acme.example"]).expect(4);
    assert!(
        refused.stderr.contains("the endpoint hours expects anna@acme.example to be allowed"),
        "{refused:?}"
    );
    // What is expected of the same address gives way, if it holds.
    expect(&["--denied", ANNA]).expect(4);
    let json = expect(&["--remove", ANNA, "--json"]).expect(0).json();
    assert_eq!(json["expectations"].as_array().unwrap().len(), 1, "{json}");
    assert_eq!(json["expectations"][0]["identity"]["email"], victor);
    as_owner(&["policies", "set", "us", "--allow", "ceo@acme.example"]).expect(0);
    let wrong = expect(&["--denied", "nobody"]).expect(2);
    assert!(wrong.stderr.contains("--denied"), "{wrong:?}");
    as_owner(&["policies", "expect", "nowhere"]).expect(3);
}
