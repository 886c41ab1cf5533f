//! The threads that read, each on a connection of its own; each read in a transaction of its own: a snapshot.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use diesel::connection::SimpleConnection;
use diesel::{OptionalExtension, QueryDsl, QueryResult, RunQueryDsl, SqliteConnection};
use syft_space_domain::store::{ReadUnit, StoreError};

use crate::database;
use crate::error::store_error;
use crate::open_error::OpenError;
use crate::read_queue::{ReadLimits, ReadQueue};
use crate::schema::audit_logs;
use crate::session::Session;

type Queue = Arc<ReadQueue<Box<dyn ReadUnit>>>;

/// The threads, and the queue that they run.
pub(crate) struct Readers {
    queue: Queue,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Opens `count` connections, and starts a thread for each.
    pub(crate) fn start(path: &Path, count: usize, waiting: usize) -> Result<Self, OpenError> {
        let count = count.max(1);
        let limits = ReadLimits {
            waiting: waiting.max(1),
            waiting_per_flow: waiting.div_ceil(4).max(1),
            running_per_flow: count.div_ceil(2),
        };
        let mut readers = Self { queue: Arc::new(ReadQueue::new(limits)), threads: Vec::new() };
        for number in 0..count {
            let reader = Reader { path: path.to_owned(), connection: Some(connect(path)?) };
            let queue = Arc::clone(&readers.queue);
            let thread = thread::Builder::new().name(format!("store-read-{number}"));
            let thread = thread.spawn(move || reader.run(&queue));
            readers.threads.push(thread.map_err(|error| OpenError::io(path, &error))?);
        }
        Ok(readers)
    }

    /// Queues a read.
    pub(crate) fn submit(&self, read: Box<dyn ReadUnit>) {
        if let Err((read, error)) = self.queue.push(read.flow(), read) {
            answer(read, error);
        }
    }

    /// Ends what waits, and waits for what runs.
    pub(crate) fn close(&mut self) {
        for read in self.queue.close() {
            answer(read, StoreError::Closed);
        }
        // What a read holds may hold the last reference to the store. A thread cannot wait for itself.
        let current = thread::current().id();
        for thread in self.threads.drain(..).filter(|reader| reader.thread().id() != current) {
            if thread.join().is_err() {
                tracing::error!("a reader of the store panicked");
            }
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.close();
    }
}

/// Tells a read that it was not run.
fn answer(read: Box<dyn ReadUnit>, error: StoreError) {
    if catch_unwind(AssertUnwindSafe(|| read.run(Err(error)))).is_err() {
        tracing::error!("a read panicked when it was told that it is not run");
    }
}

fn connect(path: &Path) -> Result<SqliteConnection, OpenError> {
    let mut connection = database::connect(path)?;
    let set = database::make_read_only(&mut connection);
    set.map_err(|error| OpenError::database(path, &error))?;
    Ok(connection)
}

/// One thread's connection; `None` after a failure, until it is opened anew.
struct Reader {
    path: PathBuf,
    connection: Option<SqliteConnection>,
}

impl Reader {
    /// Runs reads until the queue is closed.
    fn run(mut self, queue: &Queue) {
        while queue.run_next(|read| self.read(read)) {}
    }

    fn read(&mut self, read: Box<dyn ReadUnit>) {
        let ran = catch_unwind(AssertUnwindSafe(|| {
            if !read.is_wanted() {
                return;
            }
            match self.begin() {
                Ok(connection) => read.run(Ok(&mut Session::new(connection))),
                Err(error) => read.run(Err(error)),
            }
            self.end();
        }));
        if ran.is_err() {
            tracing::error!("a read panicked");
            self.end();
        }
    }

    /// Takes a snapshot: what is committed now, and nothing later.
    fn begin(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            closed @ None => closed.insert(connect(&self.path)?),
        };
        let begun = connection.batch_execute("BEGIN").and_then(|()| take_snapshot(connection));
        begun.map_err(|error| store_error(&error))?;
        Ok(connection)
    }

    /// Lets go of the snapshot.
    fn end(&mut self) {
        if let Some(connection) = &mut self.connection
            && let Err(error) = connection.batch_execute("ROLLBACK")
        {
            tracing::warn!(%error, "a read could not be ended; its connection is opened anew");
            self.connection = None;
        }
    }
}

/// SQLite takes the snapshot with the first read, not when the transaction begins.
fn take_snapshot(connection: &mut SqliteConnection) -> QueryResult<()> {
    audit_logs::table.select(audit_logs::last_seq).limit(1).first::<i64>(connection).optional().map(drop)
}
