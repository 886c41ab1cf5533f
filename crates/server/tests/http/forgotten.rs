//! Removal: what was removed is gone to the last byte, from databases, their logs and free pages, indexes and spools.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::space::form::bring_files;
use crate::space::{Client, TestSpace, dataset_of, in_memory};

/// A word that stands in every text that is to go.
const MARKER_WORD: &str = "zanzibarquokka";

/// The files below a folder that hold the word, in UTF-8 or UTF-16.
fn holders(folder: &Path) -> Vec<PathBuf> {
    let wide = |order: fn(u16) -> [u8; 2]| MARKER_WORD.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let forms = [MARKER_WORD.as_bytes().to_vec(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)];
    let mut found = Vec::new();
    let mut paths = vec![folder.to_owned()];
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let Ok(bytes) = fs::read(&path) else { continue };
        let holds = |form: &Vec<u8>| bytes.windows(form.len()).any(|part| part == form);
        if forms.iter().any(holds) {
            found.push(path);
        }
    }
    found
}

/// Texts with the word, no two alike, some of many pages.
fn marked(folder: &str, count: usize) -> Vec<(String, String)> {
    let text = |n: usize| {
        let line = format!("The {MARKER_WORD} of {folder} sleeps for the {n}th time.\n");
        line.repeat(if n.is_multiple_of(7) { 400 } else { 3 })
    };
    (0..count).map(|n| (format!("{folder}/{n}.txt"), text(n))).collect()
}

async fn ended(owner: &Client, dataset: &str, job: &Value) -> Value {
    let path = format!("/datasets/{dataset}/jobs/{}", job["id"].as_str().unwrap());
    for _ in 0..6_000 {
        let job = owner.get(&path).await.expect(200).body;
        if !matches!(job["status"].as_str(), Some("queued" | "running")) {
            return job;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the job did not end");
}

/// Puts texts in by every way there is. Returns while some are on their way.
async fn put_in(owner: &Client, dataset: &str) -> Value {
    let json = json!({ "documents": [
        { "document_id": "a", "content": format!("The {MARKER_WORD} sleeps.") },
        { "document_id": "b", "title": MARKER_WORD, "content": "A title.", "metadata": { "note": MARKER_WORD } },
    ]});
    owner.post(&format!("/datasets/{dataset}/documents?wait=true"), &json).await.expect(200);
    bring_files(owner, dataset, true, &marked("brought", 30)).await;
    let replaced =
        [("replaced.txt", format!("The {MARKER_WORD} was here.")), ("kept.txt", "It is not.".to_owned())];
    bring_files(owner, dataset, true, &replaced).await;
    bring_files(owner, dataset, true, &[("replaced.txt", "It is gone.")]).await;
    let utf16: Vec<u8> =
        format!("\u{feff}The {MARKER_WORD} is wide.").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let broken = [format!("{MARKER_WORD} ").as_bytes(), b"\xff\xfe\xff"].concat();
    let odd: [(&str, &[u8]); 4] = [
        ("wide.txt", &utf16),
        ("broken.txt", &broken),
        ("broken.json", MARKER_WORD.as_bytes()),
        ("tool.exe", MARKER_WORD.as_bytes()),
    ];
    let job = bring_files(owner, dataset, true, &odd).await;
    assert_eq!((&job["documents_done"], &job["documents_failed"]), (&json!(1), &json!(3)), "{job}");
    let canceled = bring_files(owner, dataset, false, &marked("canceled", 150)).await;
    let path = format!("/datasets/{dataset}/jobs/{}/cancel", canceled["id"].as_str().unwrap());
    let status = owner.post(&path, &Value::Null).await.status;
    assert!(matches!(status, 200 | 409), "canceled, or ended before");
    bring_files(owner, dataset, false, &marked("on its way", 150)).await
}

async fn ids(owner: &Client, dataset: &str) -> Vec<String> {
    let listed = owner.get(&format!("/datasets/{dataset}/documents?limit=100")).await.expect(200);
    let items = listed.body["items"].as_array().unwrap();
    items.iter().map(|document| document["document_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn g2_no_byte_of_a_removed_document_or_dataset_stays_in_the_home() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let emptied = dataset_of(&owner, "emptied", &[]).await;
    let removed = dataset_of(&owner, "removed", &[]).await;
    put_in(&owner, &removed).await;
    let job = put_in(&owner, &emptied).await;
    space.server().kill();
    space.server().run_again().await;
    let owner = space.anybody().with_token(owner.token());
    let holding = holders(space.home());
    let holds = |part: &str| holding.iter().any(|path| path.to_str().unwrap().contains(part));
    assert!(holds("documents.db") && holds("/index/"), "it was there to be found: {holding:?}");

    // One dataset goes while a job may be at it, of the other every document.
    owner.delete(&format!("/datasets/{removed}")).await.expect(204);
    ended(&owner, &emptied, &job).await;
    loop {
        let ids = ids(&owner, &emptied).await;
        if ids.is_empty() {
            break;
        }
        for id in ids {
            owner.delete(&format!("/datasets/{emptied}/documents/{id}")).await.expect(204);
        }
    }
    assert_eq!(holders(space.home()), Vec::<PathBuf>::new(), "while the server runs");
    space.server().kill();
    assert_eq!(holders(space.home()), Vec::<PathBuf>::new(), "and after it");
}
