//! The queue of background work: whose turn it is, and how far each job is at this moment.
//!
//! Tenants take turns, and within a tenant its datasets, so that a long job holds up nobody else (`ingest_turns.rs`). Documents
//! that are stored are indexed first; within a dataset files are taken in the order in which they were brought, and one
//! at a time works for it.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_channel::oneshot;

use crate::dataset::ingest_turns::{MAX_RUNNING_PER_TENANT, Turns, Work};
use crate::dataset::task::Task;
use crate::dataset::{Job, JobProgress, JobRate, JobSnapshot, JobStatus};
use crate::ids::{DatasetId, JobId, TenantId};
use crate::tenant::TenantScope;
use crate::time::{Clock, Timestamp};

/// Over how long a job's pace is measured.
const RATE_WINDOW: Duration = Duration::from_secs(10);
/// How often it is noted for that.
const RATE_SAMPLE_INTERVAL: Duration = Duration::from_millis(200);

/// The jobs that are worked off in the background. [`work_off`](super::work_off) does the work.
#[derive(Clone, Default)]
pub struct IngestQueue(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    turns: Turns<(TenantScope, Task)>,
    jobs: HashMap<JobId, RunningJob>,
    /// How much of each tenant's waits or is under way.
    load: HashMap<TenantId, Load>,
    /// Whether no work is given out for the moment.
    paused: bool,
    closed: bool,
}

/// How much of one tenant's waits or is under way.
#[derive(Clone, Copy, Default)]
struct Load {
    jobs: usize,
    files: usize,
}

/// A job as it is at this moment.
struct RunningJob {
    tenant: TenantId,
    /// How many files it brought.
    files: usize,
    job: Job,
    /// How many bytes were worked off when.
    noted: VecDeque<(Timestamp, u64)>,
    stopped: bool,
    watched_by: Vec<oneshot::Sender<()>>,
}

/// Some work for whoever asked for it.
pub(super) struct Lease {
    pub(super) scope: TenantScope,
    pub(super) dataset: DatasetId,
    pub(super) task: Task,
}

/// What became of some work.
pub(super) enum Outcome {
    /// There is more to do.
    More(Task),
    /// It failed, and is tried again after a while.
    Failed(Task),
    /// It is done, or not to be done any more.
    Ended,
}

/// Ends when a job has ended, or is not worked off any more.
pub struct JobWatch(oneshot::Receiver<()>);

impl Future for JobWatch {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(drop)
    }
}

impl Work for (TenantScope, Task) {
    fn is_short(&self) -> bool {
        self.1.is_stored()
    }
}

impl IngestQueue {
    /// How many threads may work jobs off, so that one tenant never has them all.
    pub const WORKER_THREADS: usize = MAX_RUNNING_PER_TENANT + 1;

    /// The most jobs of one tenant that wait or are under way; one more is refused.
    pub const MAX_JOBS_PER_TENANT: usize = 1_000;
    /// The most files in them, beyond which no job more is taken.
    pub const MAX_FILES_PER_TENANT: usize = 100_000;

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a tenant may bring one job more: what waits is held in memory, and others wait behind it.
    pub(super) fn has_room(&self, tenant: TenantId) -> bool {
        let load = self.state().load.get(&tenant).copied().unwrap_or_default();
        load.jobs < Self::MAX_JOBS_PER_TENANT && load.files < Self::MAX_FILES_PER_TENANT
    }

    /// Whether it gives out no work for the moment: then nothing is to be kept that can wait.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.state().paused
    }

    /// Gives out no more work for the moment, or goes on. What is under way goes on.
    pub fn set_paused(&self, paused: bool) {
        self.state().paused = paused;
        self.0.changed.notify_all();
    }

    /// Queues work.
    pub(super) fn add(&self, scope: TenantScope, task: Task) {
        let mut state = self.state();
        let job = task.job().clone();
        let dataset = job.dataset;
        let live = RunningJob {
            tenant: scope.tenant(),
            files: task.file_count(),
            job: job.clone(),
            noted: VecDeque::new(),
            stopped: false,
            watched_by: Vec::new(),
        };
        let load = state.load.entry(live.tenant).or_default();
        load.jobs = load.jobs.saturating_add(1);
        load.files = load.files.saturating_add(live.files);
        state.jobs.insert(job.id, live);
        state.turns.add(scope.tenant(), dataset, (scope, task));
        drop(state);
        self.0.changed.notify_one();
    }

    /// The next work, once there is some; `None` when the queue is closed. Blocks.
    pub(super) fn next(&self, clock: &dyn Clock) -> Option<Lease> {
        let mut state = self.state();
        loop {
            if state.closed {
                return None;
            }
            if state.paused {
                state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let now = clock.now();
            if let Some((_, dataset, (scope, task))) = state.turns.take(now) {
                return Some(Lease { scope, dataset, task });
            }
            state = match state.turns.until_next(now) {
                Some(wait) => {
                    let woken = self.0.changed.wait_timeout(state, wait);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Gives work back.
    pub(super) fn done(&self, scope: TenantScope, dataset: DatasetId, outcome: Outcome, now: Timestamp) {
        let mut state = self.state();
        let (turns, tenant) = (&mut state.turns, scope.tenant());
        match outcome {
            Outcome::More(task) => turns.done(tenant, dataset, Some((scope, task))),
            Outcome::Failed(task) => turns.failed(tenant, dataset, (scope, task), now),
            Outcome::Ended => turns.done(tenant, dataset, None),
        }
        drop(state);
        self.0.changed.notify_one();
    }

    /// Notes how far a job is.
    pub(super) fn note(&self, id: JobId, status: JobStatus, progress: &JobProgress, now: Timestamp) {
        if let Some(live) = self.state().jobs.get_mut(&id) {
            live.job.status = status;
            live.job.progress.clone_from(progress);
            live.note(now);
        }
    }

    /// Notes how many bytes of a running job are worked off.
    pub(super) fn note_bytes(&self, id: JobId, bytes_done: u64, now: Timestamp) {
        if let Some(live) = self.state().jobs.get_mut(&id) {
            live.job.status = JobStatus::Running;
            live.job.progress.bytes_done = bytes_done;
            live.note(now);
        }
    }

    /// Asks whoever works on a job to stop.
    pub(super) fn stop(&self, id: JobId) {
        if let Some(live) = self.state().jobs.get_mut(&id) {
            live.stopped = true;
        }
    }

    /// Takes back that a job was asked to stop.
    pub(super) fn go_on(&self, id: JobId) {
        if let Some(live) = self.state().jobs.get_mut(&id) {
            live.stopped = false;
        }
    }

    /// Asks whoever works on a dataset's jobs to stop.
    pub(super) fn stop_all(&self, dataset: DatasetId) {
        for live in self.state().jobs.values_mut().filter(|live| live.job.dataset == dataset) {
            live.stopped = true;
        }
    }

    /// Whether a job was asked to stop, or has ended.
    pub(super) fn is_stopped(&self, id: JobId) -> bool {
        self.state().jobs.get(&id).is_none_or(|live| live.stopped)
    }

    /// A job has ended, or is gone: whoever watches it is told.
    pub(super) fn ended(&self, id: JobId) {
        let mut state = self.state();
        let Some(RunningJob { tenant, files, .. }) = state.jobs.remove(&id) else { return };
        if let Some(load) = state.load.get_mut(&tenant) {
            load.jobs = load.jobs.saturating_sub(1);
            load.files = load.files.saturating_sub(files);
            if load.jobs == 0 {
                state.load.remove(&tenant);
            }
        }
    }

    /// Watches for the end of a job; `None` when it is not worked off here, or has ended.
    #[must_use]
    pub fn watch(&self, id: JobId) -> Option<JobWatch> {
        let mut state = self.state();
        if state.closed {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        state.jobs.get_mut(&id)?.watched_by.push(sender);
        Some(JobWatch(receiver))
    }

    /// A job as it is at this moment, which is ahead of what is stored of it.
    pub(super) fn now(&self, stored: Job, now: Timestamp) -> JobSnapshot {
        let state = self.state();
        match state.jobs.get(&stored.id) {
            Some(live) if !stored.status.is_final() => {
                JobSnapshot { job: live.job.clone(), rate: live.rate(now) }
            }
            _ => JobSnapshot { job: stored, rate: None },
        }
    }

    /// Gives out no more work, now or later, and tells whoever watches a job. What is left is worked off after the
    /// next start.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        for live in state.jobs.values_mut() {
            live.watched_by.clear();
        }
        drop(state);
        self.0.changed.notify_all();
    }
}

impl RunningJob {
    fn note(&mut self, now: Timestamp) {
        if self.noted.back().is_none_or(|(last, _)| now.since(*last) >= RATE_SAMPLE_INTERVAL) {
            self.noted.push_back((now, self.job.progress.bytes_done));
        }
        // One that is older than the window stays: the window begins somewhere.
        while self.noted.get(1).is_some_and(|(second, _)| now.since(*second) > RATE_WINDOW) {
            self.noted.pop_front();
        }
    }

    fn rate(&self, now: Timestamp) -> Option<JobRate> {
        if self.job.status != JobStatus::Running {
            return None;
        }
        let done = self.job.progress.bytes_done;
        let per_second = self.noted.front().map_or(0, |(since, before)| {
            let millis = u64::try_from(now.since(*since).as_millis()).unwrap_or(u64::MAX).max(1);
            done.saturating_sub(*before).saturating_mul(1_000) / millis
        });
        let left = self.job.bytes_total.saturating_sub(done);
        let seconds_left = (per_second > 0).then(|| left.div_ceil(per_second));
        Some(JobRate { bytes_per_second: per_second, seconds_left })
    }
}
