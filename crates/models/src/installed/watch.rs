//! The watch over the folders of encoders: a thread that looks once a second whether anything has changed.
//!
//! What installs an encoder is another process, which may run while no server does, or as a server starts. So nobody has to
//! be told, and nobody can be forgotten.

use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use syft_space_domain::encoder::EncoderName;
use syft_space_home::EncoderFolders;

/// How often it looks.
const INTERVAL: Duration = Duration::from_secs(1);

/// What tells one state of the folders from another. An encoder is never changed in its place: one that is installed has a
/// folder of its own, and so another number.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen(Vec<(EncoderName, Option<FolderMark>)>);

#[derive(Debug, PartialEq, Eq)]
struct FolderMark {
    device: u64,
    inode: u64,
    /// Seconds and nanoseconds: a number is given again once its folder is gone.
    changed: (i64, i64),
}

impl Seen {
    /// The state as it is now; nothing where it cannot be seen.
    pub(super) fn of(folders: &EncoderFolders) -> Self {
        let mark = |name: EncoderName| {
            let metadata = std::fs::symlink_metadata(folders.folder(&name)).ok();
            let mark = metadata.map(|metadata| FolderMark {
                device: metadata.dev(),
                inode: metadata.ino(),
                changed: (metadata.ctime(), metadata.ctime_nsec()),
            });
            (name, mark)
        };
        Self(folders.names().unwrap_or_default().into_iter().map(mark).collect())
    }
}

/// The thread. It ends when this is dropped.
pub(super) struct Watch {
    ended: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Watch {
    /// Begins to look, again and again.
    pub(super) fn start(look: impl Fn() + Send + 'static) -> Self {
        let ended: Arc<(Mutex<bool>, Condvar)> = Arc::default();
        let told = Arc::clone(&ended);
        let work = move || {
            let (has_ended, told) = &*told;
            let mut guard = has_ended.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                let waited = told.wait_timeout_while(guard, INTERVAL, |has_ended| !*has_ended);
                guard = waited.unwrap_or_else(PoisonError::into_inner).0;
                if *guard {
                    return;
                }
                look();
            }
        };
        let thread = thread::Builder::new().name("encoders".to_owned()).spawn(work);
        if let Err(error) = &thread {
            tracing::warn!(%error, "encoders that are installed from now on are seen after a restart alone");
        }
        Self { ended, thread: thread.ok() }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let (has_ended, told) = &*self.ended;
        *has_ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        told.notify_all();
        if let Some(thread) = self.thread.take() {
            // Had it panicked, it would have ended too.
            let _ended = thread.join();
        }
    }
}
