//! The thread that overwrites what deleted rows have left in `app.db`, when somebody asks for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use diesel::SqliteConnection;
use syft_space_domain::store::{OverwriteDone, StoreError};

use super::{Cleaned, Work, overwrite_remains};
use crate::database;
use crate::job::WriterJob;
use crate::open_error::OpenError;

/// The thread, and the channel by which it is asked.
pub(crate) struct Overwriter {
    requests: Sender<OverwriteDone>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Overwriter {
    /// Starts the thread, which waits until it is asked.
    pub(crate) fn start(path: &Path, writer: SyncSender<WriterJob>) -> Result<Self, OpenError> {
        let (requests, asked) = channel::<OverwriteDone>();
        let stop = Arc::<AtomicBool>::default();
        let cleaned = CleanedStore { path: path.to_owned(), stop: Arc::clone(&stop), writer };
        let thread = thread::Builder::new().name("store-overwrite".to_owned());
        let thread =
            thread.spawn(move || cleaned.answer_all(&asked)).map_err(|error| OpenError::io(path, &error))?;
        Ok(Self { requests, stop, thread })
    }

    /// Has it done, for all that is deleted by now.
    pub(crate) fn ask(&self, done: OverwriteDone) {
        if let Err(refused) = self.requests.send(done) {
            (refused.0)(Err(StoreError::Closed));
        }
    }

    /// Tells the thread to end. It does so when the writer has answered it.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread
    }
}

/// What the thread works with.
struct CleanedStore {
    path: PathBuf,
    stop: Arc<AtomicBool>,
    writer: SyncSender<WriterJob>,
}

impl CleanedStore {
    /// Cleans it once for all that ask before that begins, until nobody can ask any more.
    fn answer_all(&self, asked: &Receiver<OverwriteDone>) {
        while let Ok(first) = asked.recv() {
            let all: Vec<OverwriteDone> = std::iter::once(first).chain(asked.try_iter()).collect();
            let outcome = overwrite_remains(self);
            for done in all {
                done(outcome.clone());
            }
        }
    }
}

impl Cleaned for CleanedStore {
    fn path(&self) -> &Path {
        &self.path
    }

    fn reader(&self) -> Result<Option<SqliteConnection>, StoreError> {
        Ok(Some(database::connect(&self.path)?))
    }

    fn run(&self, work: Work) -> Result<bool, StoreError> {
        let (done, answer) = sync_channel(1);
        let job = WriterJob::Alone(Box::new(move |connection| {
            // This thread waits for it.
            drop(done.send(work(connection).map_err(StoreError::from)));
        }));
        self.writer.send(job).map_err(|_| StoreError::Closed)?;
        answer.recv().unwrap_or(Err(StoreError::Closed))
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}
