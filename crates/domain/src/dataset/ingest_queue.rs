//! The queue of background work: whose turn it is, and how far each job is at this moment.
//!
//! Datasets take turns, so that a long job holds up no other dataset; within a dataset files are taken in the order
//! in which they were brought, and one at a time works for it.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_channel::oneshot;

use crate::dataset::task::Task;
use crate::dataset::{Job, JobProgress, JobRate, JobSnapshot, JobStatus};
use crate::ids::{DatasetId, JobId};
use crate::tenant::TenantScope;
use crate::time::{Clock, Timestamp};

/// Over how long a job's pace is measured.
const RATE_WINDOW: Duration = Duration::from_secs(10);
/// How often it is noted for that.
const RATE_SAMPLE_INTERVAL: Duration = Duration::from_millis(200);
/// How long work that failed waits at most before it is tried again.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(60);

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
    queues: HashMap<DatasetId, DatasetQueue>,
    /// The datasets that have work and nobody at it, in the order of their turns.
    ready: VecDeque<DatasetId>,
    jobs: HashMap<JobId, RunningJob>,
    closed: bool,
}

/// What waits for one dataset.
struct DatasetQueue {
    scope: TenantScope,
    /// Jobs whose documents are stored: indexing them takes one step, and no order matters.
    stored: VecDeque<Task>,
    /// Jobs of files, in the order they were brought.
    files: VecDeque<Task>,
    busy: bool,
    /// After a failure.
    not_before: Option<Timestamp>,
    failures: u32,
}

/// A job as it is at this moment.
struct RunningJob {
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

impl IngestQueue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues work.
    pub(super) fn add(&self, scope: TenantScope, task: Task) {
        let mut state = self.state();
        let job = task.job().clone();
        let dataset = job.dataset;
        let live =
            RunningJob { job: job.clone(), noted: VecDeque::new(), stopped: false, watched_by: Vec::new() };
        state.jobs.insert(job.id, live);
        let queue = state.queues.entry(dataset).or_insert_with(|| DatasetQueue {
            scope,
            stored: VecDeque::new(),
            files: VecDeque::new(),
            busy: false,
            not_before: None,
            failures: 0,
        });
        queue.push(task, false);
        let was_idle = !queue.busy && queue.count() == 1;
        if was_idle {
            state.ready.push_back(dataset);
        }
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
            let now = clock.now();
            if let Some(turn) = state.take(now) {
                return Some(turn);
            }
            let wait = state.until_next(now);
            state = match wait {
                Some(wait) => {
                    let woken = self.0.changed.wait_timeout(state, wait);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Gives work back.
    pub(super) fn done(&self, dataset: DatasetId, outcome: Outcome, now: Timestamp) {
        let mut state = self.state();
        let Some(queue) = state.queues.get_mut(&dataset) else { return };
        queue.busy = false;
        match outcome {
            Outcome::More(task) => {
                queue.failures = 0;
                queue.push(task, true);
            }
            Outcome::Failed(task) => {
                queue.push(task, true);
                let wait = Duration::from_secs(1_u64 << queue.failures.min(6)).min(MAX_RETRY_DELAY);
                queue.failures = queue.failures.saturating_add(1);
                queue.not_before = Some(now.plus(wait));
            }
            Outcome::Ended => queue.failures = 0,
        }
        if queue.count() == 0 {
            state.queues.remove(&dataset);
        } else {
            state.ready.push_back(dataset);
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
        self.state().jobs.remove(&id);
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

impl State {
    fn take(&mut self, now: Timestamp) -> Option<Lease> {
        let due = |queue: &DatasetQueue| queue.not_before.is_none_or(|time| time <= now);
        let at = self.ready.iter().position(|id| self.queues.get(id).is_some_and(due))?;
        let dataset = self.ready.remove(at)?;
        let queue = self.queues.get_mut(&dataset)?;
        let task = queue.stored.pop_front().or_else(|| queue.files.pop_front())?;
        queue.busy = true;
        queue.not_before = None;
        Some(Lease { scope: queue.scope, dataset, task })
    }

    fn until_next(&self, now: Timestamp) -> Option<Duration> {
        let waiting = self.ready.iter().filter_map(|id| self.queues.get(id)?.not_before);
        waiting.min().map(|time| time.since(now))
    }
}

impl DatasetQueue {
    fn push(&mut self, task: Task, first: bool) {
        let tasks = if task.is_stored() { &mut self.stored } else { &mut self.files };
        if first { tasks.push_front(task) } else { tasks.push_back(task) }
    }

    fn count(&self) -> usize {
        self.stored.len().saturating_add(self.files.len())
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
