//! Datasets whose vectors lie in a vector database, through the server. The database is the one that the adapter's own tests use; a real one
//! is asked by `tools/vectordb`.

use serde_json::{Value, json};

use super::{TEXTS, dataset_by, install, put, search, until_encoded};
use crate::cli::{run, stop};
use crate::space::{Client, TestSpace, in_memory, until};
use crate::vector_server::{Fault, Server};

const CREDENTIAL: &str = "what-the-database-knows-us-by";

async fn space_with_encoder() -> (TestSpace, Client) {
    let space = TestSpace::with(&[("outbound_allow", "127.0.0.1")]).await;
    install(space.home(), "small", 7);
    let owner = space.found("acme").await;
    (space, owner)
}

/// A dataset in a database.
async fn dataset_in(owner: &Client, dtype: &str, database: &Server) -> String {
    let configuration = json!({ "url": database.url(), "credential": CREDENTIAL });
    let body = json!({ "name": dtype, "dtype": dtype, "configuration": configuration });
    let made = owner.post("/datasets", &body).await.expect(201).body;
    assert_eq!((&made["search"], &made["dtype"]), (&json!("both"), &json!(dtype)));
    assert_eq!(made["configuration"]["url"], json!(database.url()));
    assert_eq!(made["configuration"]["has_credential"], json!(true));
    made["id"].as_str().unwrap().to_owned()
}

/// The documents that are found, and their scores.
fn found(answer: &Value) -> Vec<(String, f64)> {
    let one = |hit: &Value| {
        (hit["document_id"].as_str().unwrap().to_owned(), hit["similarity_score"].as_f64().unwrap())
    };
    answer["documents"].as_array().unwrap().iter().map(one).collect()
}

fn away(database: &Server) {
    database.with_faults(|_, _| Some(Fault::Ignored));
}

#[tokio::test]
async fn q2_the_same_is_found_wherever_vectors_lie_and_nothing_but_vectors_leaves() {
    if in_memory() {
        return;
    }
    let (space, owner) = space_with_encoder().await;
    let (chroma, qdrant) = (Server::start(), Server::start());
    let embedded = dataset_by(&owner, "embedded", "both").await;
    let in_chroma = dataset_in(&owner, "chroma", &chroma).await;
    let in_qdrant = dataset_in(&owner, "qdrant", &qdrant).await;
    for dataset in [&embedded, &in_chroma, &in_qdrant] {
        put(&owner, dataset, &TEXTS).await;
        until_encoded(&owner, dataset, "small").await;
    }
    for question in ["Penguins swim in cold water.", "Who soars?", "Ostriches"] {
        let expected = found(&search(&owner, &embedded, question).await);
        for dataset in [&in_chroma, &in_qdrant] {
            let answer = found(&search(&owner, dataset, question).await);
            let names =
                |found: &[(String, f64)]| found.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
            assert_eq!(names(&answer), names(&expected), "{question}");
            for ((_, one), (_, other)) in answer.iter().zip(&expected) {
                assert!((one - other).abs() < 0.01, "{question}: {one} {other}");
            }
        }
    }
    for database in [&chroma, &qdrant] {
        assert_eq!(database.counts(), [3]);
        for came in database.state.came.lock().unwrap().iter() {
            assert!(came.head.contains(CREDENTIAL), "{}", came.head);
            let sent = format!("{} {}", came.path, String::from_utf8_lossy(&came.body));
            for text in ["enguin", "Ostrich", "agle", "acme", "chroma\"", "document"] {
                assert!(!sent.contains(text), "{text}: {sent}");
            }
        }
    }
    // From Qdrant to where Chroma is, and home.
    let other = Server::start();
    let there = json!({ "dtype": "chroma", "configuration": { "url": other.url() } });
    let path = format!("/datasets/{in_qdrant}");
    let moved = owner.patch(&path, &there).await.expect(200).body;
    assert_eq!(
        (&moved["dtype"], &moved["configuration"]["has_credential"]),
        (&json!("chroma"), &json!(false))
    );
    until_encoded(&owner, &in_qdrant, "small").await;
    assert_eq!((qdrant.counts(), other.counts()), (vec![], vec![3]), "nothing stays behind");
    assert!(other.state.came.lock().unwrap().iter().all(|came| !came.head.contains(CREDENTIAL)));
    owner.patch(&path, &json!({ "dtype": "embedded" })).await.expect(200);
    until_encoded(&owner, &in_qdrant, "small").await;
    assert_eq!(other.counts(), [0; 0]);
    // One that is removed leaves nothing, and neither does a document.
    owner.delete(&format!("/datasets/{in_chroma}/documents/a")).await.expect(204);
    until("its vector is gone", async || chroma.counts() == [2]).await;
    owner.delete(&format!("/datasets/{in_chroma}")).await.expect(204);
    assert_eq!(chroma.counts(), [0; 0]);
    let events = owner.audit("&action=config_change").await;
    let reasons: Vec<&str> = events.iter().filter_map(|event| event["reason_code"].as_str()).collect();
    assert!(reasons.contains(&"changed_vector_database"), "{reasons:?}");
    drop(space);
}

#[tokio::test]
async fn r4_what_is_removed_while_its_database_is_away_is_gone_here_at_once_and_there_once_it_is_back() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = space_with_encoder().await;
    let database = Server::start();
    let dataset = dataset_in(&owner, "qdrant", &database).await;
    put(&owner, &dataset, &TEXTS).await;
    until_encoded(&owner, &dataset, "small").await;
    away(&database);
    // Words are found meanwhile, and what is removed is not.
    assert_eq!(found(&search(&owner, &dataset, "Penguins swim").await)[0].0, "a");
    owner.delete(&format!("/datasets/{dataset}/documents/a")).await.expect(204);
    assert_eq!(found(&search(&owner, &dataset, "Penguins swim in cold water.").await), []);
    let certificate = format!("/datasets/{dataset}/certificate");
    let of_document = format!("/datasets/{dataset}/documents/a/certificate");
    let is_waited_for = async || {
        let answer = owner.get(&of_document).await.expect_problem(409, "conflict");
        answer.body["detail"].as_str().unwrap().contains("the vector database has not confirmed yet")
    };
    until("nothing else of the document is left", is_waited_for).await;
    owner
        .patch(&format!("/datasets/{dataset}"), &json!({ "dtype": "embedded" }))
        .await
        .expect_problem(503, "unavailable");
    let gone = owner.delete(&format!("/datasets/{dataset}")).await.expect(202);
    assert_eq!(gone.body, json!({ "state": "deleting" }));
    owner.get(&format!("/datasets/{dataset}")).await.expect(404);
    assert_eq!(database.counts(), [3], "it knows nothing of it yet");
    owner.get(&certificate).await.expect_problem(409, "conflict");
    // Nor does it matter that the space dies meanwhile, or starts while nobody is there.
    space.server().kill();
    space.server().run_again().await;
    let owner = space.anybody().with_token(owner.token());
    let taken = json!({ "name": "qdrant", "dtype": "embedded" });
    owner.post("/datasets", &taken).await.expect_problem(409, "name_taken");
    database.without_faults();
    until("it is gone", async || database.counts().is_empty()).await;
    until("its name is free", async || owner.post("/datasets", &taken).await.status == 201).await;
    let shown = owner.get(&certificate).await.expect(200).text;
    assert!(shown.contains("syft-space deletion certificate v1"), "{shown}");
}

#[tokio::test]
async fn q2_a_database_is_described_as_its_type_needs_it() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let types = owner.get("/datasets/types").await.expect(200).body["types"].clone();
    assert_eq!(
        types.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["chroma", "embedded", "qdrant", "remote_space"]
    );
    for described in types.as_object().unwrap().values() {
        assert_eq!(described["configuration"]["properties"]["provisioned"], Value::Null, "{described}");
    }
    for (dtype, configuration, pointer) in [
        ("chroma", json!({}), "/configuration/url"),
        ("qdrant", json!({ "credential": "x" }), "/configuration/url"),
        ("embedded", json!({ "url": "https://vectors.example.org" }), "/configuration"),
        ("embedded", json!({ "credential": "x" }), "/configuration"),
        ("embedded", json!({ "provisioned": true }), "/configuration"),
        // Nobody has set up an engine here.
        ("chroma", json!({ "provisioned": true }), "/configuration/provisioned"),
        ("chroma", json!({ "provisioned": false }), "/configuration/url"),
        ("qdrant", json!({ "provisioned": true, "url": "https://vectors.example.org" }), "/configuration"),
        ("qdrant", json!({ "provisioned": true, "credential": "x" }), "/configuration"),
        (
            "chroma",
            json!({ "url": "https://vectors.example.org", "credential": "a b" }),
            "/configuration/credential",
        ),
    ] {
        let body = json!({ "name": "x", "dtype": dtype, "configuration": configuration });
        let refused = owner.post("/datasets", &body).await.expect_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{}", refused.text);
    }
    // Without an encoder nothing can be found by meaning, wherever vectors lie.
    let body =
        json!({ "name": "x", "dtype": "chroma", "configuration": { "url": "https://vectors.example.org" } });
    let refused = owner.post("/datasets", &body).await.expect_problem(422, "invalid");
    assert_eq!(refused.body["errors"][0]["pointer"], "/encoder");
}

/// What a real engine does with a database is shown by `tools/docker`.
#[tokio::test]
async fn r4_a_database_whose_engine_is_away_is_waited_for_and_so_is_its_end() {
    if in_memory() {
        return;
    }
    let image = format!("chroma=chromadb/chroma@sha256:{} user=1000", "0a".repeat(32));
    let settings = [("provisioning", "unix:///nowhere/engine.sock"), ("provisioning_images", image.as_str())];
    let mut space = TestSpace::with(&settings).await;
    install(space.home(), "small", 7);
    let owner = space.found("acme").await;
    let types = owner.get("/datasets/types").await.expect(200).body["types"].clone();
    let is_offered = |dtype: &str| !types[dtype]["configuration"]["properties"]["provisioned"].is_null();
    assert_eq!((is_offered("chroma"), is_offered("qdrant"), is_offered("embedded")), (true, false, false));
    let wanted = json!({ "name": "own", "dtype": "chroma", "configuration": { "provisioned": true } });
    let made = owner.post("/datasets", &wanted).await.expect(201).body;
    let configuration = &made["configuration"];
    assert_eq!((&configuration["provisioned"], &configuration["url"]), (&json!(true), &Value::Null));
    let dataset = made["id"].as_str().unwrap();
    let usage =
        async || owner.get(&format!("/datasets/{dataset}/usage")).await.expect(200).body["database"].clone();
    let is_told = json!({ "state": "provisioning", "reason": "engine_down" });
    until("what keeps it is told", async || usage().await == is_told).await;
    put(&owner, dataset, &TEXTS).await;
    assert_eq!(found(&search(&owner, dataset, "Penguins swim").await)[0].0, "a", "words are found");
    let path = format!("/datasets/{dataset}");
    owner.patch(&path, &json!({ "dtype": "embedded" })).await.expect_problem(503, "unavailable");
    owner.delete(&path).await.expect(202);
    owner.get(&path).await.expect(404);
    space.server().kill();
    space.server().run_again().await;
    let owner = space.anybody().with_token(owner.token());
    let taken = json!({ "name": "own", "dtype": "embedded" });
    owner.post("/datasets", &taken).await.expect_problem(409, "name_taken");
    // Whoever knows that the engine never comes back gives its database up.
    stop(&mut space);
    assert_eq!(run(space.home(), &["forget-database", "00000000-0000-7000-8000-000000000000"]).code, Some(3));
    let told = run(space.home(), &["forget-database", dataset]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    space.server().run_again().await;
    let owner = space.anybody().with_token(owner.token());
    owner.post("/datasets", &taken).await.expect(201);
}

#[tokio::test]
async fn r4_a_database_that_never_comes_back_is_given_up_and_its_place_is_told() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = space_with_encoder().await;
    let database = Server::start();
    let dataset = dataset_in(&owner, "chroma", &database).await;
    put(&owner, &dataset, &TEXTS).await;
    until_encoded(&owner, &dataset, "small").await;
    away(&database);
    stop(&mut space);
    let told = run(space.home(), &["--json", "forget-database", &dataset]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    let place = told["may_still_lie"][0].as_str().unwrap();
    assert!(place.starts_with(&format!("chroma at {}: syft-", database.url())), "{place}");
    space.server().run_again().await;
    let owner = space.anybody().with_token(owner.token());
    assert_eq!(owner.get(&format!("/datasets/{dataset}")).await.expect(200).body["dtype"], json!("embedded"));
    until_encoded(&owner, &dataset, "small").await;
    assert_eq!(found(&search(&owner, &dataset, "Penguins swim in cold water.").await)[0].0, "a");
    owner.delete(&format!("/datasets/{dataset}")).await.expect(204);
    let events = owner.audit("&action=config_change").await;
    let by_operator = events.iter().find(|event| event["actor"]["kind"] == json!("operator")).unwrap();
    assert_eq!(by_operator["reason_code"], json!("changed_vector_database"));
}
