//! How does the index follow the logs? A thread reads each block of events that is full and hands what the index will
//! hold of it to the writer, which keeps it with the next commit.
//!
//! The blocks that are kept are the position: after a crash, or when the index was lost, the thread goes on behind the
//! last of them. It works on one block at a time, and on the logs in turn: no log waits for the whole of another.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use diesel::prelude::*;
use syft_space_domain::store::StoreError;

use crate::audit::block::{Block, EVENTS, next_block};
use crate::codec::Key;
use crate::database;
use crate::error::Failed;
use crate::open::OpenError;
use crate::schema::audit_logs;
use crate::writer::Job;

/// What the thread is told.
pub(crate) enum Signal {
    /// These logs have filled a block.
    Filled(Vec<Key>),
    /// The store is closed.
    Stop,
}

/// A block for the writer, which tells on the channel how it ended.
pub(crate) struct Keep {
    pub(crate) block: Box<Block>,
    pub(crate) kept: SyncSender<Result<(), StoreError>>,
}

/// How long the thread waits after a failure; twice as long after each further one.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// The thread that makes the index.
pub(crate) struct Projector {
    signals: Sender<Signal>,
    thread: JoinHandle<()>,
}

struct Worker {
    connection: SqliteConnection,
    signals: Receiver<Signal>,
    writer: SyncSender<Job>,
    /// The logs that may have a full block which the index lacks.
    behind: VecDeque<Key>,
}

impl Projector {
    /// Starts the thread. What the index lacks already, it makes up for first.
    pub(crate) fn start(path: &Path, writer: SyncSender<Job>) -> Result<Self, OpenError> {
        let mut connection = database::connect(path)?;
        let readable = database::for_reading(&mut connection);
        let logs = readable.and_then(|()| {
            let full = audit_logs::table.filter(audit_logs::last_seq.ge(EVENTS));
            full.select(audit_logs::log).load(&mut connection)
        });
        let behind: Vec<Key> = logs.map_err(|error| OpenError::database(path, &error))?;
        let (tell, signals) = channel();
        let worker = Worker { connection, signals, writer, behind: behind.into() };
        let thread = thread::Builder::new().name("store-index".to_owned()).spawn(move || worker.run());
        Ok(Self { signals: tell, thread: thread.map_err(|error| OpenError::io(path, &error))? })
    }

    /// Where the writer tells which logs have filled a block.
    pub(crate) fn signals(&self) -> Sender<Signal> {
        self.signals.clone()
    }

    /// Tells the thread to end. It does so when the writer has answered it.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        // An error says that it has ended already.
        drop(self.signals.send(Signal::Stop));
        self.thread
    }
}

impl Worker {
    fn run(mut self) {
        let mut pause = PAUSE;
        while self.listen() {
            let Some(log) = self.behind.pop_front() else { continue };
            match self.one_block(log) {
                Ok(true) => {
                    self.behind.push_back(log);
                    pause = PAUSE;
                }
                Ok(false) => {}
                Err(Failed(StoreError::Closed)) => return,
                Err(Failed(error)) => {
                    tracing::warn!(%error, "the index of the audit log could not follow; it is tried again");
                    self.behind.push_back(log);
                    if !self.listen_for(pause) {
                        return;
                    }
                    pause = pause.saturating_mul(2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// Hears what there is to hear, and waits for it when there is nothing to do. `false` tells that it is over.
    fn listen(&mut self) -> bool {
        if self.behind.is_empty() {
            let Ok(signal) = self.signals.recv() else { return false };
            if !self.hear(signal) {
                return false;
            }
        }
        while let Ok(signal) = self.signals.try_recv() {
            if !self.hear(signal) {
                return false;
            }
        }
        true
    }

    /// Waits this long, or until it is over.
    fn listen_for(&mut self, pause: Duration) -> bool {
        match self.signals.recv_timeout(pause) {
            Ok(signal) => self.hear(signal),
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => false,
        }
    }

    fn hear(&mut self, signal: Signal) -> bool {
        match signal {
            Signal::Stop => false,
            Signal::Filled(logs) => {
                for log in logs {
                    if !self.behind.contains(&log) {
                        self.behind.push_back(log);
                    }
                }
                true
            }
        }
    }

    /// Brings a log's next block into the index, if it is full; whether it was.
    fn one_block(&mut self, log: Key) -> Result<bool, Failed> {
        let block = next_block(&mut self.connection, log)?;
        let of = audit_logs::table.find(log).select(audit_logs::last_seq);
        let last: Option<i64> = of.first(&mut self.connection).optional()?;
        if last.unwrap_or(0).div_euclid(EVENTS) <= block {
            return Ok(false);
        }
        let block = Box::new(Block::make(&mut self.connection, log, block)?);
        let (kept, answer) = std::sync::mpsc::sync_channel(1);
        let sent = self.writer.send(Job::Keep(Keep { block, kept }));
        sent.map_err(|_| StoreError::Closed)?;
        answer.recv().unwrap_or(Err(StoreError::Closed))?;
        Ok(true)
    }
}
