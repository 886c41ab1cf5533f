//! Clients that bring files at random and remember what they were told, and whether the server holds to it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use super::Client;
use super::form::{bring, part};

/// What was acknowledged: a job, with the word that each of its files alone has; `None` for a file that is none.
pub struct AcknowledgedJob {
    dataset: String,
    job: String,
    files: BTreeMap<String, Option<String>>,
}

/// Brings forms until it is stopped, or the server is gone.
pub async fn write(
    owner: Client,
    dataset: String,
    name: String,
    mut rng: Rng,
    stop: Arc<AtomicBool>,
) -> Vec<AcknowledgedJob> {
    let mut taken = Vec::new();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let mut files = BTreeMap::new();
        let mut parts = Vec::new();
        for file in 0..rng.usize(3..45) {
            let word = format!("q{name}x{number}x{file}");
            let (ending, good) = match rng.u32(0..10) {
                0 => ("exe", false),
                1 => ("txt", false),
                2 => ("md", true),
                _ => ("txt", true),
            };
            let called = format!("{name}/{number}/{file}.{ending}");
            let mut content = format!("The file holds {word}. {}", "More of it. ".repeat(rng.usize(0..80)));
            if rng.bool() {
                content.push_str(&format!("{}, it ends.", rng.u64(..)));
            }
            if rng.u32(0..100) == 0 {
                // More than the spool keeps together with other files.
                content.push_str(&" And more of it.".repeat(20_000));
            }
            let mut content = content.into_bytes();
            if ending == "txt" && !good {
                content.extend_from_slice(b"\xff\xfe\xff");
            }
            parts.push(part(&called, &content));
            files.insert(called, good.then_some(word));
        }
        let wait = rng.u32(0..4) == 0;
        match owner.try_send(bring(&owner, &dataset, wait, &parts)).await {
            Ok(answer) => {
                let answer = answer.expect(if wait { 200 } else { 202 });
                let job = answer.body["job"]["id"].as_str().unwrap().to_owned();
                taken.push(AcknowledgedJob { dataset: dataset.clone(), job, files });
            }
            Err(_gone) => break,
        }
    }
    taken
}

async fn ended(owner: &Client, taken: &AcknowledgedJob) -> Value {
    let path = format!("/datasets/{}/jobs/{}", taken.dataset, taken.job);
    for _ in 0..6_000 {
        let job = owner.get(&path).await.expect(200).body;
        if !matches!(job["status"].as_str(), Some("queued" | "running")) {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the acknowledged job {} did not end", taken.job);
}

/// Waits until no job of a dataset goes on.
pub async fn all_ended(owner: &Client, dataset: &str) {
    let mut after = String::new();
    loop {
        let page = owner.get(&format!("/datasets/{dataset}/jobs?limit=100{after}")).await.expect(200).body;
        for job in page["items"].as_array().unwrap() {
            if !matches!(job["status"].as_str(), Some("succeeded" | "failed")) {
                let (dataset, job) = (dataset.to_owned(), job["id"].as_str().unwrap().to_owned());
                ended(owner, &AcknowledgedJob { dataset, job, files: BTreeMap::new() }).await;
            }
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => after = format!("&cursor={cursor}"),
            None => return,
        }
    }
}

/// Each file is found by its word, once, or told of, once. Answers how many files there were.
pub async fn check(owner: &Client, taken: &AcknowledgedJob) -> usize {
    let job = ended(owner, taken).await;
    let good = taken.files.values().flatten().count();
    let expected = if good == 0 { "failed" } else { "succeeded" };
    assert_eq!(job["status"], expected, "{job}");
    assert_eq!(job["documents_total"], taken.files.len(), "{job}");
    assert_eq!(job["documents_done"], good, "{job}");
    assert_eq!(job["documents_failed"], taken.files.len() - good, "{job}");
    assert_eq!(job["bytes_done"], job["bytes_total"], "{job}");
    let mut told: Vec<&str> =
        job["errors"].as_array().unwrap().iter().map(|error| error["file"].as_str().unwrap()).collect();
    told.sort_unstable();
    let wrong: Vec<&str> =
        taken.files.iter().filter(|(_, word)| word.is_none()).map(|(name, _)| &**name).collect();
    assert_eq!(told, wrong, "{job}");
    for (name, word) in taken.files.iter().filter_map(|(name, word)| Some((name, word.as_ref()?))) {
        let body = json!({ "query": word, "similarity_threshold": 0.0, "limit": 100 });
        let found = owner.post(&format!("/datasets/{}/search", taken.dataset), &body).await.expect(200);
        let sources: Vec<&Value> = found.body["documents"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|hit| hit["content"].as_str().unwrap().contains(&format!("{word}.")))
            .map(|hit| &hit["metadata"]["source"])
            .collect();
        assert_eq!(sources, [name], "what a search for {word} finds");
    }
    taken.files.len()
}

/// Waits until no spool holds anything: a form whose sender has gone is let go of once the server has seen that.
pub async fn spools_are_empty(home: &Path) {
    for _ in 0..1_000 {
        if left_in_spools(home).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a spool is left: {:?}", left_in_spools(home));
}

fn left_in_spools(folder: &Path) -> Vec<PathBuf> {
    // What a server that runs has just removed has nothing in it.
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let folders = entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir());
    let left = |path: PathBuf| {
        let is_of_a_spool = path.parent().is_some_and(|parent| parent.ends_with("spool"));
        if is_of_a_spool { vec![path] } else { left_in_spools(&path) }
    };
    folders.flat_map(left).collect()
}
