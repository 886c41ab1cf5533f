//! The server's process may end while it encodes, while documents go, and while a dataset changes its encoder.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::{Value, json};

use super::{Client, Duration, TestSpace, in_memory, install, owner_again, search, until_encoded};
use crate::space::ledger::{prove, seed};

/// What the owner was told of a document: whether it is there with this text, or gone. `None` where no answer came.
type Told = BTreeMap<String, Option<String>>;

fn text(rng: &mut Rng, id: &str) -> String {
    let words = ["owl", "moon", "copper", "dance", "river", "stone", "amber", "field", "night", "song"];
    let mut text = format!("{id} {}", rng.u32(..));
    for _ in 0..rng.usize(3..40) {
        text.push(' ');
        text.push_str(words[rng.usize(..words.len())]);
    }
    text
}

/// Brings and removes documents until no answer comes any more. Of what got none both may be so.
async fn write(owner: Client, dataset: String, mut told: Told, seed: u64) -> Told {
    let mut rng = Rng::with_seed(seed);
    loop {
        let id = format!("d{}", rng.u8(..24));
        let documents = format!("/datasets/{dataset}/documents");
        let (request, text) = if rng.u8(..3) == 0 {
            (owner.request("DELETE", &format!("{documents}/{id}")), None)
        } else {
            let text = text(&mut rng, &id);
            let body = json!({ "documents": [{ "document_id": id, "content": text }] });
            (owner.request("POST", &format!("{documents}?wait=true")).json(&body), Some(text))
        };
        match owner.try_send(request).await {
            Ok(answer) if [200, 204, 404].contains(&answer.status) => told.insert(id, text),
            // Nobody knows which of both it is: it is asked for again after the start.
            _ => {
                told.remove(&id);
                return told;
            }
        };
    }
}

#[tokio::test]
async fn q2_r1_vectors_outlive_a_kill_at_any_moment_and_none_of_what_was_removed_is_found() {
    if in_memory() {
        return;
    }
    let rounds = prove("ROUNDS", 3);
    let mut rng = Rng::with_seed(seed());
    let mut space = TestSpace::start().await;
    let mut owner = space.found("acme").await;
    for (name, seed) in [("small", 1), ("other", 2)] {
        install(space.home(), name, seed);
    }
    let body = json!({ "name": "kept", "dtype": "embedded", "search": "meaning", "encoder": "small" });
    let dataset = owner.post("/datasets", &body).await.expect(201).body["id"].as_str().unwrap().to_owned();
    let mut told = Told::new();
    let (mut acknowledged, mut encoder) = (0, "small");
    for _ in 0..rounds {
        let writing = tokio::spawn(write(owner.clone(), dataset.clone(), told.clone(), rng.u64(..)));
        // The moment is what this is about.
        tokio::time::sleep(Duration::from_millis(rng.u64(50..=1_500))).await;
        if rng.bool() {
            let next = if encoder == "small" { "other" } else { "small" };
            owner.patch(&format!("/datasets/{dataset}"), &json!({ "encoder": next })).await.expect(200);
            encoder = next;
            tokio::time::sleep(Duration::from_millis(rng.u64(0..=200))).await;
        }
        space.server().kill();
        told = writing.await.unwrap();
        space.server().run_again().await;
        owner = owner_again(&space).await;
        // Before anything is encoded anew, what is gone is not found, and neither is an older text.
        check(&owner, &dataset, &mut told).await;
        until_encoded(&owner, &dataset, encoder).await;
        check(&owner, &dataset, &mut told).await;
        for (id, text) in told.iter().filter_map(|(id, text)| Some((id, text.as_ref()?))) {
            let found = search(&owner, &dataset, text).await;
            // Another may have the same words in another order, and lies as near.
            let is_it = |hit: &Value| hit["document_id"] == id.as_str() && hit["content"] == text.as_str();
            let hit = found["documents"].as_array().unwrap().iter().find(|hit| is_it(hit));
            let cosine = hit.and_then(|hit| hit["explanation"]["meaning"]["cosine"].as_f64());
            assert!(cosine.is_some_and(|cosine| cosine > 0.99), "{id} {text}: {found}");
            acknowledged += 1;
        }
    }
    println!("{rounds} kills, {acknowledged} documents found by their meaning after one");
    assert!(acknowledged > 0, "nothing was ever brought");
}

/// Holds what is found against what is there, and what is there against what was told.
async fn check(owner: &Client, dataset: &str, told: &mut Told) {
    let mut there = Told::new();
    for number in 0..24 {
        let id = format!("d{number}");
        let answer = owner.get(&format!("/datasets/{dataset}/documents/{id}")).await;
        let text = (answer.status == 200).then(|| answer.body["content"].as_str().unwrap().to_owned());
        if let Some(told) = told.get(&id) {
            assert_eq!(text, *told, "{id} is what its owner was told");
        }
        there.insert(id, text);
    }
    let body = json!({ "query": "owl moon copper river", "similarity_threshold": 0.0, "limit": 100 });
    let found = owner.post(&format!("/datasets/{dataset}/search"), &body).await.expect(200);
    for hit in found.body["documents"].as_array().unwrap() {
        let text = there[hit["document_id"].as_str().unwrap()].as_deref();
        assert_eq!(hit["content"].as_str(), text, "what is found is there");
    }
    *told = there;
}
