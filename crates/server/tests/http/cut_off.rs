//! The server's process may end at any moment while files are taken in: each file of an acknowledged job becomes a
//! document or is told of, once, and nothing half-made stays.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::space::form::{bring, part};
use crate::space::ledger::{check_home, prove, seed};
use crate::space::{Client, PASSWORD, TestSpace, dataset_of, in_memory};

/// What was acknowledged: a job, with the word that each of its files alone has; `None` for a file that is none.
struct Taken {
    dataset: String,
    job: String,
    files: BTreeMap<String, Option<String>>,
}

/// Brings forms until the server is gone.
async fn write(
    owner: Client,
    dataset: String,
    name: String,
    mut rng: Rng,
    stop: Arc<AtomicBool>,
) -> Vec<Taken> {
    let mut taken = Vec::new();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let mut files = BTreeMap::new();
        let mut parts = Vec::new();
        for file in 0..rng.usize(3..30) {
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
                taken.push(Taken { dataset: dataset.clone(), job, files });
            }
            Err(_gone) => break,
        }
    }
    taken
}

async fn ended(owner: &Client, taken: &Taken) -> Value {
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
async fn all_ended(owner: &Client, dataset: &str) {
    let mut after = String::new();
    loop {
        let page = owner.get(&format!("/datasets/{dataset}/jobs?limit=100{after}")).await.expect(200).body;
        for job in page["items"].as_array().unwrap() {
            if !matches!(job["status"].as_str(), Some("succeeded" | "failed")) {
                let (dataset, job) = (dataset.to_owned(), job["id"].as_str().unwrap().to_owned());
                ended(owner, &Taken { dataset, job, files: BTreeMap::new() }).await;
            }
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => after = format!("&cursor={cursor}"),
            None => return,
        }
    }
}

/// Each file is found by its word, once, or told of, once.
async fn check(owner: &Client, taken: &Taken) -> usize {
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

/// The processes that a process has started.
fn children(of: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| parent(*pid) == Some(of)).collect()
}

/// The parent of a process that is alive.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit(')').next()?.split_whitespace();
    let state = fields.next()?;
    (state != "Z").then(|| fields.next()?.parse().ok())?
}

async fn are_gone(pids: Vec<u32>) {
    for _ in 0..1_000 {
        if pids.iter().all(|pid| parent(*pid).is_none()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("readers of files outlived their server");
}

/// No spool holds anything.
fn check_spools(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if !entry.file_type().unwrap().is_dir() {
            continue;
        }
        if entry.file_name() == "spool" {
            let left: Vec<_> = fs::read_dir(entry.path()).unwrap().map(|one| one.unwrap().path()).collect();
            assert!(left.is_empty(), "a spool is left: {left:?}");
        } else {
            check_spools(&entry.path());
        }
    }
}

#[tokio::test]
async fn i1_u1_files_that_were_taken_in_outlive_a_kill_at_any_moment() {
    if in_memory() {
        return;
    }
    let rounds = prove("ROUNDS", 3);
    let mut rng = Rng::with_seed(seed());
    let mut space = TestSpace::start().await;
    let owner = space.found("ledger").await;
    let mut datasets = Vec::new();
    for number in 0..3 {
        datasets.push(dataset_of(&owner, &format!("files {number}"), &[]).await);
    }
    let (mut jobs, mut files, mut cut) = (0, 0, 0);
    for round in 0..rounds {
        let owner = space.log_in("owner@ledger.example", PASSWORD).await;
        let stop = Arc::new(AtomicBool::new(false));
        let mut writing = tokio::task::JoinSet::new();
        for writer in 0..4 {
            let dataset = datasets[writer % datasets.len()].clone();
            let name = format!("r{round}w{writer}");
            writing.spawn(write(owner.clone(), dataset, name, rng.fork(), Arc::clone(&stop)));
        }
        // The moment is what this is about.
        tokio::time::sleep(Duration::from_millis(rng.u64(50..=1_500))).await;
        let readers = children(space.server().pid());
        space.server().kill();
        stop.store(true, Ordering::Relaxed);
        let taken: Vec<Taken> = writing.join_all().await.into_iter().flatten().collect();
        are_gone(readers).await;
        space.server().run_again().await;
        let again = space.anybody().with_token(owner.token());
        cut += u64::from(!taken.is_empty());
        for one in &taken {
            jobs += 1;
            files += check(&again, one).await;
        }
        // What nobody was told of may go on as well.
        for dataset in &datasets {
            all_ended(&again, dataset).await;
        }
        check_spools(space.home());
        check_home(&again, space.home()).await;
    }
    println!("{rounds} kills, {jobs} jobs of {files} files acknowledged, {cut} rounds under load");
    assert!(jobs > 0 && cut > 0, "it was not killed under load");
}
