//! `syft-space ingest`: the files of a folder, into a dataset. Only what the dataset does not hold yet is sent, so that
//! running it again goes on where it was.

mod form;
mod progress;
mod summary;
mod walk;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use syft_space_domain::dataset::{FileName, Upload};

use crate::cli::api::Api;
use crate::cli::exit::{Exit, Stop};
use crate::cli::lists::{look_up_dataset, word};
use crate::cli::out::Out;
use crate::system::SystemEntropy;
use form::Form;
use progress::{Far, Progress};
use summary::{NotIn, Summary};
use walk::{Folder, Found};

/// The bytes after which a request is sent.
const BATCH_BYTES: u64 = 8 * 1024 * 1024;
/// The files after which a request is sent.
const BATCH_FILES: usize = 250;
const _: () = assert!(BATCH_FILES <= Upload::MAX_FILES, "a request may not bring so many files");
/// How many requests are worked off at once; the next one waits.
const JOBS_MAX: usize = 3;
/// How often to ask how far a job is.
const PAUSE: Duration = Duration::from_millis(100);

/// What to bring, and where.
#[derive(Args)]
pub(super) struct Ingest {
    /// The folder whose files are brought, with all folders in it
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The dataset's name, or its id
    #[arg(long, value_name = "NAME")]
    dataset: String,
    /// Make the dataset if there is none of that name
    #[arg(long)]
    create: bool,
}

/// Brings the files of a folder.
pub(super) async fn run(api: &Api, wanted: &Ingest, out: &mut Out) -> anyhow::Result<()> {
    let begun = now();
    let folder = Folder::open(&wanted.folder)?;
    let dataset = dataset(api, wanted).await?;
    let mut run = Run::prepare(api, &folder, &dataset).await?;
    let stop = AtomicBool::new(false);
    // The first Ctrl-C lets a request under way end, so that its job is known and can be stopped; the second does not.
    let interrupted_twice = async {
        while tokio::signal::ctrl_c().await.is_ok() {
            if stop.swap(true, Ordering::Relaxed) {
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        ended = run.bring(&stop) => ended,
        () = interrupted_twice => {
            let message = "interrupted; jobs under way may go on, and what was taken in stays";
            return Err(Stop::new(Exit::Interrupted, message).into());
        }
    };
    run.progress.end();
    ended.context("not all files were brought; run the same command again to go on")?;
    run.summary.seconds = begun.elapsed().as_secs_f64();
    run.summary.write(out)?;
    match run.summary {
        Summary { canceled: true, .. } => {
            let message = "interrupted: what was taken in stays; run the same command again to go on";
            Err(Stop::new(Exit::Interrupted, message).into())
        }
        Summary { failed: 0, .. } => Ok(()),
        Summary { failed, .. } => Err(Stop::new(Exit::Partly, format!("{failed} files failed")).into()),
    }
}

#[expect(clippy::disallowed_methods, reason = "how long it took is for a person")]
fn now() -> Instant {
    Instant::now()
}

/// The dataset that is meant; made, where that is wanted.
async fn dataset(api: &Api, wanted: &Ingest) -> anyhow::Result<Value> {
    match look_up_dataset(api, &wanted.dataset).await? {
        Some(found) => Ok(found),
        None if wanted.create => {
            let body = json!({ "name": wanted.dataset, "dtype": "embedded" });
            api.send(api.request(Method::POST, "/api/v1/datasets", &[])?.json(&body)).await
        }
        None => {
            let message = format!("there is no dataset {:?}: --create makes it", wanted.dataset);
            Err(Stop::new(Exit::NotFound, message).into())
        }
    }
}

/// A file that was sent, and what it was before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    New,
    Changed,
}

/// What the space is working at.
struct Job {
    id: String,
    files: BTreeMap<String, Sent>,
    now: Value,
}

/// One run of the command.
struct Run<'a> {
    api: &'a Api,
    folder: &'a Folder,
    /// The path of the dataset.
    path: String,
    files: Vec<Found>,
    /// The hash of each document that the dataset holds.
    held: HashMap<String, String>,
    contents: HashSet<String>,
    jobs: Vec<Job>,
    /// What needed no job, or whose job has ended.
    settled: Far,
    progress: Progress,
    summary: Summary,
}

impl<'a> Run<'a> {
    async fn prepare(api: &'a Api, folder: &'a Folder, dataset: &Value) -> anyhow::Result<Self> {
        let below = folder.walk();
        let path = format!("/api/v1/datasets/{}", word(dataset, "id"));
        let mut summary =
            Summary { dataset_id: word(dataset, "id"), dataset: word(dataset, "name"), ..Summary::default() };
        let skips = below.skipped.into_iter().map(|one| NotIn { file: one.name, reason: one.reason });
        summary.skips = skips.collect();
        summary.skipped = count(summary.skips.len());
        summary.files = count(below.found.len());
        for one in below.failed {
            summary.fail(one.name, one.reason);
        }
        let (held, contents) = held(api, &path).await?;
        let bytes = below.found.iter().map(|file| file.bytes).sum();
        Ok(Self {
            api,
            folder,
            path,
            settled: Far { files_total: summary.files, ..Far::default() },
            files: below.found,
            held,
            contents,
            jobs: Vec::new(),
            progress: Progress::begin(bytes),
            summary,
        })
    }

    /// Sends what differs, and follows it to its end, or until it is told to stop.
    async fn bring(&mut self, stop: &AtomicBool) -> anyhow::Result<()> {
        let mut form = Form::new(&SystemEntropy)?;
        let (mut sent, mut bytes) = (BTreeMap::new(), 0_u64);
        for file in std::mem::take(&mut self.files) {
            // Ctrl-C is heard here, also where no file differs.
            tokio::task::yield_now().await;
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let content = match self.folder.read(&file.name) {
                Ok(content) => content,
                Err(error) => {
                    self.summary.fail(file.name.as_str(), format!("it cannot be read: {error}"));
                    self.settle(file.bytes);
                    continue;
                }
            };
            let Some(kind) = self.differs(&file.name, &content) else {
                self.settle(file.bytes);
                continue;
            };
            form.add(&file.name, &content);
            sent.insert(file.name.as_str().to_owned(), kind);
            bytes = bytes.saturating_add(count(content.len()));
            if bytes >= BATCH_BYTES || sent.len() >= BATCH_FILES {
                self.send(
                    std::mem::replace(&mut form, Form::new(&SystemEntropy)?),
                    std::mem::take(&mut sent),
                )
                .await?;
                bytes = 0;
            }
        }
        if !sent.is_empty() && !stop.load(Ordering::Relaxed) {
            self.send(form, sent).await?;
        }
        while !self.jobs.is_empty() && !stop.load(Ordering::Relaxed) {
            self.look(true).await?;
        }
        if stop.load(Ordering::Relaxed) {
            self.cancel().await;
        }
        Ok(())
    }

    /// How a file differs from what the dataset holds; `None`, and counted, where it does not.
    fn differs(&mut self, name: &FileName, content: &[u8]) -> Option<Sent> {
        let hash = hex::encode(Sha256::digest(content));
        match self.held.get(name.document_id().as_str()) {
            Some(known) if *known == hash => {
                self.summary.unchanged += 1;
                None
            }
            _ if self.contents.contains(&hash) => {
                self.summary.duplicate += 1;
                None
            }
            Some(_) => Some(Sent::Changed),
            None => Some(Sent::New),
        }
    }

    /// Sends files, once there is room for another job.
    async fn send(&mut self, form: Form, files: BTreeMap<String, Sent>) -> anyhow::Result<()> {
        while self.jobs.len() >= JOBS_MAX {
            self.look(true).await?;
        }
        let (media_type, body) = form.finish();
        self.summary.bytes = self.summary.bytes.saturating_add(count(body.len()));
        let request = self.api.request(Method::POST, &format!("{}/documents", self.path), &[])?;
        let request = request.header(reqwest::header::CONTENT_TYPE, media_type).body(body);
        let mut answer = self.api.send(request).await?;
        let now = answer.get_mut("job").map(Value::take).unwrap_or_default();
        self.jobs.push(Job { id: word(&now, "id"), files, now });
        self.look(false).await
    }

    /// Asks how far each job is, after a while where nothing else is to be done.
    async fn look(&mut self, wait: bool) -> anyhow::Result<()> {
        if wait {
            tokio::time::sleep(PAUSE).await;
        }
        for mut job in std::mem::take(&mut self.jobs) {
            job.now = self.api.get(&format!("{}/jobs/{}", self.path, job.id), &[]).await?;
            match &*word(&job.now, "status") {
                "queued" | "running" => self.jobs.push(job),
                _ => self.end(&job),
            }
        }
        self.show();
        Ok(())
    }

    /// Counts a job that has ended.
    fn end(&mut self, job: &Job) {
        let of = |key: &str| number(&job.now, key);
        let mut left: HashMap<&str, Sent> = job.files.iter().map(|(name, kind)| (&**name, *kind)).collect();
        for error in job.now.get("errors").and_then(Value::as_array).into_iter().flatten() {
            let (file, reason) = (word(error, "file"), word(error, "message"));
            left.remove(&*file);
            let file = if file.is_empty() { "all files of one request".to_owned() } else { file };
            self.summary.failures.push(NotIn { file, reason });
        }
        let (unchanged, duplicate) = (of("documents_unchanged"), of("documents_duplicate"));
        let stored = of("documents_done").saturating_sub(unchanged.saturating_add(duplicate));
        let to_change = count(left.values().filter(|one| **one == Sent::Changed).count());
        let changed = to_change.saturating_sub(unchanged).min(stored);
        self.summary.changed += changed;
        self.summary.new += stored - changed;
        self.summary.unchanged += unchanged;
        self.summary.duplicate += duplicate;
        self.summary.failed += of("documents_failed");
        self.summary.chunks += of("chunks");
        self.settled.files += of("documents_done") + of("documents_failed");
        self.settled.bytes += of("bytes_done");
        self.settled.chunks += of("chunks");
    }

    fn settle(&mut self, bytes: u64) {
        self.settled.files += 1;
        self.settled.bytes += bytes;
        self.show();
    }

    fn show(&mut self) {
        let mut far = self.settled;
        for job in &self.jobs {
            let of = |key: &str| number(&job.now, key);
            far.files += of("documents_done") + of("documents_failed");
            far.bytes += of("bytes_done");
            far.chunks += of("chunks");
        }
        self.progress.show(far);
    }

    /// Stops what the space is working at for this run; what was stored stays.
    async fn cancel(&mut self) {
        self.summary.canceled = true;
        for mut job in std::mem::take(&mut self.jobs) {
            let path = format!("{}/jobs/{}/cancel", self.path, job.id);
            let stopped = async {
                // One that has ended meanwhile cannot be stopped; what became of it is read either way.
                let _may_have_ended = self.api.send(self.api.request(Method::POST, &path, &[])?).await;
                self.api.get(&format!("{}/jobs/{}", self.path, job.id), &[]).await
            };
            match stopped.await {
                Ok(now) => job.now = now,
                Err(error) => self.progress.line(&format!("the job {} may go on: {error:#}", job.id)),
            }
            self.end(&job);
        }
    }
}

/// The hash of each document that a dataset holds, and of all their contents.
async fn held(api: &Api, path: &str) -> anyhow::Result<(HashMap<String, String>, HashSet<String>)> {
    let (mut held, mut contents, mut cursor) = (HashMap::new(), HashSet::new(), None::<String>);
    loop {
        let part = api.part(&format!("{path}/documents"), &[("limit", "100")], cursor.as_deref()).await?;
        for one in &part.items {
            let hash = word(one, "sha256");
            contents.insert(hash.clone());
            held.insert(word(one, "document_id"), hash);
        }
        cursor = part.next;
        if cursor.is_none() {
            return Ok((held, contents));
        }
    }
}

fn number(item: &Value, key: &str) -> u64 {
    item.get(key).and_then(Value::as_u64).unwrap_or(0)
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
