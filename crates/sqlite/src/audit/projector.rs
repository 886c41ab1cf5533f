//! The thread that makes the audit index. It reads each block of events that is full and hands what the index will
//! hold of it to the writer, which stores it with the next commit.
//!
//! The blocks that are stored are the position: after a crash, or when the index was lost, the thread goes on behind the
//! last of them. It works on one block at a time, and on the logs in turn: no log waits for the whole of another.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use syft_space_domain::store::StoreError;

use crate::audit::block::{Block, EVENTS_PER_BLOCK, next_block};
use crate::audit::log_of_key;
use crate::audit::segment::{SegmentParts, next_full_segment};
use crate::codec::Key;
use crate::database;
use crate::error::Failed;
use crate::job::{IndexJob, IndexPart, ProjectorSignal, WriterJob};
use crate::open_error::OpenError;
use crate::schema::audit_logs;

/// The wait after a failure. It doubles with each further one.
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(1);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(60);

/// The thread that makes the index.
pub(crate) struct Projector {
    signals: Sender<ProjectorSignal>,
    thread: JoinHandle<()>,
}

struct Worker {
    connection: SqliteConnection,
    signals: Receiver<ProjectorSignal>,
    writer: SyncSender<WriterJob>,
    /// The logs that may have a full block, or 64 to be merged, which the index lacks.
    pending: VecDeque<Key>,
    /// The logs whose turn failed. They hold up no other: each is pending again after a wait of its own.
    failed: Vec<FailedLog>,
}

struct FailedLog {
    log: Key,
    delay: Duration,
    retry_at: Instant,
}

impl Projector {
    /// Starts the thread. It first indexes what the index lacks already.
    pub(crate) fn start(path: &Path, writer: SyncSender<WriterJob>) -> Result<Self, OpenError> {
        let mut connection = database::connect(path)?;
        let readable = database::make_read_only(&mut connection);
        let logs = readable.and_then(|()| {
            let full = audit_logs::table.filter(audit_logs::last_seq.ge(EVENTS_PER_BLOCK));
            full.select(audit_logs::log).load(&mut connection)
        });
        let pending: Vec<Key> = logs.map_err(|error| OpenError::database(path, &error))?;
        let (sender, signals) = channel();
        let worker = Worker { connection, signals, writer, pending: pending.into(), failed: Vec::new() };
        let thread = thread::Builder::new().name("store-index".to_owned()).spawn(move || worker.run());
        Ok(Self { signals: sender, thread: thread.map_err(|error| OpenError::io(path, &error))? })
    }

    /// The sender by which the writer tells which logs have filled a block.
    pub(crate) fn signals(&self) -> Sender<ProjectorSignal> {
        self.signals.clone()
    }

    /// Tells the thread to end. It does so when the writer has answered it.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        // An error says that it has ended already.
        drop(self.signals.send(ProjectorSignal::Stop));
        self.thread
    }
}

impl Worker {
    fn run(mut self) {
        while self.receive() {
            let Some(log) = self.pending.pop_front() else { continue };
            match self.index_next(log) {
                Ok(is_behind) => {
                    self.failed.retain(|failed| failed.log != log);
                    if is_behind {
                        self.pending.push_back(log);
                    }
                }
                Err(Failed(StoreError::Closed)) => return,
                Err(Failed(error)) => {
                    tracing::warn!(log = ?log_of_key(log), %error, "the index of an audit log could not follow; it is tried again");
                    self.set_aside(log);
                }
            }
        }
    }

    fn set_aside(&mut self, log: Key) {
        let now = monotonic_now();
        if let Some(failed) = self.failed.iter_mut().find(|failed| failed.log == log) {
            failed.delay = failed.delay.saturating_mul(2).min(MAX_RETRY_DELAY);
            failed.retry_at = now + failed.delay;
        } else {
            self.failed.push(FailedLog { log, delay: FIRST_RETRY_DELAY, retry_at: now + FIRST_RETRY_DELAY });
        }
    }

    /// Handles the signals there are, and waits for one, or for the time to try a log again, when no log is pending. `false` tells the
    /// thread to end.
    fn receive(&mut self) -> bool {
        if self.pending.is_empty() && !self.wait() {
            return false;
        }
        while let Ok(signal) = self.signals.try_recv() {
            if !self.handle(signal) {
                return false;
            }
        }
        let now = monotonic_now();
        for failed in self.failed.iter().filter(|failed| failed.retry_at <= now) {
            if !self.pending.contains(&failed.log) {
                self.pending.push_back(failed.log);
            }
        }
        true
    }

    fn wait(&mut self) -> bool {
        let Some(retry_at) = self.failed.iter().map(|failed| failed.retry_at).min() else {
            return self.signals.recv().is_ok_and(|signal| self.handle(signal));
        };
        match self.signals.recv_timeout(retry_at.saturating_duration_since(monotonic_now())) {
            Ok(signal) => self.handle(signal),
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => false,
        }
    }

    fn handle(&mut self, signal: ProjectorSignal) -> bool {
        match signal {
            ProjectorSignal::Stop => false,
            ProjectorSignal::Filled(logs) => {
                for log in logs {
                    let waits = self.failed.iter().any(|failed| failed.log == log);
                    if !waits && !self.pending.contains(&log) {
                        self.pending.push_back(log);
                    }
                }
                true
            }
        }
    }

    /// Indexes a log's next block if it is full, and else merges its next 64 if they are there. Answers whether there
    /// was anything to do.
    fn index_next(&mut self, log: Key) -> Result<bool, Failed> {
        let block = next_block(&mut self.connection, log)?;
        let row = audit_logs::table.find(log).select(audit_logs::last_seq);
        let last: Option<i64> = row.first(&mut self.connection).optional()?;
        if last.unwrap_or(0).div_euclid(EVENTS_PER_BLOCK) > block {
            let block = Block::build(&mut self.connection, log, block)?;
            self.save(IndexPart::Block(Box::new(block)))?;
            return Ok(true);
        }
        let Some(segment) = next_full_segment(&mut self.connection, log, block)? else { return Ok(false) };
        for parts in SegmentParts::build(&mut self.connection, log, segment)? {
            self.save(IndexPart::Segment(parts))?;
        }
        Ok(true)
    }

    /// Has the writer store a part of the index with its next commit, and waits for that.
    fn save(&self, part: IndexPart) -> Result<(), StoreError> {
        let (done, answer) = std::sync::mpsc::sync_channel(1);
        self.writer.send(WriterJob::Index(IndexJob { part, done })).map_err(|_| StoreError::Closed)?;
        answer.recv().unwrap_or(Err(StoreError::Closed))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a log waits is measured, and hangs on no time of day"
)]
fn monotonic_now() -> Instant {
    Instant::now()
}
