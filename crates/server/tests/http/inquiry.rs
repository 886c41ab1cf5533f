//! The log is asked about people and things by their names, and about what a breach touched.

use serde_json::{Value, json};

use crate::cli;
use crate::space::{Client, TestSpace, dataset_of, endpoint_on, in_memory, only_policy};

/// The events of a filter, the newest first, by their actions.
async fn found(owner: &Client, filter: &str) -> Vec<String> {
    let page = owner.get(&format!("/audit?limit=100&{filter}")).await.expect(200).body;
    let actions = page["items"].as_array().unwrap().iter();
    actions.map(|event| event["action"].as_str().unwrap().to_owned()).collect()
}

async fn id_of(client: &Client) -> String {
    client.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned()
}

/// A tenant with an endpoint, which a member has asked by a key of theirs, too.
struct Asked {
    space: TestSpace,
    owner: Client,
    alice: Client,
    dataset: String,
    endpoint: String,
    key: String,
}

impl Asked {
    async fn make() -> Self {
        let space = TestSpace::open_to_all().await;
        let owner = space.found("acme").await;
        let dataset = dataset_of(&owner, "manual", &[("hours", "The room opens at nine.")]).await;
        let endpoint = endpoint_on(&owner, &dataset, "manual").await;
        only_policy(&owner, "manual", json!({ "mode": "allow", "patterns": ["alice@x.org"] })).await;
        let alice = space.member(&owner, "alice@x.org", "user").await;
        let made =
            alice.post("/api-keys", &json!({ "name": "nightly", "scopes": ["query"] })).await.expect(201);
        let by_key = space.anybody().with_token(made.body["api_key"].as_str().unwrap());
        alice.ask("manual", "When does it open?").await.expect(200);
        by_key.ask("manual", "When does it open?").await.expect(200);
        by_key.ask("manual", "When does it open?").await.expect(200);
        owner.ask("manual", "When does it open?").await.expect(403);
        let key = made.body["id"].as_str().unwrap().to_owned();
        Self { space, owner, alice, dataset, endpoint, key }
    }
}

#[tokio::test]
async fn u1_a_member_whose_address_reads_like_a_user_of_a_marketplace_is_found() {
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    let member = space.member(&owner, "sales/eve@x.org", "admin").await;
    assert_eq!(
        found(&owner, "action=authn_login_success&principal=sales/eve@x.org").await.len(),
        1,
        "by the address"
    );
    let told = owner.get("/audit/impact?principal=sales/eve@x.org").await.expect(200).body;
    assert_eq!(told["actors"], json!([id_of(&member).await]));
}

#[tokio::test]
async fn u1_the_log_is_searched_by_address_slug_key_and_reason() {
    let Asked { owner, alice, key, endpoint, .. } = &Asked::make().await;
    let queries = "action=endpoint_query";
    assert_eq!(found(owner, &format!("{queries}&principal=alice@x.org")).await.len(), 3);
    assert_eq!(found(owner, &format!("{queries}&principal=Alice@X.org")).await.len(), 3);
    let id = id_of(alice).await;
    assert_eq!(found(owner, &format!("{queries}&principal={id}")).await.len(), 3);
    assert_eq!(found(owner, &format!("{queries}&key_name=nightly")).await.len(), 2);
    assert_eq!(found(owner, &format!("{queries}&key_name={key}")).await.len(), 2);
    let at_slug = found(owner, "endpoint=manual").await;
    assert_eq!(at_slug, found(owner, &format!("endpoint={endpoint}")).await);
    let refused = "reason=access_denied&endpoint=manual&principal=owner@acme.example";
    assert_eq!(found(owner, refused).await, ["policy_violation"]);
    assert!(at_slug.contains(&"config_change".to_owned()), "what was changed of it is found, too");
}

#[tokio::test]
async fn u1_a_name_that_nobody_has_finds_nothing_and_what_is_no_name_is_refused() {
    let Asked { space, owner, .. } = &Asked::make().await;
    for nobody in [
        "principal=bob@x.org",
        "endpoint=nowhere",
        "key_name=none",
        "reason=nothing_like_it",
        "principal=hub/bob",
    ] {
        assert_eq!(found(owner, nobody).await, Vec::<String>::new(), "{nobody}");
    }
    for bad in ["principal=alice", "endpoint=No%20slug", "key_name=%20", "reason=Bad!", "principal="] {
        owner.get(&format!("/audit?{bad}")).await.expect_problem(422, "invalid");
    }
    // Whoever is of another tenant finds neither the people of this one nor their things.
    let other = space.found_another("globex").await;
    for ours in ["principal=alice@x.org", "endpoint=manual", "key_name=nightly"] {
        assert_eq!(found(&other, ours).await, Vec::<String>::new(), "{ours}");
    }
}

#[tokio::test]
async fn u1_who_is_gone_is_found_by_their_address_and_their_key_by_its_name() {
    let Asked { owner, alice, key, .. } = &Asked::make().await;
    let id = id_of(alice).await;
    let member = owner.get(&format!("/users/{id}")).await.expect(200);
    let removal = owner.request("DELETE", &format!("/users/{id}")).header("if-match", member.header("etag"));
    owner.send(removal).await.expect(204);
    assert_eq!(found(owner, "action=endpoint_query&principal=alice@x.org").await.len(), 3);
    assert_eq!(found(owner, "action=endpoint_query&key_name=nightly").await.len(), 2);
    let told = owner.get("/audit/impact?key_name=nightly").await.expect(200).body;
    assert_eq!(told["api_keys"], json!([key]));
    assert_eq!(told["reach"]["endpoints"], json!([]), "a key that is gone reaches nothing now");
    let before = &told["reach"]["changes"];
    let removed = owner.get("/audit?action=user_deleted&limit=1").await.expect(200).body;
    let since = removed["items"][0]["time"].as_str().unwrap();
    let later = owner.get(&format!("/audit/impact?key_name=nightly&since={since}")).await.expect(200).body;
    assert!(
        later["reach"]["changes"].as_u64() > Some(0),
        "of {before}: it may have reached more before it was revoked"
    );
    assert_eq!(told["endpoints"][0]["success"], 2, "and what it touched is told");
}

fn count(told: &Value) -> [&Value; 3] {
    [&told["success"], &told["denied"], &told["failure"]]
}

#[tokio::test]
async fn u1_the_impact_of_a_key_is_what_it_could_reach_and_what_it_touched() {
    let Asked { owner, key, endpoint, alice, .. } = &Asked::make().await;
    let told = owner.get("/audit/impact?key_name=nightly").await.expect(200).body;
    assert_eq!(
        (&told["api_keys"], &told["shown"], &told["unnamed_answers"]),
        (&json!([key]), &json!([]), &json!(2))
    );
    assert_eq!(told["reach"]["endpoints"][0]["slug"], "manual");
    assert_eq!(told["reach"]["endpoints"][0]["reason_code"], "allowed_by_policy");
    assert_eq!(told["reach"]["reads_content"], false);
    assert_ne!(told["reach"]["changes"], 0, "the log tells that policies were made since ever");
    let queried = told["endpoints"].as_array().unwrap();
    assert_eq!(queried.len(), 1);
    assert_eq!((&queried[0]["endpoint"], &queried[0]["slug"]), (&json!(endpoint), &json!("manual")));
    assert_eq!(count(&queried[0]), [2, 0, 0]);
    assert_eq!(told["addresses"][0]["address"], "127.0.0.1");
    assert_eq!(told["principals"][0]["email"], "alice@x.org");
    let others: Vec<&str> =
        told["others"].as_array().unwrap().iter().map(|other| other["action"].as_str().unwrap()).collect();
    assert_eq!(others, ["authn_token_created"]);
    // From a time on at which nothing was changed, present rules are those of then.
    let now = owner.get("/audit?limit=1").await.expect(200).body["items"][0]["time"].clone();
    let later = owner.get(&format!("/audit/impact?key_name={key}&since={}", now.as_str().unwrap())).await;
    assert_eq!(later.expect(200).body["reach"]["changes"], 0);
    alice.get("/audit/impact").await.expect_problem(403, "forbidden");
    let read = owner.audit("&action=sensitive_read").await;
    assert_eq!(read[0]["object"], json!({ "kind": "audit", "id": format!("impact of api_key {key}") }));
}

#[tokio::test]
async fn u1_the_impact_of_somebody_a_document_and_all_is_told() {
    let Asked { space, owner, alice, dataset, .. } = &Asked::make().await;
    let told = owner.get("/audit/impact?principal=alice@x.org").await.expect(200).body;
    assert_eq!(told["actors"], json!([id_of(alice).await]));
    assert_eq!(count(&told["endpoints"][0]), [3, 0, 0]);
    let told = owner.get("/audit/impact?principal=owner@acme.example").await.expect(200).body;
    assert_eq!(count(&told["endpoints"][0]), [0, 1, 0]);
    assert_eq!(told["reach"]["reads_content"], true, "owners read documents without any endpoint");
    // Who has read the document itself is told, and who may have been shown it by an endpoint.
    owner.get(&format!("/datasets/{dataset}/documents/hours")).await.expect(200);
    for named in ["manual/hours".to_owned(), format!("{dataset}/hours")] {
        let told = owner.get(&format!("/audit/impact?document={named}")).await.expect(200).body;
        let read = |other: &&Value| other["object"]["id"] == format!("{dataset}/hours");
        let others = told["others"].as_array().unwrap();
        let read = others.iter().filter(read).find(|other| other["action"] == "sensitive_read");
        assert_eq!(read.map(count), Some([&json!(1), &json!(0), &json!(0)]), "{told}");
        assert_eq!(count(&told["endpoints"][0]), [3, 1, 0]);
        assert_eq!(told["reach"]["endpoints"][0]["slug"], "manual");
    }
    let all = owner.get("/audit/impact").await.expect(200).body;
    assert_eq!((&all["reach"], &all["next_cursor"]), (&Value::Null, &Value::Null));
    assert!(all["events"].as_u64().unwrap() > 5);
    for bad in
        ["document=hours", "principal=x", "key_name=%20", "since=x", "cursor=zz", "key_name=a&document=a/b"]
    {
        owner.get(&format!("/audit/impact?{bad}")).await.expect_problem(422, "invalid");
    }
    let other = space.found_another("globex").await;
    let told = other.get("/audit/impact?principal=alice@x.org").await.expect(200).body;
    assert_eq!((&told["events"], &told["actors"]), (&json!(0), &json!([])));
    let told = other.get(&format!("/audit/impact?document={dataset}/hours")).await.expect(200).body;
    assert_eq!((&told["events"], &told["reach"]["endpoints"]), (&json!(0), &json!([])));
}

/// The names under which a part of the impact tells of documents, with how often.
fn shown(told: &Value) -> Vec<(&str, u64)> {
    let shown = told["shown"].as_array().unwrap().iter();
    shown.map(|one| (one["document_id"].as_str().unwrap(), one["success"].as_u64().unwrap())).collect()
}

#[tokio::test]
async fn u1_who_was_shown_which_document_is_told_where_a_disclosure_log_is_attached() {
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    let documents = [("hours", "The room opens at nine."), ("fees", "The fee is ten euros.")];
    let dataset = dataset_of(&owner, "manual", &documents).await;
    endpoint_on(&owner, &dataset, "manual").await;
    let make = async |policy_type: &str, configuration: Value| {
        let body = json!({ "name": policy_type, "policy_type": policy_type, "configuration": configuration });
        owner.post("/policies", &body).await.expect(201).body["id"].clone()
    };
    let access = make("access", json!({ "mode": "allow", "patterns": ["*@x.org"] })).await;
    let attach = async |ids: &[&Value]| {
        owner.put("/endpoints/manual/policies", &json!({ "policy_ids": ids })).await.expect(200);
    };
    attach(&[&access]).await;
    let alice = space.member(&owner, "alice@x.org", "user").await;
    let bob = space.member(&owner, "bob@x.org", "user").await;
    alice.ask("manual", "fee").await.expect(200);
    let before = owner.audit("&action=endpoint_query").await;
    assert!(before[0].get("shown").is_none(), "without the policy no log has what was shown: {before:?}");
    let log = make("disclosure_log", json!({})).await;
    let filter = make("pii_filter", json!({ "kinds": ["email"] })).await;
    attach(&[&access, &log, &filter]).await;
    alice.ask("manual", "fee").await.expect(200);
    alice.ask("manual", "fee euros").await.expect(200);
    bob.ask("manual", "room opens").await.expect(200);
    bob.ask("manual", "nothing of the kind").await.expect(200);
    owner.ask("manual", "fee").await.expect(403);

    let events = owner.audit("&action=endpoint_query").await;
    let told: Vec<Value> = events.iter().rev().map(|event| event["shown"].clone()).collect();
    let [fees, hours] = ["fees", "hours"].map(|id| json!([id]));
    assert_eq!(told, [Value::Null, fees.clone(), fees, hours, json!([])]);
    let of = async |query: &str| owner.get(&format!("/audit/impact?{query}")).await.expect(200).body;
    let fees = of("document=manual/fees").await;
    assert_eq!(shown(&fees), [("fees", 2)]);
    assert_eq!((&fees["shown_to"][0]["email"], &fees["shown_to"][1]), (&json!("alice@x.org"), &Value::Null));
    assert_eq!(fees["unnamed_answers"], 1, "the one from before the policy");
    let bobs = fees["principals"].as_array().unwrap().iter().find(|one| one["email"] == "bob@x.org");
    assert_eq!(bobs, None, "who was shown other documents, or none, was not shown this one");
    assert_eq!(shown(&of("principal=bob@x.org").await), [("hours", 1)]);
    assert_eq!(shown(&of("principal=alice@x.org").await), [("fees", 2)]);
    let all = of("").await;
    assert_eq!((shown(&all), &all["shown_to"]), (vec![("fees", 2), ("hours", 1)], &json!([])));

    let refused = json!({ "enforcement": "shadow" });
    let log = log.as_str().unwrap();
    owner.patch(&format!("/policies/{log}"), &refused).await.expect_problem(422, "invalid");
    let body = json!({ "name": "p", "policy_type": "disclosure_log", "configuration": { "documents": 3 } });
    owner.post("/policies", &body).await.expect_problem(422, "invalid");
    if !in_memory() {
        let told = cli::run(space.home(), &["audit", "impact", "--document", "manual/fees"]).expect(0);
        assert!(told.stdout.contains("document fees shown by manual"), "{told:?}");
        assert!(told.stdout.contains("shown to alice@x.org"), "{told:?}");
        assert!(told.stderr.contains("Answers that do not tell what they showed: 1."), "{told:?}");
    }
}

#[tokio::test]
async fn u1_a_long_log_is_told_of_in_parts_which_the_command_adds_up() {
    if in_memory() {
        return;
    }
    let Asked { space, owner, alice, .. } = &Asked::make().await;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let alice = alice.clone();
        asking.spawn(async move {
            for _ in 0..130 {
                alice.ask("manual", "When does it open?").await.expect(200);
            }
        });
    }
    asking.join_all().await;
    let (mut cursor, mut events, mut parts) = (String::new(), 0, 0);
    loop {
        let part =
            owner.get(&format!("/audit/impact?until=2100-01-01T00:00:00Z{cursor}")).await.expect(200).body;
        events += part["events"].as_u64().unwrap();
        parts += 1;
        let Some(next) = part["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert!(parts > 1 && events > 5_200, "{events} events in {parts} parts");
    let told = cli::run(space.home(), &["audit", "impact", "--json"]).expect(0).json();
    assert!(told["events"].as_u64().unwrap() >= events && told["next_cursor"].is_null());
}

#[tokio::test]
async fn u1_the_command_line_asks_by_names() {
    if in_memory() {
        return;
    }
    let Asked { space, owner, dataset, .. } = &Asked::make().await;
    let list = |arguments: &[&str]| {
        let arguments: Vec<&str> = ["audit", "list", "--json"].iter().chain(arguments).copied().collect();
        cli::run(space.home(), &arguments).expect(0).items()
    };
    assert_eq!(list(&["--principal", "alice@x.org", "--endpoint", "manual"]).len(), 3);
    assert_eq!(list(&["--reason", "access_denied"]).len(), 1);
    assert_eq!(list(&["--key", "nightly", "--action", "endpoint_query"]).len(), 2);
    let told = cli::run(space.home(), &["audit", "impact", "--key", "nightly"]).expect(0);
    for line in
        ["Reachable by the roles, scopes and policies of", "  manual", "query manual", "by alice@x.org"]
    {
        assert!(told.stdout.contains(line), "{line}: {}", told.stdout);
    }
    let told =
        cli::run(space.home(), &["audit", "impact", "--user", "alice@x.org", "--json"]).expect(0).json();
    assert_eq!(told["endpoints"][0]["success"], 3);
    cli::run(space.home(), &["audit", "list", "--principal", "nobody"]).expect(2);
    // A document is named by the path of its file, too; a name that nobody has is no all-clear.
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::write(folder.path().join("sub/exams.txt"), "Exams are held in May.").unwrap();
    let path = folder.path().to_str().unwrap();
    cli::run(space.home(), &["ingest", path, "--dataset", "manual"]).expect(0);
    let listed = owner.get(&format!("/datasets/{dataset}/documents")).await.expect(200).body;
    let ids = listed["items"].as_array().unwrap().iter().map(|item| item["document_id"].as_str().unwrap());
    let id = ids.into_iter().find(|id| id.contains("exams")).unwrap();
    owner.get(&format!("/datasets/{dataset}/documents/{id}")).await.expect(200);
    let impact = |arguments: &[&str]| cli::run(space.home(), &[&["audit", "impact"], arguments].concat());
    let told = impact(&["--document", "manual/sub/exams.txt"]).expect(0).stdout;
    assert!(
        told.contains("manual") && told.contains(&format!("sensitive_read document {dataset}/{id}")),
        "{told}"
    );
    for unknown in [["--document", "papers/sub/exams.txt"], ["--user", "nobody@x.org"], ["--key", "nokey"]] {
        let refused = impact(&unknown).expect(3);
        assert!(refused.stderr.contains(unknown[1]), "{refused:?}");
    }
}
