//! The store: the writer, the readers and the projector over one `app.db`.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use diesel::connection::SimpleConnection;
use syft_space_domain::store::{CommitHook, OverwriteDone, ReadUnit, Store, StoreError};
use syft_space_domain::unit::Unit;
use syft_space_home::{Home, HomeLock};

use crate::audit::projector::Projector;
use crate::job::WriterJob;
use crate::open::{open_app, prepare_home};
use crate::open_error::OpenError;
use crate::readers::Readers;
use crate::remains::Overwriter;
use crate::writer::Writer;

/// How a [`SqliteStore`] works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqliteOptions {
    /// How many reads can go on at once; more wait. One tenant's take half of them at most.
    pub readers: usize,
    /// How many reads may wait; one more is refused as [`StoreError::Busy`]. One tenant's may be a quarter of them.
    pub read_queue: usize,
    /// How many units of work may wait; one more is refused as [`StoreError::Busy`].
    pub queue: usize,
    /// How many units are written in one transaction at most.
    pub batch: usize,
    /// To how many pages of 4 KiB `app.db` may grow; beyond that writes answer [`StoreError::Full`].
    pub max_pages: Option<u32>,
    /// Whether the index by which the audit log is searched is brought up to date. Without, all that came since is
    /// found in the log itself, the more slowly the more it is.
    pub index_audit: bool,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { readers: 4, read_queue: 4096, queue: 4096, batch: 256, max_pages: None, index_audit: true }
    }
}

/// Everything but documents, in a home's `app.db`.
///
/// Dropping it ends the reads that wait, writes the units that are queued, moves the write-ahead log into the database, and lets go of the home.
pub struct SqliteStore {
    queue: Option<SyncSender<WriterJob>>,
    index: Option<Projector>,
    overwriter: Option<Overwriter>,
    writer: Option<JoinHandle<()>>,
    readers: Readers,
    // Last, so that nobody else opens the database before it is closed.
    lock: HomeLock,
}

impl SqliteStore {
    /// Prepares and locks the home, and opens its `app.db`. Tells `hook` of each commit.
    ///
    /// # Errors
    /// When the home is locked, of a later version or no home, or the database is foreign, damaged, newer or read-only.
    /// Both are then as they were.
    pub fn open(home: &Path, options: SqliteOptions, hook: Arc<dyn CommitHook>) -> Result<Self, OpenError> {
        Self::open_locked(prepare_home(home)?.lock()?, options, hook)
    }

    /// Opens the `app.db` of a home that is locked already. Tells `hook` of each commit.
    ///
    /// # Errors
    /// When the database is foreign, damaged, newer or read-only. It is then as it was.
    pub fn open_locked(
        lock: HomeLock,
        options: SqliteOptions,
        hook: Arc<dyn CommitHook>,
    ) -> Result<Self, OpenError> {
        let path = lock.home().app_db();
        let mut connection = open_app(lock.home())?;
        if let Some(pages) = options.max_pages {
            let limited = connection.batch_execute(&format!("PRAGMA max_page_count = {pages};"));
            limited.map_err(|error| OpenError::database(&path, &error))?;
        }
        let readers = Readers::start(&path, options.readers, options.read_queue)?;
        let (queue, units) = sync_channel(options.queue.max(1));
        let index = options.index_audit.then(|| Projector::start(&path, queue.clone())).transpose()?;
        let overwriter = Some(Overwriter::start(&path, queue.clone())?);
        let writer = Writer::new(connection, hook, options.batch, index.as_ref().map(Projector::signals));
        let thread = thread::Builder::new().name("store-writer".to_owned()).spawn(move || writer.run(&units));
        let writer = thread.map_err(|error| OpenError::io(&path, &error))?;
        Ok(Self { queue: Some(queue), index, overwriter, writer: Some(writer), readers, lock })
    }

    /// The home whose database this is.
    #[must_use]
    pub fn home(&self) -> &Home {
        self.lock.home()
    }
}

impl Store for SqliteStore {
    fn submit(&self, unit: Box<dyn Unit>) {
        match self.queue.as_ref().map(|queue| queue.try_send(WriterJob::Unit(unit))) {
            Some(Err(TrySendError::Full(WriterJob::Unit(unit)))) => unit.done(Err(StoreError::Busy)),
            Some(Err(TrySendError::Disconnected(WriterJob::Unit(unit)))) => {
                unit.done(Err(StoreError::Closed));
            }
            Some(Ok(()) | Err(_)) | None => {}
        }
    }

    fn submit_read(&self, read: Box<dyn ReadUnit>) {
        self.readers.submit(read);
    }

    fn submit_overwrite(&self, done: OverwriteDone) {
        match &self.overwriter {
            Some(overwriter) => overwriter.ask(done),
            None => done(Err(StoreError::Closed)),
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // A read that goes on would keep the write-ahead log from being emptied.
        self.readers.close();
        // Whoever is told of a commit may hold the last reference to the store. A thread cannot wait for itself, nor for
        // one that waits for it.
        let current = thread::current().id();
        let by_writer = self.writer.as_ref().is_some_and(|writer| writer.thread().id() == current);
        let index = self.index.take().map(Projector::stop).filter(|_| !by_writer);
        if index.is_some_and(|index| index.join().is_err()) {
            tracing::error!("the index of the audit log panicked");
        }
        let overwriter = self
            .overwriter
            .take()
            .map(Overwriter::stop)
            .filter(|thread| !by_writer && thread.thread().id() != current);
        if overwriter.is_some_and(|overwriter| overwriter.join().is_err()) {
            tracing::error!("the thread that overwrites what deleted rows have left panicked");
        }
        drop(self.queue.take());
        let writer = self.writer.take().filter(|_| !by_writer);
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the writer of the store panicked");
        }
    }
}
