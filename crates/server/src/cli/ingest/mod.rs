//! The command `syft-space ingest`: it brings the files of a folder into a dataset. Only what the dataset does not hold
//! yet is sent, so that running it again goes on where it was.

mod dataset;
mod form;
mod progress;
mod stored;
mod summary;
mod vectors;
mod walk;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use reqwest::Method;
use syft_space_domain::dataset::{ContentHash, DocumentId, FileName, Upload};

use crate::cli::api::ApiClient;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::output::Output;
use crate::routes::datasets::Dataset;
use crate::routes::jobs::{self, StartedJob};
use crate::system::SystemEntropy;
use form::MultipartForm;
use progress::{Progress, ProgressCounts};
use stored::Stored;
use summary::{FileReport, Summary};
pub(super) use walk::Folder;
use walk::FoundFile;

/// The bytes of files after which a request is sent.
const MAX_BATCH_BYTES: u64 = 8 * 1024 * 1024;
/// The number of files after which a request is sent.
const MAX_BATCH_FILES: usize = 250;
const _: () = assert!(MAX_BATCH_FILES <= Upload::MAX_FILES, "a request may not bring so many files");
/// The most jobs at once; the next request waits.
const MAX_CONCURRENT_JOBS: usize = 3;
/// How long to wait before the jobs are polled again.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// What to bring, and where.
#[derive(Args)]
pub(super) struct Ingest {
    /// The folder whose files are brought, with all folders in it; or one file
    #[arg(value_name = "PATH")]
    folder: PathBuf,
    /// The dataset's name, or its id
    #[arg(long, value_name = "NAME")]
    dataset: String,
    /// Make the dataset if there is none of that name
    #[arg(long)]
    create: bool,
    /// The language of the documents of a dataset that is made [default: english]
    #[arg(long, value_name = "LANGUAGE", requires = "create")]
    language: Option<String>,
    /// How a dataset that is made is searched: by words, meaning or both [default: words]
    #[arg(long, value_name = "MODE", requires = "create")]
    search: Option<String>,
    /// The encoder of a dataset that is made and searched by meaning [default: the only one that is installed]
    #[arg(long, value_name = "NAME", requires = "search")]
    encoder: Option<String>,
    /// Remove the documents that were made of files and are none of the folder any more
    #[arg(long)]
    prune: bool,
}

impl Ingest {
    /// All files of a folder, into a dataset that is there.
    pub(super) fn of_folder(folder: PathBuf, dataset: &str) -> Self {
        let dataset = dataset.to_owned();
        Self { folder, dataset, create: false, language: None, search: None, encoder: None, prune: false }
    }
}

/// Brings the files of a folder.
/// What is said where documents were to be removed whose files are gone, and a file failed.
const NOT_PRUNED: &str =
    "; nothing was pruned, for not all could be read or taken in: mend that, and run the same command again";

/// What is said where a folder without files would have all documents removed.
const NO_FILE_AT_ALL: &str = "there is no file in the folder, so all that was brought from it would be removed: is its disk there? If \
     all of it is to go, `documents remove` removes a document, and `datasets remove` a dataset";

pub(super) async fn run(api: &ApiClient, arguments: &Ingest, out: &mut Output) -> anyhow::Result<()> {
    let started = now();
    let folder = Folder::open(&arguments.folder).context("PATH")?;
    if arguments.prune && !folder.is_whole() {
        let message = "--prune is for a folder: beside one file each other document would be removed";
        return Err(CommandError::new(ExitStatus::Usage, message).into());
    }
    let dataset = dataset::find_or_create(api, arguments).await?;
    let searched = dataset.clone();
    let mut run = IngestRun::prepare(api, &folder, dataset).await?;
    if arguments.prune && run.summary.files == 0 && !run.gone.is_empty() {
        return Err(CommandError::new(ExitStatus::Refused, NO_FILE_AT_ALL).into());
    }
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
    let work = async {
        run.upload_changes(&stop).await?;
        if arguments.prune {
            run.prune(&stop).await?;
        }
        run.summary.encoded_chunks = vectors::wait(api, &searched, &run.progress, &stop).await?;
        anyhow::Ok(())
    };
    let ended = tokio::select! {
        ended = work => ended,
        () = interrupted_twice => {
            let message = "interrupted; jobs under way may go on, and what was taken in stays";
            return Err(CommandError::new(ExitStatus::Interrupted, message).into());
        }
    };
    run.progress.end();
    ended.context("not all files were brought; run the same command again to go on")?;
    run.summary.seconds = started.elapsed().as_secs_f64();
    run.summary.write(out)?;
    match run.summary {
        Summary { canceled: true, .. } => {
            let message = "interrupted: what was taken in stays; run the same command again to go on";
            Err(CommandError::new(ExitStatus::Interrupted, message).into())
        }
        Summary { failed: 0, .. } => Ok(()),
        Summary { failed, .. } => {
            let files = if failed == 1 { "file" } else { "files" };
            let pruned = if arguments.prune { NOT_PRUNED } else { "" };
            Err(CommandError::new(ExitStatus::Partial, format!("{failed} {files} failed{pruned}")).into())
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how long it took is for a person")]
fn now() -> Instant {
    Instant::now()
}

/// How a file that was sent differs from what the dataset held.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FileChange {
    New,
    Changed,
}

/// What is to be done with a file.
enum Next {
    Send(FileChange),
    /// Nothing.
    Stored,
    /// A document of another name has its content, which another file of this run may yet replace.
    Later,
}

/// An ingestion job of this run, and its latest state.
struct Job {
    files: BTreeMap<String, FileChange>,
    state: jobs::Job,
}

/// One run of the command.
struct IngestRun<'a> {
    api: &'a ApiClient,
    folder: &'a Folder,
    /// The path of the dataset.
    path: String,
    files: Vec<FoundFile>,
    /// The hash of each document that the dataset holds and that no file of this run replaces.
    known_hashes: HashMap<DocumentId, ContentHash>,
    /// The documents whose files the space would read better now.
    outdated: HashSet<DocumentId>,
    /// The documents that were made of files, of which none is in the folder.
    gone: HashSet<DocumentId>,
    jobs: Vec<Job>,
    /// The counts of files that needed no job, and of jobs that have ended.
    completed: ProgressCounts,
    progress: Progress,
    summary: Summary,
}

impl<'a> IngestRun<'a> {
    async fn prepare(api: &'a ApiClient, folder: &'a Folder, dataset: Dataset) -> anyhow::Result<Self> {
        let found = folder.walk();
        let path = format!("/api/v1/datasets/{}", dataset.id);
        let mut summary =
            Summary { dataset_id: dataset.id.to_string(), dataset: dataset.name, ..Summary::default() };
        let mut stored = stored::read(api, &path).await?;
        summary.skips = stored.skip(found.skipped);
        let Stored { known_hashes, outdated, of_files } = stored;
        let mut gone: HashSet<DocumentId> = of_files.into_keys().collect();
        for file in &found.files {
            gone.remove(&file.name.document_id());
        }
        summary.skipped = count(summary.skips.len());
        summary.files = count(found.files.len());
        for entry in found.failed {
            summary.fail(entry.name, entry.reason);
        }
        let bytes = found.files.iter().map(|file| file.bytes).sum();
        Ok(Self {
            api,
            folder,
            path,
            completed: ProgressCounts { files_total: summary.files, ..ProgressCounts::default() },
            files: found.files,
            known_hashes,
            outdated,
            gone,
            jobs: Vec::new(),
            progress: Progress::begin(bytes),
            summary,
        })
    }

    /// Sends what differs, and follows it to its end, or until it is told to stop.
    async fn upload_changes(&mut self, stop: &AtomicBool) -> anyhow::Result<()> {
        let files = std::mem::take(&mut self.files);
        let contents = self.known_contents();
        let later = self.upload(files, &contents, stop).await?;
        self.remove_renamed(&later, stop).await?;
        // The jobs of a dataset are worked off in their order, so these find replaced what was sent before.
        let contents = self.known_contents();
        for duplicate in self.upload(later, &contents, stop).await? {
            self.summary.duplicate += 1;
            self.record_file(duplicate.bytes);
        }
        while !self.jobs.is_empty() && !stop.load(Ordering::Relaxed) {
            self.poll_jobs(true).await?;
        }
        if stop.load(Ordering::Relaxed) {
            self.cancel().await;
        }
        Ok(())
    }

    /// The contents that the dataset holds and that no file of this run replaces, as far as that is known.
    fn known_contents(&self) -> HashSet<ContentHash> {
        self.known_hashes.values().copied().collect()
    }

    /// Sends those files that differ. Answers those of which that is to be seen when the others are sent.
    async fn upload(
        &mut self,
        files: Vec<FoundFile>,
        contents: &HashSet<ContentHash>,
        stop: &AtomicBool,
    ) -> anyhow::Result<Vec<FoundFile>> {
        let mut later = Vec::new();
        let mut form = MultipartForm::new(&SystemEntropy)?;
        let (mut sent, mut bytes) = (BTreeMap::new(), 0_u64);
        for file in files {
            // Ctrl-C is heard here, also where no file differs.
            tokio::task::yield_now().await;
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let content = match self.folder.read(&file.name) {
                Ok(content) => content,
                Err(error) => {
                    let is_stored = self.known_hashes.contains_key(&file.name.document_id());
                    let reason = summary::reason(format!("it cannot be read: {error}"), is_stored);
                    self.summary.fail(file.name.as_str(), reason);
                    self.record_file(file.bytes);
                    continue;
                }
            };
            let kind = match self.differs(&file.name, &content, contents) {
                Next::Send(kind) => kind,
                Next::Stored => {
                    self.record_file(file.bytes);
                    continue;
                }
                Next::Later => {
                    later.push(file);
                    continue;
                }
            };
            form.add(&file.name, &content);
            sent.insert(file.name.as_str().to_owned(), kind);
            bytes = bytes.saturating_add(count(content.len()));
            if bytes >= MAX_BATCH_BYTES || sent.len() >= MAX_BATCH_FILES {
                self.send(
                    std::mem::replace(&mut form, MultipartForm::new(&SystemEntropy)?),
                    std::mem::take(&mut sent),
                )
                .await?;
                bytes = 0;
            }
        }
        if !sent.is_empty() && !stop.load(Ordering::Relaxed) {
            self.send(form, sent).await?;
        }
        Ok(later)
    }

    /// How a file differs from what the dataset holds; counted, where it does not. A file under whose name another content
    /// is stored is always sent, so that no name keeps what its file does not say any more.
    fn differs(&mut self, name: &FileName, content: &[u8], contents: &HashSet<ContentHash>) -> Next {
        let (id, hash) = (name.document_id(), ContentHash::of_file(content));
        match self.known_hashes.get(&id) {
            Some(known) if *known == hash && !self.outdated.contains(&id) => {
                self.summary.unchanged += 1;
                Next::Stored
            }
            Some(_) => {
                self.known_hashes.remove(&id);
                Next::Send(FileChange::Changed)
            }
            None if contents.contains(&hash) => Next::Later,
            None => Next::Send(FileChange::New),
        }
    }

    /// Removes the documents of files that are gone from the folder, and whose content stands in it under another name: these
    /// are cited under their new name from now on.
    async fn remove_renamed(&mut self, later: &[FoundFile], stop: &AtomicBool) -> anyhow::Result<()> {
        // Beside one file, or where not all could be read, nothing is known to be gone.
        if !self.folder.is_whole() || self.summary.failed > 0 || self.gone.is_empty() {
            return Ok(());
        }
        let mut holders: HashMap<ContentHash, Vec<DocumentId>> = HashMap::new();
        for (id, hash) in &self.known_hashes {
            holders.entry(*hash).or_default().push(id.clone());
        }
        for file in later {
            tokio::task::yield_now().await;
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            // One that cannot be read any more is told of when it is to be sent.
            let Ok(content) = self.folder.read(&file.name) else { continue };
            let of_content = holders.remove(&ContentHash::of_file(&content)).unwrap_or_default();
            if of_content.iter().all(|id| self.gone.contains(id)) {
                for id in of_content {
                    self.gone.remove(&id);
                    self.known_hashes.remove(&id);
                    self.remove(&id).await?;
                }
            }
        }
        Ok(())
    }

    /// Removes a document whose file is gone.
    async fn remove(&mut self, id: &DocumentId) -> anyhow::Result<()> {
        let path = format!("{}/documents/{}", self.path, id.as_str());
        self.api.send(self.api.request(Method::DELETE, &path, &[])?).await?;
        self.summary.removed += 1;
        Ok(())
    }

    /// Removes the documents whose files are gone, unless a file failed.
    async fn prune(&mut self, stop: &AtomicBool) -> anyhow::Result<()> {
        if self.summary.canceled || self.gone.is_empty() {
            return Ok(());
        }
        // What lies in a folder that could not be read is not gone. Which files failed is told in the end.
        if self.summary.failed > 0 {
            return Ok(());
        }
        for id in std::mem::take(&mut self.gone) {
            if stop.load(Ordering::Relaxed) {
                self.summary.canceled = true;
                break;
            }
            self.remove(&id).await?;
        }
        Ok(())
    }

    /// Sends files, once there is room for another job.
    async fn send(&mut self, form: MultipartForm, files: BTreeMap<String, FileChange>) -> anyhow::Result<()> {
        while self.jobs.len() >= MAX_CONCURRENT_JOBS {
            self.poll_jobs(true).await?;
        }
        let (media_type, body) = form.finish();
        self.summary.bytes = self.summary.bytes.saturating_add(count(body.len()));
        let request = self.api.request(Method::POST, &format!("{}/documents", self.path), &[])?;
        let request = request.header(reqwest::header::CONTENT_TYPE, media_type).body(body);
        let StartedJob { job: state } = self.api.read(request).await?;
        self.jobs.push(Job { files, state });
        self.poll_jobs(false).await
    }

    /// Reads the state of each job, after a while if `wait` says so.
    async fn poll_jobs(&mut self, wait: bool) -> anyhow::Result<()> {
        if wait {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        for mut job in std::mem::take(&mut self.jobs) {
            job.state = self.api.get(&format!("{}/jobs/{}", self.path, job.state.id)).await?;
            if job.state.status.is_final() { self.record_end(&job) } else { self.jobs.push(job) }
        }
        self.show_progress();
        Ok(())
    }

    /// Counts a job that has ended.
    fn record_end(&mut self, job: &Job) {
        let state = &job.state;
        let mut left: HashMap<&str, FileChange> =
            job.files.iter().map(|(name, kind)| (&**name, *kind)).collect();
        for error in &state.errors {
            let file = error.file.as_deref();
            left.remove(file.unwrap_or_default());
            self.summary.failures.push(FileReport {
                file: file.unwrap_or("all files of one request").to_owned(),
                reason: error.message.clone(),
            });
        }
        let (unchanged, duplicate) = (state.documents_unchanged, state.documents_duplicate);
        let stored = state.documents_done.saturating_sub(unchanged.saturating_add(duplicate));
        let to_change = count(left.values().filter(|change| **change == FileChange::Changed).count());
        let changed = to_change.saturating_sub(unchanged).min(stored);
        self.summary.changed += changed;
        self.summary.new += stored - changed;
        self.summary.unchanged += unchanged;
        self.summary.duplicate += duplicate;
        self.summary.failed += state.documents_failed;
        self.summary.chunks += state.chunks;
        self.completed.add(state);
    }

    fn record_file(&mut self, bytes: u64) {
        self.completed.files += 1;
        self.completed.bytes += bytes;
        self.show_progress();
    }

    fn show_progress(&mut self) {
        let mut counts = self.completed;
        for job in &self.jobs {
            counts.add(&job.state);
        }
        self.progress.show(counts);
    }

    /// Stops what the space is working at for this run; what was stored stays.
    async fn cancel(&mut self) {
        self.summary.canceled = true;
        for mut job in std::mem::take(&mut self.jobs) {
            let path = format!("{}/jobs/{}", self.path, job.state.id);
            let stopped = async {
                // One that has ended meanwhile cannot be stopped; what became of it is read either way.
                let _may_have_ended =
                    self.api.send(self.api.request(Method::POST, &format!("{path}/cancel"), &[])?).await;
                self.api.get(&path).await
            };
            match stopped.await {
                Ok(state) => job.state = state,
                Err(error) => self.progress.line(&format!("the job {} may go on: {error:#}", job.state.id)),
            }
            self.record_end(&job);
        }
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
