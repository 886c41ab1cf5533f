//! Datasets that are searched by meaning, through the server: what callers see of it.

mod databases;
mod kill;
mod provisioned;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::cli::encoder::EmbeddingsServer;
use crate::cli::encoder::models::telling_apart;
use crate::cli::{command, run, stop};
use crate::space::{Client, TestSpace, dataset_of, endpoint_on, in_memory, until};

fn install(home: &Path, name: &str, seed: u64) {
    let folder = TempDir::new().unwrap();
    telling_apart(seed).write(folder.path());
    run(home, &["encoder", "add", name, folder.path().to_str().unwrap()]).expect(0);
}

/// Waits until all chunks of a dataset have a vector of an encoder.
async fn until_encoded(owner: &Client, dataset: &str, by: &str) {
    let path = format!("/datasets/{dataset}/usage");
    until("it is encoded", async || {
        let usage = owner.get(&path).await.expect(200).body;
        usage["vectors"] == json!({ "encoder": by, "chunks": usage["chunks"] })
    })
    .await;
}

async fn dataset_by(owner: &Client, name: &str, search: &str) -> String {
    let body = json!({ "name": name, "dtype": "embedded", "search": search });
    let made = owner.post("/datasets", &body).await.expect(201);
    made.body["id"].as_str().unwrap().to_owned()
}

async fn put(owner: &Client, dataset: &str, texts: &[(&str, &str)]) {
    let documents: Vec<Value> =
        texts.iter().map(|(id, text)| json!({ "document_id": id, "content": text })).collect();
    let path = format!("/datasets/{dataset}/documents?wait=true");
    owner.post(&path, &json!({ "documents": documents })).await.expect(200);
}

/// What a search answers.
async fn search(owner: &Client, dataset: &str, question: &str) -> Value {
    let body = json!({ "query": question, "similarity_threshold": 0.6, "explain": true });
    owner.post(&format!("/datasets/{dataset}/search"), &body).await.expect(200).body
}

const TEXTS: [(&str, &str); 3] = [
    ("a", "Penguins swim in cold water."),
    ("b", "Ostriches run through dry grass."),
    ("c", "Eagles soar above the mountains."),
];

#[tokio::test]
async fn q2_a_dataset_says_how_it_is_searched_and_what_cannot_be_is_refused() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let id = dataset_of(&owner, "notes", &TEXTS).await;
    let path = format!("/datasets/{id}");
    let made = owner.get(&path).await.expect(200);
    assert_eq!(made.body["search"], "words");
    assert_eq!(made.body.get("encoder"), None);
    for (change, pointer) in [
        (json!({ "search": "both" }), "/encoder"),
        (json!({ "search": "meaning", "encoder": "small" }), "/encoder"),
        (json!({ "encoder": "small" }), "/encoder"),
        (json!({ "search": "guesses" }), "/search"),
        (json!({ "search": "both", "encoder": "../small" }), "/encoder"),
    ] {
        let refused = owner.patch(&path, &change).await.expect_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{change}: {}", refused.text);
        let mut body = change.clone();
        body["name"] = "other".into();
        body["dtype"] = "embedded".into();
        let refused = owner.post("/datasets", &body).await.expect_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{body}: {}", refused.text);
    }
    let told = owner.patch(&path, &json!({ "search": "both" })).await;
    assert!(told.text.contains("operator"), "{}", told.text);
    let usage = owner.get(&format!("{path}/usage")).await.expect(200);
    assert_eq!(usage.body.get("vectors"), None);
    let found = search(&owner, &id, TEXTS[0].1).await;
    assert_eq!(found.get("encoded_share"), None, "words alone are all there is");
    assert_eq!(found["documents"][0]["explanation"]["words"]["place"], 1);
    assert_eq!(found["documents"][0]["explanation"]["meaning"], Value::Null);
    owner.patch(&path, &json!({ "search": "words" })).await.expect(200);
}

#[tokio::test]
async fn q2_an_encoder_that_is_installed_while_the_server_runs_finds_what_is_brought_and_nothing_that_is_removed()
 {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    install(space.home(), "small", 1);
    let id = dataset_by(&owner, "birds", "meaning").await;
    let made = owner.get(&format!("/datasets/{id}")).await.expect(200);
    assert_eq!((&made.body["search"], &made.body["encoder"]), (&json!("meaning"), &json!("small")));
    endpoint_on(&owner, &id, "birds").await;
    put(&owner, &id, &TEXTS).await;
    until_encoded(&owner, &id, "small").await;

    let found = search(&owner, &id, TEXTS[1].1).await;
    assert_eq!(found["encoded_share"], 1.0);
    let best = &found["documents"][0];
    assert_eq!(best["document_id"], "b");
    let why = &best["explanation"];
    assert_eq!((&why["words"], &why["meaning"]["place"]), (&Value::Null, &json!(1)), "{why}");
    assert!(why["meaning"]["cosine"].as_f64().unwrap() > 0.99, "{why}");
    let answer = owner.ask("birds", TEXTS[2].1).await.expect(200).body;
    assert_eq!(answer["references"]["provider_info"]["encoded_share"], 1.0);
    assert_eq!(answer["references"]["documents"][0]["document_id"], "c");
    assert_eq!(answer["references"]["documents"][0].get("explanation"), None, "that is its owner's to know");

    // After a removal nothing is found by it, and a kill changes nothing of that.
    owner.delete(&format!("/datasets/{id}/documents/b")).await.expect(204);
    let is_found = async |text: &str, document: &str| {
        let found = search(&owner, &id, text).await;
        found["documents"].as_array().unwrap().iter().any(|hit| hit["document_id"] == document)
    };
    assert!(!is_found(TEXTS[1].1, "b").await);
    space.server().kill();
    space.server().run_again().await;
    let owner = owner_again(&space).await;
    until_encoded(&owner, &id, "small").await;
    let is_found = async |text: &str, document: &str| {
        let found = search(&owner, &id, text).await;
        found["documents"].as_array().unwrap().iter().any(|hit| hit["document_id"] == document)
    };
    assert!(!is_found(TEXTS[1].1, "b").await && is_found(TEXTS[2].1, "c").await);

    // Another encoder takes the place of the first, and words that of both.
    install(space.home(), "other", 2);
    let path = format!("/datasets/{id}");
    owner.patch(&path, &json!({ "encoder": "other" })).await.expect(200);
    until_encoded(&owner, &id, "other").await;
    let folder = vectors_of(space.home(), &id);
    until("only its vectors are kept", async || {
        std::fs::read_dir(&folder).map(Iterator::count).unwrap_or_default() == 1
    })
    .await;
    owner.patch(&path, &json!({ "search": "words" })).await.expect(200);
    until("no vector is kept", async || {
        std::fs::read_dir(&folder).map(Iterator::count).unwrap_or_default() == 0
    })
    .await;
    let changes = owner.audit("&action=config_change").await;
    let reasons: Vec<&str> = changes.iter().filter_map(|event| event["reason_code"].as_str()).collect();
    assert!(reasons.starts_with(&["changed_search,changed_encoder", "changed_encoder"]), "{reasons:?}");
}

#[tokio::test]
async fn q2_without_its_encoder_a_dataset_of_both_is_found_by_words_and_one_of_meaning_says_so() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    install(space.home(), "small", 1);
    let (both, meaning) =
        (dataset_by(&owner, "both", "both").await, dataset_by(&owner, "meaning", "meaning").await);
    for dataset in [&both, &meaning] {
        put(&owner, dataset, &TEXTS).await;
        until_encoded(&owner, dataset, "small").await;
    }
    run(space.home(), &["encoder", "remove", "small"]).expect(0);
    let body = json!({ "query": "penguins swim" });
    until("the server sees that it is gone", async || {
        owner.post(&format!("/datasets/{meaning}/search"), &body).await.status == 503
    })
    .await;
    let refused = owner.post(&format!("/datasets/{meaning}/search"), &body).await;
    refused.expect_problem(503, "unavailable");
    let found = owner.post(&format!("/datasets/{both}/search"), &body).await.expect(200).body;
    assert_eq!((&found["encoded_share"], &found["documents"][0]["document_id"]), (&json!(0.0), &json!("a")));
}

#[tokio::test]
async fn q2_a_server_encodes_what_is_brought_and_one_that_does_not_answer_holds_up_neither_questions_nor_the_end()
 {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::with(&[("outbound_allow", "127.0.0.1")]).await;
    let owner = space.found("acme").await;
    let far = EmbeddingsServer::start();
    let add = ["encoder", "add", "far", "--url", &far.url, "--model", "m", "--dimension", "16"];
    let mut command = command(space.home(), &add);
    let added = command.env("SYFT_SPACE_OUTBOUND_ALLOW", "127.0.0.1").output().unwrap();
    assert!(added.status.success(), "{added:?}");
    let (both, meaning) =
        (dataset_by(&owner, "both", "both").await, dataset_by(&owner, "meaning", "meaning").await);
    for dataset in [&both, &meaning] {
        put(&owner, dataset, &TEXTS).await;
        until_encoded(&owner, dataset, "far").await;
    }
    let found = search(&owner, &meaning, TEXTS[1].1).await;
    assert_eq!(found["documents"][0]["document_id"], "b");

    far.is_silent.store(true, Ordering::SeqCst);
    put(&owner, &both, &[("d", "Robins sing at dawn.")]).await;
    let begun = Instant::now();
    for question in ["robins sing", "dawn", "sing at dawn"] {
        let body = json!({ "query": question });
        let answer = owner.post(&format!("/datasets/{both}/search"), &body).await.expect(200).body;
        assert_eq!(
            (&answer["documents"][0]["document_id"], &answer["encoded_share"]),
            (&json!("d"), &json!(0.0))
        );
    }
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "a silent server is waited for once, and not for long"
    );
    let begun = Instant::now();
    stop(&mut space);
    assert!(begun.elapsed() < Duration::from_secs(15), "the server ends though nobody answers it");
}

#[tokio::test]
async fn r1_damaged_vectors_are_made_anew_and_keep_neither_a_removal_nor_a_start_from_happening() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let mut owner = space.found("acme").await;
    install(space.home(), "small", 1);
    let id = dataset_by(&owner, "birds", "meaning").await;
    put(&owner, &id, &TEXTS).await;
    until_encoded(&owner, &id, "small").await;
    let folder = vectors_of(space.home(), &id);
    for damaged_is_first in ["a removal", "a question", "a start"] {
        stop(&mut space);
        let revision = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
        for file in std::fs::read_dir(revision).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "seg") {
                let mut bytes = std::fs::read(&path).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                std::fs::write(&path, bytes).unwrap();
            }
        }
        space.server().run_again().await;
        owner = owner_again(&space).await;
        if damaged_is_first == "a removal" {
            owner.delete(&format!("/datasets/{id}/documents/b")).await.expect(204);
        } else if damaged_is_first == "a question" {
            owner.post(&format!("/datasets/{id}/search"), &json!({ "query": TEXTS[0].1 })).await;
        }
        until("the vectors are there again", async || {
            let body = json!({ "query": TEXTS[0].1 });
            let answer = owner.post(&format!("/datasets/{id}/search"), &body).await;
            answer.body["documents"][0]["document_id"] == "a" && answer.body["encoded_share"] == 1.0
        })
        .await;
        let found = search(&owner, &id, TEXTS[1].1).await;
        let is_there = |hit: &Value| hit["document_id"] == "b";
        assert!(!found["documents"].as_array().unwrap().iter().any(is_there), "{damaged_is_first}: {found}");
    }
}

/// The owner, once the server runs again.
async fn owner_again(space: &TestSpace) -> Client {
    space.log_in("owner@acme.example", crate::space::PASSWORD).await
}

/// The folder of a dataset's vectors.
fn vectors_of(home: &Path, dataset: &str) -> std::path::PathBuf {
    let tenants = std::fs::read_dir(home.join("tenants")).unwrap();
    let folders = tenants.map(|tenant| tenant.unwrap().path().join("datasets").join(dataset).join("vectors"));
    folders.into_iter().next().unwrap()
}
