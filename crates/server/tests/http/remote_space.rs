//! Endpoints over those of other spaces.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};
use syft_space_fakehub::HubOptions;

use crate::cli::{run, run_with};
use crate::marketplace_fixture::{MarketplaceFixture, register};
use crate::space::{Client, PASSWORD, TestSpace, endpoint_on, in_memory, only_policy};

const QUESTION: &str = "How high is Kilimanjaro?";

/// A space whose tenant `harbor` is `alice` on the hub of another, which has the endpoint `space-docs`.
struct TwoSpaces {
    there: MarketplaceFixture,
    here: TestSpace,
    owner: Client,
    marketplace: String,
}

impl TwoSpaces {
    async fn start() -> Self {
        let there = MarketplaceFixture::start().await;
        there.allow(&["alice@example.com"]).await;
        let here = TestSpace::start().await;
        let owner = here.found("harbor").await;
        let marketplace = register(&owner, &there.hub, HubOptions::DEFAULT_ISSUER, "alice", "syfthub").await;
        Self { there, here, owner, marketplace }
    }

    fn configuration(&self, url: &str, slug: &str) -> Value {
        json!({ "url": url, "slug": slug, "owner": "spaceowner", "marketplace_id": self.marketplace, "tenant_name": "acme" })
    }

    /// A dataset that asks an endpoint, and an endpoint over it that lets in the members of `harbor`.
    async fn endpoint(&self, slug: &str, configuration: Value) -> String {
        let body = json!({ "name": slug, "dtype": "remote_space", "configuration": configuration });
        let made = self.owner.post("/datasets", &body).await.expect(201).body;
        assert_eq!((&made["dtype"], &made["search"]), (&json!("remote_space"), &json!("words")));
        let dataset = made["id"].as_str().unwrap().to_owned();
        endpoint_on(&self.owner, &dataset, slug).await;
        let allowed = json!({ "mode": "allow", "patterns": ["*@harbor.example", "*@example.com"] });
        only_policy(&self.owner, slug, allowed).await;
        dataset
    }

    async fn far(&self) -> String {
        self.endpoint("far", self.configuration(self.there.owner.root(), "space-docs")).await
    }
}

#[tokio::test]
async fn q2_an_endpoint_over_that_of_another_space_answers_what_that_does_and_each_has_its_say() {
    let spaces = TwoSpaces::start().await;
    let dataset = spaces.far().await;
    let member = spaces.here.member(&spaces.owner, "mia@harbor.example", "user").await;
    let answer = member.ask("far", QUESTION).await.expect(200).body;
    let found = &answer["references"]["documents"];
    assert_eq!(found[0]["document_id"], "kilimanjaro");
    assert_eq!(found[0]["content"], "Kilimanjaro is 5895 metres high.");
    assert!(found[0]["similarity_score"].as_f64().unwrap() > 0.5, "{found}");
    assert_eq!(answer["references"]["provider_info"]["search_engine"], "remote_space");
    // There the account has asked, and not whoever asked here.
    let event = &spaces.there.owner.audit("&action=endpoint_query").await[0];
    assert_eq!((&event["actor"]["kind"], &event["outcome"]), (&json!("hub_user"), &json!("success")));
    assert!(!event.to_string().contains("mia"), "{event}");
    // Here members ask it directly, too, and see that nothing of it is here.
    let search = json!({ "query": QUESTION });
    let path = format!("/datasets/{dataset}/search");
    let searched = spaces.owner.post(&path, &search).await.expect(200).body;
    assert_eq!(searched["documents"][0]["document_id"], "kilimanjaro");
    let usage = spaces.owner.get(&format!("/datasets/{dataset}/usage")).await.expect(200).body;
    assert_eq!((&usage["documents"], &usage["chunks"]), (&json!(0), &json!(0)));
    let documents = format!("/datasets/{dataset}/documents");
    let one = json!({ "documents": [{ "document_id": "a", "content": "A text." }] });
    let refused = spaces.owner.post(&documents, &one).await.expect_problem(409, "conflict");
    assert!(refused.text.contains("asks an endpoint of another space"), "{}", refused.text);
    // A threshold that nothing reaches is kept here.
    let body = json!({ "messages": "metres", "similarity_threshold": 1.0 });
    let none = member.post("/endpoints/far/query", &body).await.expect(200).body;
    assert_eq!(none["references"]["documents"], json!([]));

    // The policies there decide on the account: callers learn that it is for the owner to mend, and the owner what it is.
    spaces.there.allow(&["bob@example.com"]).await;
    let refused = member.ask("far", QUESTION).await.expect_problem(503, "unavailable");
    assert!(refused.text.contains("the owner of this space"), "{}", refused.text);
    assert!(!refused.text.contains("policy"), "{}", refused.text);
    let told = spaces.owner.post(&path, &search).await.expect_problem(503, "unavailable");
    assert!(told.text.contains("the other space refuses: the endpoint's access policy"), "{}", told.text);
    let events = spaces.owner.audit("&action=endpoint_query&outcome=failure").await;
    assert_eq!(events[0]["reason_code"], "remote_space_unavailable");
    // Those here decide on whoever asks, before anybody is asked there.
    spaces.there.allow(&["alice@example.com"]).await;
    let asked = spaces.there.owner.audit("&action=endpoint_query").await.len();
    only_policy(&spaces.owner, "far", json!({ "mode": "deny", "patterns": ["*@harbor.example"] })).await;
    assert!([403, 404].contains(&member.ask("far", QUESTION).await.status));
    assert_eq!(spaces.there.owner.audit("&action=endpoint_query").await.len(), asked);
}

#[tokio::test]
async fn z1_spaces_that_ask_each_other_end_with_the_first() {
    let spaces = TwoSpaces::start().await;
    // There an endpoint asks that here, which asks it in turn.
    let back = json!({
        "url": spaces.owner.root(), "slug": "far", "owner": "alice", "marketplace_id": spaces.there.marketplace, "tenant_name": "harbor",
    });
    let body = json!({ "name": "ring", "dtype": "remote_space", "configuration": back });
    let ring = spaces.there.owner.post("/datasets", &body).await.expect(201).body;
    endpoint_on(&spaces.there.owner, ring["id"].as_str().unwrap(), "ring").await;
    only_policy(&spaces.there.owner, "ring", json!({ "mode": "allow", "patterns": ["*@example.com"] })).await;
    spaces.endpoint("far", spaces.configuration(spaces.there.owner.root(), "ring")).await;
    spaces.owner.ask("far", QUESTION).await.expect_problem(503, "unavailable");
    let denied = spaces.there.owner.audit("&outcome=denied").await;
    assert_eq!(denied[0]["reason_code"], "asked_by_space", "{denied:?}");
    assert_eq!(spaces.owner.audit("&action=endpoint_query").await.len(), 1, "nobody asked here in turn");
    // Whoever says that they are a space is answered from what is here alone, whatever stands in the header besides.
    let via = ["1.1 syft-space", "1.0 fred, 1.1 syft-space (a comment)", "1.1 proxy.example,2.0 syft-space"];
    for via in via {
        let request = spaces.owner.request("POST", "/endpoints/far/query").header("Via", via);
        let asked = spaces.owner.send(request.json(&json!({ "messages": QUESTION }))).await;
        asked.expect_problem(409, "conflict");
    }
    let request =
        spaces.owner.request("POST", "/endpoints/far/query").header("Via", "1.1 syft-space.example");
    let asked = spaces.owner.send(request.json(&json!({ "messages": QUESTION }))).await;
    asked.expect_problem(503, "unavailable");
}

/// A server that answers each request with what its slug says.
fn odd_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut head = [0; 4096];
                let read = stream.read(&mut head).unwrap_or_default();
                let asked = String::from_utf8_lossy(&head[..read]).into_owned();
                let slug = asked.split('/').nth(4).unwrap_or_default().to_owned();
                let hit = |id: &str, score: &str| {
                    format!(
                        r#"{{"references":{{"documents":[{{"document_id":"{id}","content":"text","similarity_score":{score}}}]}}}}"#
                    )
                };
                let (status, body) = match slug.as_str() {
                    "nonsense" => ("200 OK", "<html>".to_owned()),
                    "empty" => ("200 OK", "{}".to_owned()),
                    "summary" => {
                        ("200 OK", r#"{"summary":{"message":{"content":"42"}},"references":null}"#.to_owned())
                    }
                    "score" => ("200 OK", hit("a", "7.5")),
                    "deep" => ("200 OK", "[".repeat(100_000)),
                    "huge" => ("200 OK", hit(&"a".repeat(3 << 20), "0.5")),
                    "moved" => ("307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/", String::new()),
                    "names" => ("200 OK", hit("Annual report (final).pdf", "0.5")),
                    "slow" => {
                        std::thread::sleep(Duration::from_secs(30));
                        return;
                    }
                    _ => ("500 Oops", String::new()),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())));
            });
        }
    });
    url
}

#[tokio::test]
async fn i1_what_another_space_answers_is_believed_as_far_as_it_is_an_answer() {
    let spaces = TwoSpaces::start().await;
    let url = odd_server();
    let dataset = spaces.endpoint("odd", spaces.configuration(&url, "nonsense")).await;
    let (change, search) = (format!("/datasets/{dataset}"), format!("/datasets/{dataset}/search"));
    for (slug, told) in [
        ("nonsense", "cannot be read"),
        ("empty", "without documents"),
        ("summary", "without documents"),
        ("score", "a score that is not from 0 to 1"),
        ("deep", "cannot be read"),
        ("huge", "cannot be read"),
        ("moved", "it answered 307"),
        ("oops", "cannot be reached"),
        ("slow", "cannot be reached"),
    ] {
        spaces.owner.patch(&change, &json!({ "configuration": { "slug": slug } })).await.expect(200);
        let question = json!({ "query": QUESTION });
        let answer = tokio::time::timeout(Duration::from_secs(20), spaces.owner.post(&search, &question));
        let answer = answer.await.expect("it is given up").expect_problem(503, "unavailable");
        assert!(answer.text.contains(told), "{slug}: {}", answer.text);
        spaces.owner.ask("odd", QUESTION).await.expect_problem(503, "unavailable");
    }
    // The Python product names documents by their files.
    spaces.owner.patch(&change, &json!({ "configuration": { "slug": "names" } })).await.expect(200);
    let answer = spaces.owner.ask("odd", QUESTION).await.expect(200).body;
    let id = answer["references"]["documents"][0]["document_id"].as_str().unwrap();
    assert!(id.starts_with("blake3-") && id.len() == 71, "{id}");
    // A server that nobody runs, and one that may not be called.
    for (elsewhere, told) in
        [("http://127.0.0.1:1", "cannot be reached"), ("http://10.0.0.1", "may not be called")]
    {
        spaces.owner.patch(&change, &json!({ "configuration": { "url": elsewhere } })).await.expect(200);
        let answer = spaces.owner.post(&search, &json!({ "query": QUESTION })).await;
        let text = answer.expect_problem(503, "unavailable").text;
        assert!(text.contains(told), "{text}");
    }
}

#[tokio::test]
async fn i1_what_says_which_endpoint_is_asked_is_checked_as_a_whole() {
    let spaces = TwoSpaces::start().await;
    let whole = spaces.configuration(spaces.there.owner.root(), "space-docs");
    let make = async |change: &dyn Fn(&mut Value)| {
        let mut body = json!({ "name": "far", "dtype": "remote_space", "configuration": whole });
        change(&mut body);
        spaces.owner.post("/datasets", &body).await.expect_problem(422, "invalid").text
    };
    for part in ["url", "slug", "owner", "marketplace_id"] {
        let told = make(&|body| drop(body["configuration"].as_object_mut().unwrap().remove(part))).await;
        assert!(told.contains(&format!("needs {part}")), "{told}");
    }
    let set = |at: &'static str, value: Value| {
        move |body: &mut Value| *body.pointer_mut(at).unwrap() = value.clone()
    };
    let unknown =
        make(&set("/configuration/marketplace_id", json!("0193a5b0-0000-7000-8000-000000000001"))).await;
    assert!(unknown.contains("no such marketplace"), "{unknown}");
    make(&set("/configuration/owner", json!("Space Owner"))).await;
    make(&set("/configuration/url", json!("https://user:secret@space.example"))).await;
    assert!(make(&set("/dtype", json!("embedded"))).await.contains("remote_space"));
    let with = |name: &'static str, value: Value| {
        move |body: &mut Value| body["configuration"][name] = value.clone()
    };
    make(&with("credential", json!("a-secret"))).await;
    make(&with("provisioned", json!(true))).await;
    make(&with("tokenizer", json!("cjk"))).await;
    assert!(make(&|body| body["search"] = json!("words")).await.contains("how it searches"));
    let types = spaces.owner.get("/datasets/types").await.expect(200).body;
    let schema = &types["types"]["remote_space"]["configuration"];
    assert_eq!(schema["required"], json!(["url", "slug", "owner", "marketplace_id"]));
    assert!(
        schema["properties"].get("tokenizer").is_none() && schema["properties"].get("credential").is_none()
    );
    assert!(types["types"]["embedded"]["configuration"]["properties"].get("slug").is_none());

    let dataset = spaces.far().await;
    let path = format!("/datasets/{dataset}");
    spaces.owner.patch(&path, &json!({ "dtype": "embedded" })).await.expect_problem(422, "invalid");
    spaces.owner.patch(&path, &json!({ "search": "words" })).await.expect_problem(422, "invalid");
    let purpose = json!({ "configuration": { "purpose": "teaching", "tenant_name": null } });
    let changed = spaces.owner.patch(&path, &purpose).await.expect(200).body;
    assert_eq!(changed["configuration"]["purpose"], "teaching");
    assert!(changed["configuration"].get("tenant_name").is_none());
    let without = json!({ "configuration": { "purpose": null } });
    assert!(
        spaces.owner.patch(&path, &without).await.expect(200).body["configuration"].get("purpose").is_none()
    );
    let reasons = spaces.owner.audit("&action=config_change").await;
    assert_eq!(reasons[0]["reason_code"], "changed_remote_endpoint");
    // Whoever says whom the account asks acts as it: that takes the right to manage accounts.
    let admin = spaces.here.member(&spaces.owner, "ada@harbor.example", "admin").await;
    let mut body = json!({ "name": "by admin", "dtype": "remote_space", "configuration": whole });
    admin.post("/datasets", &body).await.expect_problem(403, "forbidden");
    admin
        .patch(&path, &json!({ "configuration": { "url": "https://space.example" } }))
        .await
        .expect_problem(403, "forbidden");
    admin.patch(&path, &json!({ "summary": "Mountains elsewhere" })).await.expect(200);
    body["configuration"]["owner"] = json!("alice");
    spaces.owner.post("/datasets", &body).await.expect_problem(422, "invalid");
    // As long as it is needed, the account stays.
    let account = format!("/marketplaces/{}", spaces.marketplace);
    let refused = spaces.owner.delete(&account).await.expect_problem(409, "in_use");
    assert!(refused.text.contains("far"), "{}", refused.text);
    spaces.owner.delete("/endpoints/far").await.expect(204);
    spaces.owner.delete(&path).await.expect(204);
    spaces.owner.delete(&account).await.expect(204);
}

#[tokio::test]
async fn q2_the_command_line_makes_a_dataset_that_asks_another_space_and_changes_whom_it_asks() {
    if in_memory() {
        return;
    }
    let spaces = TwoSpaces::start().await;
    let home = spaces.here.home();
    let as_owner = |arguments: &[&str]| {
        let account = ["--as", "owner@harbor.example", "--password-file", "-"];
        run_with(home, &[arguments, &account].concat(), PASSWORD)
    };
    let there = spaces.there.owner.root();
    let ask =
        ["datasets", "ask-space", "far", "--url", there, "--slug", "space-docs", "--owner", "spaceowner"];
    let made =
        as_owner(&[&ask[..], &["--marketplace", "syfthub", "--tenant-name", "acme"]].concat()).expect(0);
    assert!(made.stdout.contains("far asks the other space"), "{made:?}");
    assert!(made.stdout.contains("`syft-space publish SLUG --dataset \"far\" --as EMAIL`"), "{made:?}");
    let shown = run(home, &["datasets", "show", "far", "--json"]).expect(0).json();
    assert_eq!((&shown["dtype"], &shown["documents"]), (&json!("remote_space"), &json!(0)));
    assert_eq!(shown["configuration"]["tenant_name"], "acme");
    let unknown = as_owner(&[&ask[..], &["--marketplace", "nowhere"]].concat()).expect(3);
    assert!(unknown.stderr.contains("syft-space marketplaces list"), "{unknown:?}");
    let incomplete = as_owner(&["datasets", "ask-space", "near", "--slug", "space-docs"]).expect(2);
    assert!(incomplete.stderr.contains("--url"), "{incomplete:?}");
    let change = ["datasets", "ask-space", "far", "--change", "--purpose", "teaching", "--json"];
    assert_eq!(as_owner(&change).expect(0).json()["configuration"]["purpose"], "teaching");
    let change = ["datasets", "ask-space", "far", "--change", "--no-purpose", "--json"];
    assert!(as_owner(&change).expect(0).json()["configuration"].get("purpose").is_none());
    as_owner(&["datasets", "ask-space", "far", "--change", "--no-purpose", "--purpose", "x"]).expect(2);
    let search = || as_owner(&["datasets", "search", "far", QUESTION]);
    let found = search().expect(0).stdout;
    assert!(found.contains("kilimanjaro") && found.contains("5895 metres"), "{found}");
    as_owner(&["datasets", "ask-space", "far", "--change", "--slug", "nothing"]).expect(0);
    let refused = search();
    assert!(refused.stderr.contains("the other space refuses: there is no such endpoint"), "{refused:?}");
    let none = run(home, &["datasets", "set-vectors", "far", "embedded"]).expect(4);
    assert!(none.stderr.contains("make another dataset"), "{none:?}");
    let listed = run(home, &["datasets", "list"]).expect(0).stdout;
    assert!(listed.contains("TYPE") && listed.contains("remote_space"), "{listed}");
    let shown = run(home, &["datasets", "show", "far"]).expect(0).stdout;
    assert!(!shown.contains("tokenizer"), "how words are compared is the other space's: {shown}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    fs::write(&file, "Kept nowhere.").unwrap();
    let ingest = run(home, &["ingest", file.to_str().unwrap(), "--dataset", "far"]).expect(4);
    assert!(ingest.stderr.contains("holds no documents"), "{ingest:?}");
}
