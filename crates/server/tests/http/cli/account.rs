//! The commands that act as an account: with its rights, over a running server and without one.

// The commands are waited for on the test's own thread: another looks after the connections meanwhile.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use syft_space_fakehub::Mode;

use super::{CommandOutput, found, run, run_with, stop};
use crate::space::{PASSWORD, TestSpace, dataset_of, endpoint_on, in_memory, only_policy, until};

/// Runs a command as an account, whose password it reads.
pub(crate) fn run_as(home: &Path, email: &str, arguments: &[&str]) -> CommandOutput {
    run_with(home, &[arguments, &["--as", email, "--password-file", "-"]].concat(), &format!("{PASSWORD}\n"))
}

pub(crate) const OWNER: &str = "owner@acme.example";
pub(crate) const ANNA: &str = "anna@acme.example";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_an_account_publishes_asks_and_says_who_may_with_a_server_and_without() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    space.member(&owner, ANNA, "user").await;
    dataset_of(&owner, "opening hours", &[("hours", "The reading room opens at nine,\nand closes at six.")])
        .await;
    let home = space.home().to_owned();
    let as_owner = |arguments: &[&str]| run_as(&home, OWNER, arguments);
    let ask = |email: &str| run_as(&home, email, &["ask", "hours", "When does the reading room open?"]);

    let ran = as_owner(&["publish", "hours"]).expect(3);
    assert!(ran.stderr.contains("no endpoint \"hours\"; `syft-space endpoints list`"), "{ran:?}");
    assert!(ran.stderr.contains("--dataset NAME"), "{ran:?}");
    let made = as_owner(&["publish", "hours", "--dataset", "opening hours"]).expect(0).stdout;
    assert_eq!(
        made,
        "hours is published. Every member who may ask can ask it, and nobody else: it has no policy.\n"
    );
    // Once more changes nothing.
    let again = as_owner(&["publish", "hours", "--dataset", "opening hours", "--json"]).expect(0).json();
    assert_eq!(
        (&again["endpoint"]["slug"], &again["endpoint"]["published"]),
        (&json!("hours"), &json!(true))
    );
    assert_eq!(owner.audit("&action=config_change").await[0]["object"]["kind"], "endpoint");
    let changes = owner.audit("&action=config_change").await.len();
    as_owner(&["publish", "hours"]).expect(0);
    assert_eq!(owner.audit("&action=config_change").await.len(), changes);

    for alone in [false, true] {
        if alone {
            stop(&mut space);
        }
        let ran = ask(ANNA).expect(0);
        let mut lines = ran.stdout.lines();
        let heading = lines.next().unwrap();
        assert!(heading.starts_with("0.") && heading.ends_with("  hours"), "{ran:?}");
        assert_eq!(lines.next(), Some("      The reading room opens at nine,"));
        assert_eq!(lines.next(), Some("      and closes at six."));
        let set = as_owner(&["policies", "set", "us", "--deny", ANNA, "--on", "hours"]).expect(0);
        let rules = "  It was: allow *@acme.example\n  It is:  deny anna@acme.example\n";
        let done = if alone {
            format!("is changed.\n{rules}hours has it already.")
        } else {
            "is made.\nhours has it now.".to_owned()
        };
        assert_eq!(set.stdout, format!("The policy us {done}\n"));
        let ran = ask(ANNA).expect(4);
        assert!(ran.stderr.contains("the endpoint's access policy does not admit you"), "{ran:?}");
        let set =
            as_owner(&["policies", "set", "us", "--allow", "*@acme.example", "--json"]).expect(0).json();
        assert_eq!(set["configuration"]["mode"], "allow");
        ask(ANNA).expect(0);

        let none = run_as(&home, ANNA, &["ask", "hours", "Zebra?", "--top", "1"]).expect(0);
        assert_eq!((none.stdout.as_str(), none.stderr.contains("nothing found")), ("", true));
        let answer = run_as(&home, ANNA, &["ask", "hours", "reading room", "--json"]).expect(0).json();
        assert_eq!(answer["references"]["documents"][0]["document_id"], "hours");
        as_owner(&["unpublish", "hours"]).expect(0);
        let ran = ask(ANNA).expect(3);
        assert!(ran.stderr.contains("no endpoint \"hours\", or it is a draft"), "{ran:?}");
        assert!(ran.stderr.contains("`syft-space endpoints list`"), "{ran:?}");
        ask(OWNER).expect(0);
        as_owner(&["publish", "hours"]).expect(0);
    }
    // Each was the account's, and stands in its tenant's log; the operator did nothing but bring the command.
    let log = run(&home, &["audit", "list", "--all", "--json"]).expect(0).items();
    let of = |action: &str| log.iter().filter(|event| event["action"] == action).collect::<Vec<_>>();
    assert!(of("endpoint_query").len() >= 8, "{log:?}");
    assert!(of("policy_violation").iter().all(|event| event["actor"]["kind"] == "account"), "{log:?}");
    assert!(log.iter().all(|event| event["actor"]["kind"] != "operator"), "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_an_account_has_its_own_rights_here_and_a_wrong_password_none() {
    if in_memory() {
        return;
    }
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    space.member(&owner, ANNA, "user").await;
    space.member(&owner, "vera@acme.example", "viewer").await;
    dataset_of(&owner, "things", &[]).await;
    let home = space.home().to_owned();
    let refused = |email: &str, arguments: &[&str], says: &str| {
        let ran = run_as(&home, email, arguments).expect(4);
        assert!(ran.stderr.contains(says) && ran.stdout.is_empty(), "{arguments:?}: {ran:?}");
    };
    run_as(&home, OWNER, &["publish", "things", "--dataset", "things"]).expect(0);
    refused("vera@acme.example", &["ask", "things", "Who?"], "your role, viewer");
    // Who may is told of what was wanted, whatever is read for it first.
    let by_role = "your role, user, does not permit this; who may: owner, admin\n";
    refused(ANNA, &["publish", "things"], by_role);
    refused(ANNA, &["publish", "things", "--dataset", "things"], by_role);
    refused(ANNA, &["publish", "things", "--to", "market"], by_role);
    refused(ANNA, &["unpublish", "things"], by_role);
    refused(ANNA, &["unpublish", "nowhere"], by_role);
    refused(ANNA, &["policies", "set", "us", "--allow", "*"], by_role);
    refused(ANNA, &["policies", "set", "us", "--allow", "*", "--on", "things"], by_role);
    refused(
        "vera@acme.example",
        &["policies", "set", "us", "--allow", "*"],
        "viewer, does not permit this; who may: owner, admin\n",
    );
    refused(ANNA, &["invite", "x@y.example", "--role", "user"], "your role, user");
    // What cannot be followed is told of by the argument's name, and nobody is logged in for it.
    let logins = owner.audit("&action=authn_login_success").await.len();
    let unusable = |email: &str, arguments: &[&str], says: &str| {
        let ran = run_as(&home, email, arguments).expect(2);
        assert!(ran.stderr.contains(says) && ran.stdout.is_empty(), "{arguments:?}: {ran:?}");
    };
    unusable(
        OWNER,
        &["policies", "set", "us", "--allow", "no pattern"],
        "--allow \"no pattern\": a pattern is",
    );
    unusable(OWNER, &["policies", "set", "us", "--deny", "*", "--deny", "x@"], "--deny \"x@\": ");
    unusable(OWNER, &["policies", "set", "us", "--allow", ""], "--allow \"\": a pattern is");
    unusable(OWNER, &["ask", "things", ""], "QUESTION: the question is empty");
    unusable(OWNER, &["ask", "things", " \t\n"], "QUESTION: the question is empty");
    unusable(OWNER, &["ask", "things", "Who?", "--top", "0"], "--top");
    unusable(OWNER, &["ask", "things", "Who?", "--top", "101"], "--top");
    unusable(OWNER, &["ask", "things", "Who?", "--context", "4"], "--context");
    unusable(OWNER, &["ask", "../things", "Who?"], "ENDPOINT: a slug");
    unusable(OWNER, &["invite", "nobody", "--role", "user"], "EMAIL: ");
    unusable(OWNER, &["invite", "x@y.example", "--role", "king"], "--role: ");
    unusable("nobody", &["ask", "things", "Who?"], "--as: ");
    unusable(OWNER, &["ask", "things", "Who?", "--tenant", "a b"], "--tenant: ");
    assert_eq!(owner.audit("&action=authn_login_success").await.len(), logins);
    run_as(&home, OWNER, &["publish", "../things"]).expect(3);
    run_as(&home, OWNER, &["publish", "things", "--to", "market"]).expect(3);

    // A wrong password is what it is over the network, and counted as there.
    let as_owner = ["ask", "things", "Who?", "--as", OWNER, "--password-file", "-"];
    let ran = run_with(&home, &as_owner, "a wrong password of some length").expect(4);
    assert!(ran.stderr.contains("the e-mail address or the password is wrong"), "{ran:?}");
    assert!(ran.stderr.contains("`syft-space users list`") && ran.stderr.contains("invite"), "{ran:?}");
    let failed = owner.audit("&action=authn_login_fail").await;
    assert_eq!((failed.len(), &failed[0]["reason_code"]), (1, &json!("credentials_wrong")));

    // A tenant that is not there is no wrong password, for whoever runs this may know of it, and none is guessed at.
    let nowhere = run_as(&home, OWNER, &["ask", "things", "Who?", "--tenant", "nowhere"]).expect(3);
    assert!(nowhere.stderr.contains("there is no tenant nowhere; `syft-space tenants list`"), "{nowhere:?}");
    assert_eq!(owner.audit("&action=authn_login_fail").await.len(), 1);
    let as_owner = ["ask", "things", "Who?", "--as", OWNER, "--password-file", "/nonexistent"];
    let ran = run(&home, &as_owner).expect(1);
    assert!(ran.stderr.contains("--password-file: opening /nonexistent"), "{ran:?}");

    // A password has no other way in, and none is asked for where there is no terminal.
    run(&home, &["ask", "things", "Who?"]).expect(2);
    let ran = run(&home, &["ask", "things", "Who?", "--as", OWNER]).expect(2);
    assert!(ran.stderr.contains("--password-file"), "{ran:?}");
    run(&home, &["ask", "things", "Who?", "--as", OWNER, "--password", PASSWORD]).expect(2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_who_has_accounts_in_several_tenants_names_one_and_acts_there_alone() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let acme = space.found("acme").await;
    found(space.home(), "globex");
    let globex = space.log_in("owner@globex.example", PASSWORD).await;
    space.member(&acme, ANNA, "admin").await;
    space.member(&globex, ANNA, "admin").await;
    dataset_of(&globex, "of globex", &[]).await;
    let home = space.home().to_owned();
    // Without a name the older account acts, in whose tenant there is no such dataset.
    run_as(&home, ANNA, &["publish", "things", "--dataset", "of globex"]).expect(3);
    let publish = ["publish", "things", "--dataset", "of globex", "--tenant"];
    run_as(&home, ANNA, &[&publish[..], &["acme"]].concat()).expect(3);
    run_as(&home, ANNA, &[&publish[..], &["globex"]].concat()).expect(0);
    run_as(&home, OWNER, &[&publish[..], &["globex"]].concat()).expect(4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_a_policy_is_set_from_a_file_as_often_as_one_likes() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let home = space.home().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.json");
    let set = |rule: &Value| {
        fs::write(&file, rule.to_string()).unwrap();
        run_as(&home, OWNER, &["policies", "set", "ours", "--file", file.to_str().unwrap()])
    };
    let rule = |configuration: Value| json!({ "policy_type": "access", "configuration": configuration });
    let with_guests = rule(json!({ "mode": "allow", "patterns": ["*@acme.example"], "guests": true }));
    assert_eq!(set(&with_guests).expect(0).stdout, "The policy ours is made.\n");
    let revision = owner.audit("&action=config_change").await.len();
    assert_eq!(set(&with_guests).expect(0).stdout, "The policy ours is so already.\n");
    assert_eq!(
        owner.audit("&action=config_change").await.len(),
        revision,
        "what is so already is left alone"
    );
    // What the file does not say any more is gone.
    let without = rule(json!({ "mode": "allow", "patterns": ["*@acme.example"] }));
    let rules = "  It was: allow *@acme.example and guests\n  It is:  allow *@acme.example\n";
    assert_eq!(set(&without).expect(0).stdout, format!("The policy ours is changed.\n{rules}"));
    assert_eq!(set(&without).expect(0).stdout, "The policy ours is so already.\n");
    let stored = owner.get("/policies").await.expect(200).body["items"][0].clone();
    assert_ne!(stored["configuration"]["guests"], true, "{stored}");

    for (wrong, code, says) in [
        (json!({ "mode": "allow" }), 4, "policy_type"),
        (rule(json!({ "mode": "perhaps", "patterns": [] })), 4, "/configuration/mode"),
        (json!({ "policy_type": "tickets", "configuration": {} }), 4, "does not change"),
    ] {
        let ran = set(&wrong).expect(code);
        assert!(ran.stderr.contains(says), "{ran:?}");
    }
    let missing = run_as(&home, OWNER, &["policies", "set", "ours", "--file", "/nonexistent"]).expect(3);
    assert!(missing.stderr.contains("/nonexistent"), "{missing:?}");
    // Either a file or patterns, and patterns of one kind.
    run_as(&home, OWNER, &["policies", "set", "ours"]).expect(2);
    run_as(&home, OWNER, &["policies", "set", "ours", "--allow", "*", "--deny", "*"]).expect(2);
    // Which of two is meant is not guessed.
    let dataset = dataset_of(&owner, "things", &[]).await;
    for slug in ["one", "two"] {
        crate::space::endpoint_on(&owner, &dataset, slug).await;
        only_policy(&owner, slug, json!({ "mode": "allow", "patterns": [] })).await;
    }
    let ran = run_as(&home, OWNER, &["policies", "set", "access", "--allow", "*"]).expect(4);
    assert!(ran.stderr.contains("by its id"), "{ran:?}");
    // An endpoint that is not there is told of before anything is changed.
    run_as(&home, OWNER, &["policies", "set", "new", "--allow", "*", "--on", "nowhere"]).expect(3);
    assert_eq!(owner.get("/policies").await.body["items"].as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_an_endpoint_is_shown_on_a_marketplace_and_taken_off_it() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    dataset_of(&owner, "things", &[]).await;
    let marketplace = space.marketplace(&owner, "market").await;
    let home = space.home().to_owned();
    let publish =
        |to: &str| run_as(&home, OWNER, &["publish", "things", "--dataset", "things", "--to", to, "--json"]);
    // It is published then; only the marketplace is not told, for want of a policy.
    let ran = publish("market").expect(5);
    assert!(ran.stderr.contains("things is published; "), "{ran:?}");
    run_as(&home, OWNER, &["policies", "set", "us", "--allow", "*", "--on", "things"]).expect(0);
    let listed = publish("market").expect(0).json();
    assert_eq!(listed["listing"]["marketplace_id"], json!(marketplace));
    assert_eq!(publish(&marketplace).expect(0).json()["listing"]["id"], listed["listing"]["id"]);
    let listings = async || owner.get("/endpoints/things/listings").await.expect(200).body["items"].clone();
    assert_eq!(listings().await.as_array().unwrap().len(), 1);
    // Why it hangs is said, and by the exit code too.
    space.hub().set_mode_everywhere(Mode::Failing);
    let sync = format!("/marketplaces/{marketplace}/sync");
    owner.post(&sync, &json!({})).await.expect(200);
    until("the hub did not take it", async || listings().await[0]["last_error"].is_string()).await;
    let hanging = publish("market").expect(5);
    let why = listings().await[0]["last_error"].as_str().unwrap().to_owned();
    assert!(hanging.stderr.contains(&format!("on market it is pending: {why}")), "{hanging:?}");
    space.hub().set_mode_everywhere(Mode::Healthy);
    let take_off = ["unpublish", "things", "--from", "market"];
    assert_eq!(run_as(&home, OWNER, &take_off).expect(0).stdout, "things is taken off market.\n");
    assert!(owner.get("/endpoints/things").await.expect(200).body["published"].as_bool().unwrap());
    let ran = publish("elsewhere").expect(3);
    assert!(ran.stderr.contains("marketplaces list"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_who_was_invited_comes_in_with_the_token_that_was_shown() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    space.found("acme").await;
    let home = space.home().to_owned();
    let invite = |email: &str, more: &[&str]| {
        run_as(&home, OWNER, &[&["invite", email, "--role", "user"], more].concat()).expect(0)
    };
    let shown = invite(ANNA, &[]).stdout;
    assert!(shown.starts_with("anna@acme.example may join as user until "), "{shown}");
    let token = shown.lines().nth(2).unwrap().trim().to_owned();
    let accepted = json!({ "token": token, "password": PASSWORD });
    space.anybody().post("/invitations/accept", &accepted).await.expect(201);
    space.log_in(ANNA, PASSWORD).await;

    stop(&mut space);
    let issued = invite("bert@acme.example", &["--json"]).json();
    space.server().run_again().await;
    let accepted = json!({ "token": issued["token"], "password": PASSWORD });
    space.anybody().post("/invitations/accept", &accepted).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_whoever_shuts_themselves_out_is_told_and_told_how_to_come_in_again() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    space.member(&owner, ANNA, "user").await;
    dataset_of(&owner, "things", &[("a", "Lanterns of all sizes.")]).await;
    let home = space.home().to_owned();
    let as_owner = |arguments: &[&str]| run_as(&home, OWNER, arguments);
    let ask = |email: &str| run_as(&home, email, &["ask", "things", "lanterns"]);
    as_owner(&["publish", "things", "--dataset", "things"]).expect(0);

    let shut_out = "You may not ask things yourself now: ";
    let ran = as_owner(&["policies", "set", "no", "--deny", "*", "--on", "things"]).expect(0);
    assert_eq!(ran.stderr, format!("{shut_out}its policy \"no\" denies you.\n"));
    let ran = ask(OWNER).expect(4);
    for says in [
        "do not let you in: its policy \"no\" denies you;",
        "`syft-space policies list`",
        "`syft-space policies set`",
    ] {
        assert!(ran.stderr.contains(says), "{ran:?}");
    }
    // Who may not change it learns no more than over the API.
    let ran = ask(ANNA).expect(4);
    assert!(ran.stderr.ends_with("its owners and admins can see why, and change it\n"), "{ran:?}");

    // A change counts wherever the policy is attached, a program is told beside its document, and all is well in the end.
    let ran = as_owner(&["policies", "set", "no", "--deny", ANNA]).expect(0);
    assert_eq!(ran.stderr, format!("{OWNER} may ask things now, and could not before.\n"));
    let set = ["policies", "set", "no", "--deny", "owner@*", "--json"];
    let ran = as_owner(&set).expect(0);
    assert!(ran.stderr.starts_with(shut_out), "{ran:?}");
    ran.json();
    as_owner(&["policies", "set", "no", "--deny", ANNA]).expect(0);
    let ran = as_owner(&["policies", "set", "us", "--allow", ANNA, "--on", "things"]).expect(0);
    assert_eq!(
        ran.stderr,
        format!("{shut_out}its policies do not admit you (no_policy_allows): \"no\", \"us\".\n")
    );
    ask(OWNER).expect(4);
    let ran = as_owner(&["policies", "set", "us", "--allow", "*@acme.example"]).expect(0);
    assert_eq!(ran.stderr, format!("{OWNER} may ask things now, and could not before.\n"));
    ask(OWNER).expect(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_a_space_without_a_tenant_says_so_to_an_account() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let home = space.home().to_owned();
    for alone in [false, true] {
        if alone {
            stop(&mut space);
        }
        for arguments in
            [&["ask", "things", "Who?"][..], &["invite", "x@y.example", "--role", "user", "--tenant", "nix"]]
        {
            let ran = run_as(&home, OWNER, arguments).expect(3);
            assert!(ran.stderr.contains("there is no tenant yet; `syft-space owner create`"), "{ran:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn k3_a_passage_is_marked_among_those_that_are_shown_around_it() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let week = "# Monday\nA lecture.\n\n# Tuesday\nChess,\nfor all.\n\n# Wednesday\nThe choir.";
    let id = dataset_of(&owner, "week", &[("week", week)]).await;
    endpoint_on(&owner, &id, "week").await;
    let ask = |context: &[&str]| {
        let ran = run_as(space.home(), OWNER, &[&["ask", "week", "Chess?"], context].concat()).expect(0);
        ran.stdout.split_once('\n').unwrap().1.to_owned()
    };
    let alone = "      # Tuesday\n      Chess,\n      for all.\n";
    assert_eq!(ask(&[]), alone);
    assert_eq!(ask(&["--context", "0"]), alone);
    let around = "      # Monday\n      A lecture.\n\n   |  # Tuesday\n   |  Chess,\n   |  for all.\n\n      # Wednesday\n      The choir.\n";
    assert_eq!(ask(&["--context", "1"]), around);
}
