//! What the commands say of who may ask: policies that name callers say it, and no price does.

// The commands are waited for on the test's own thread: another looks after the connections meanwhile.

use std::path::Path;

use serde_json::{Value, json};

use super::account::{ANNA, OWNER, run_as};
use super::run;
use crate::space::{TestSpace, dataset_of, in_memory};

/// Writes a policy's file, and answers where it is.
fn file(home: &Path, policy: &Value) -> String {
    let file = home.join("policy.json");
    std::fs::write(&file, policy.to_string()).unwrap();
    file.to_str().unwrap().to_owned()
}

fn price() -> Value {
    json!({ "policy_type": "accounting", "configuration": { "price": "0.5", "currency": "EUR" } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_an_endpoint_that_no_policy_closes_any_more_is_said_to_be_open() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    space.member(&owner, ANNA, "user").await;
    dataset_of(&owner, "hours", &[("hours", "The reading room opens at nine.")]).await;
    let home = space.home();
    let as_owner = |arguments: &[&str]| run_as(home, OWNER, arguments);
    let ask = || run_as(home, ANNA, &["ask", "hours", "When does the reading room open?"]);
    let listed = || run(home, &["endpoints", "list"]).expect(0).stdout;

    let price = file(home, &price());
    let allow_anna = home.join("anna.json").to_str().unwrap().to_owned();
    let anna = json!({ "mode": "allow", "patterns": [ANNA, "carl@acme.example"] });
    std::fs::write(&allow_anna, json!({ "policy_type": "access", "configuration": anna }).to_string())
        .unwrap();
    let made = as_owner(&["policies", "set", "half a euro", "--file", &price]).expect(0);
    assert!(made.stderr.contains("It acts nowhere yet"), "{made:?}");
    assert!(made.stderr.contains("policies attach \"half a euro\" --on ENDPOINT"), "{made:?}");
    as_owner(&["policies", "set", "the boss", "--allow", OWNER]).expect(0);

    // It has both before anybody else can ask it.
    let publish = ["publish", "hours", "--dataset", "hours"];
    as_owner(&[&publish[..], &["--policy", "nobody's"]].concat()).expect(3);
    assert_eq!(owner.get("/endpoints").await.expect(200).body["items"], json!([]), "nothing was made");
    let policies = ["--policy", "the boss", "--policy", "half a euro"];
    let told = as_owner(&[&publish[..], &policies].concat()).expect(0).stdout;
    let says = "Who may ask it, its policies say: the boss. What else holds: half a euro.";
    assert_eq!(told, format!("hours is published. {says}\n"));
    let events = owner.audit("&action=config_change").await;
    let changes: Vec<_> = events.iter().filter(|event| event["object"]["kind"] == "endpoint").collect();
    assert_eq!(changes.len(), 3, "made, given its policies, published: {changes:?}");
    ask().expect(4);
    assert!(listed().contains("the boss, half a euro") || listed().contains("half a euro, the boss"));

    // What names nobody closes nothing.
    let told = as_owner(&["policies", "detach", "the boss", "--from", "hours"]).expect(0);
    assert_eq!(told.stdout, "hours has it no more.\n");
    let open = "hours has no policy now that says who may ask: every member who may ask can ask it";
    assert!(told.stderr.starts_with(open) && told.stderr.contains(": half a euro"), "{told:?}");
    ask().expect(0);
    assert!(listed().contains("half a euro (every member)"), "{}", listed());
    let told = as_owner(&["publish", "hours"]).expect(0).stdout;
    assert!(told.contains("Every member who may ask can ask it, and nobody else"), "{told}");
    assert!(!told.contains("its policies say") && told.contains("(half a euro)"), "{told}");

    let told = as_owner(&["policies", "attach", "the boss", "--on", "hours"]).expect(0).stdout;
    assert_eq!(told, "hours has it now.\n");
    ask().expect(4);
    // Nobody is shut out by a price: who may not ask is told of policies that say who may.
    let other = as_owner(&["policies", "set", "anna alone", "--allow", ANNA, "--on", "hours"]).expect(0);
    let shut_out = "its policies do not admit you (no_policy_allows)";
    assert!(!other.stderr.contains(shut_out), "the boss may still: {other:?}");
    let again = as_owner(&["policies", "detach", "the boss", "--from", "hours"]).expect(0);
    assert_eq!(again.stderr, "");
    let told = as_owner(&["policies", "set", "anna alone", "--file", &allow_anna]).expect(0);
    assert!(told.stderr.contains(&format!("{shut_out}: \"anna alone\"")), "{told:?}");
    let told = as_owner(&["policies", "attach", "half a euro", "--on", "hours"]).expect(0);
    assert_eq!(told.stderr, "", "a price shuts nobody out");
    as_owner(&["policies", "attach", "the boss", "--on", "hours"]).expect(0);
    as_owner(&["policies", "detach", "anna alone", "--from", "hours"]).expect(0);
    let again = as_owner(&["policies", "attach", "the boss", "--on", "hours"]).expect(0).stdout;
    assert_eq!(again, "hours has it already.\n");
    as_owner(&["policies", "attach", "the boss", "--on", "hours", "--on", "nowhere"]).expect(3);
    let told = as_owner(&["policies", "attach", "nobody's", "--on", "hours"]).expect(3);
    assert!(told.stderr.contains("policies list"), "{told:?}");
    // A price that goes opens nothing that was closed.
    let told = as_owner(&["policies", "detach", "half a euro", "--from", "hours"]).expect(0);
    assert_eq!(told.stderr, "");
    let told = as_owner(&["policies", "set", "the boss", "--allow", OWNER, "--allow", ANNA]).expect(0).stdout;
    let (was, is) = ("  It was: allow owner@acme.example\n", "  It is:  allow ");
    assert!(told.starts_with(&format!("The policy the boss is changed.\n{was}{is}")), "{told}");
    assert!(told.lines().last().unwrap().contains(ANNA), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_a_policys_file_is_read_as_strictly_as_the_server_reads_and_says_what_is_wrong() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    space.found("acme").await;
    let set = |text: &str| {
        let file = space.home().join("policy.json");
        std::fs::write(&file, text).unwrap();
        run_as(space.home(), OWNER, &["policies", "set", "p", "--file", file.to_str().unwrap()])
    };
    let twice = r#"{"policy_type":"rate_limit","configuration":{"rate":"20/d","rate":"30/d"}}"#;
    for (text, says) in [
        (twice, "\"rate\" stands twice"),
        ("", "the file is empty"),
        (" \n", "the file is empty"),
        ("[]", "no object"),
        ("policy_type: access", "it is no JSON"),
    ] {
        let refused = set(text).expect(4);
        assert!(refused.stderr.contains(says), "{text:?}: {refused:?}");
    }
    let negated =
        r#"{"policy_type":"access","configuration":{"mode":"deny","patterns":["!*@acme.example"]}}"#;
    let refused = set(negated).expect(4);
    assert!(refused.stderr.contains("no exception"), "{refused:?}");
    let marked = "\u{feff}{\"policy_type\":\"access\",\"configuration\":{\"mode\":\"deny\",\"patterns\":[\"a@x.example\"]}}";
    set(marked).expect(0);
    let missing = run_as(space.home(), OWNER, &["policies", "set", "p", "--file", "/nowhere.json"]).expect(3);
    assert!(missing.stderr.contains("/nowhere.json"), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_every_policy_of_the_documentation_is_a_file_that_can_be_set() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    space.found("acme").await;
    let docs =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policies.md")).unwrap();
    let mut set = 0;
    for block in docs.split("```json\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        let Ok(policy) = serde_json::from_str::<Value>(block) else { continue };
        let (Some(name), true) = (policy["name"].as_str(), policy["policy_type"].is_string()) else {
            continue;
        };
        let file = file(space.home(), &policy);
        run_as(space.home(), OWNER, &["policies", "set", name, "--file", &file]).expect(0);
        let other = run_as(space.home(), OWNER, &["policies", "set", "another", "--file", &file]).expect(2);
        assert!(other.stderr.contains(&format!("--file: the file is of the policy {name:?}")), "{other:?}");
        set += 1;
    }
    assert!(set >= 8, "{set}");
    let listed = run(space.home(), &["policies", "list", "--json"]).expect(0).items();
    assert_eq!(listed.len(), set, "no other was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_whoever_asks_says_what_for_and_is_told_what_the_limits_leave() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    space.member(&owner, ANNA, "user").await;
    dataset_of(&owner, "hours", &[("hours", "The reading room opens at nine.")]).await;
    let home = space.home();
    let as_owner = |arguments: &[&str]| run_as(home, OWNER, arguments);
    let ask = |more: &[&str]| {
        run_as(home, ANNA, &[&["ask", "hours", "When does the reading room open?"], more].concat())
    };
    as_owner(&["publish", "hours", "--dataset", "hours"]).expect(0);
    let purpose = json!({ "policy_type": "purpose", "configuration": { "allowed": ["teaching"] } });
    let teaching = file(home, &purpose);
    as_owner(&["policies", "set", "teaching", "--file", &teaching, "--on", "hours"]).expect(0);
    let ran = ask(&[]).expect(4);
    assert!(ran.stderr.contains("teaching") && ran.stderr.contains("--purpose PURPOSE"), "{ran:?}");
    ask(&["--purpose", "gossip"]).expect(4);
    let wrong = ask(&["--purpose", "no purpose"]).expect(2);
    assert!(wrong.stderr.contains("--purpose: "), "{wrong:?}");
    ask(&["--purpose", "teaching"]).expect(0);
    as_owner(&["policies", "detach", "teaching", "--from", "hours"]).expect(0);

    let rate = json!({ "policy_type": "rate_limit", "configuration": { "rate": "1/h" } });
    let rate = file(home, &rate);
    as_owner(&["policies", "set", "one an hour", "--file", &rate, "--on", "hours"]).expect(0);
    ask(&[]).expect(0);
    let ran = ask(&[]).expect(4);
    let (_, wait) = ran.stderr.split_once("it is let in again in ").unwrap_or_else(|| panic!("{ran:?}"));
    let wait: u64 = wait.split_once(" min").unwrap().0.parse().unwrap();
    assert!((50..=60).contains(&wait), "{ran:?}");
    assert!(ran.stderr.contains(&format!("`syft-space access --as {ANNA}`")), "{ran:?}");
    as_owner(&["policies", "detach", "one an hour", "--from", "hours"]).expect(0);

    let budget = json!({ "price": "0.5", "currency": "EUR", "budget": "0.5" });
    let budget = json!({ "policy_type": "accounting", "configuration": budget });
    let budget = file(home, &budget);
    as_owner(&["policies", "set", "half a euro", "--file", &budget, "--on", "hours"]).expect(0);
    ask(&[]).expect(0);
    let ran = ask(&[]).expect(4);
    assert!(
        ran.stderr.contains("GET /api/v1/me/access") && ran.stderr.contains("`syft-space access"),
        "{ran:?}"
    );
    let told = as_owner(&["policies", "explain", "hours", ANNA]).expect(0).stdout;
    let by = told.lines().find(|line| line.starts_with("half a euro")).unwrap_or_else(|| panic!("{told}"));
    assert!(by.ends_with("budget 0.5 EUR"), "{told}");
    let limits = as_owner(&["policies", "lint", "--file", &rate]).expect(0);
    assert!(limits.stderr.contains("patterns are those of access policies"), "{limits:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_whoever_asks_is_told_until_when_a_question_is_denied_and_why() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    space.member(&owner, ANNA, "user").await;
    dataset_of(&owner, "hours", &[("hours", "The reading room opens at nine.")]).await;
    let home = space.home();
    let ask = || run_as(home, ANNA, &["ask", "hours", "When does the reading room open?"]).expect(4).stderr;
    let review = file(home, &json!({ "policy_type": "manual_review", "configuration": {} }));
    run_as(home, OWNER, &["policies", "set", "looked at", "--file", &review]).expect(0);
    let publish = ["publish", "hours", "--dataset", "hours", "--policy", "looked at"];
    run_as(home, OWNER, &publish).expect(0);
    let told = ask();
    assert!(told.contains("; it is pending until 20"), "{told}");
    assert!(told.ends_with("With another --top, --context or --purpose it is another question\n"), "{told}");
    let waiting = run_as(home, OWNER, &["approvals", "list", "--json"]).expect(0).items();
    let id = waiting[0]["id"].as_str().unwrap();
    run_as(home, OWNER, &["approvals", "deny", id, "--note", "come on Monday"]).expect(0);
    let told = ask();
    assert!(told.contains("; it is denied until 20") && told.contains(": \"come on Monday\""), "{told}");
}
