//! The extractor that reads each hostile file in a child process, which can reach nothing.

mod child;
mod confine;
mod protocol;
mod serve;
mod system_calls;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use syft_space_domain::dataset::ports::{ExtractError, TextExtractor};
use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused, ReaderVersion};

use self::child::{Reader, ReaderFailure};
pub use self::confine::confine_to_folder;
use self::protocol::ResourceLimits;
pub use self::serve::{serve, serve_with};

/// The command of the program that reads files: its `main` calls [`serve`].
#[derive(Debug, Clone)]
pub struct ReaderProgram {
    /// The program.
    pub path: PathBuf,
    /// Its arguments. Nothing of a file ever stands there.
    pub arguments: Vec<OsString>,
}

/// The limits of reading files.
#[derive(Debug, Clone, Copy)]
pub struct ReaderLimits {
    /// The most files that are read at once, each by a process of its own.
    pub processes: usize,
    /// The bytes of address space of a process.
    pub memory: u64,
    /// The time for reading a file, and for spawning a process.
    pub time: Duration,
    /// The most files that a process reads one after the other.
    pub files: u32,
}

impl Default for ReaderLimits {
    /// A process for each core but 4 at most, 1 GiB, 20 s, 256 files.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Self { processes: cores.min(4), memory: 1 << 30, time: Duration::from_secs(20), files: 256 }
    }
}

/// The largest file after which a process is reused: a larger one leaves its memory changed.
const MAX_FILE_BYTES_FOR_REUSE: usize = 4 * 1024 * 1024;

/// Reads files in child processes, a few at once.
///
/// A file that ends its reader, or makes it say nonsense, is [`FileRefused::TooHeavy`]; one that takes too long is
/// [`FileRefused::TooSlow`]. Either way the process is gone, and the next file is read by another. Readers stay for
/// many files, as beginning a process takes longer than reading a page; but one that has read a PDF, an e-mail or an archive, whose
/// formats are whole worlds, is not kept: what such a file might do to its reader, no other file meets.
pub struct ProcessExtractor {
    program: ReaderProgram,
    limits: ReaderLimits,
    state: Mutex<State>,
    /// Notified when a permit is given back.
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Reader>,
    busy: usize,
}

impl ProcessExtractor {
    /// An extractor. It spawns no process yet.
    #[must_use]
    pub fn new(program: ReaderProgram, limits: ReaderLimits) -> Self {
        Self { program, limits, state: Mutex::default(), freed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a permit to read. Each reader works for a bounded time, so the wait ends.
    fn acquire(&self) -> ReaderPermit<'_> {
        let mut state = self.lock();
        while state.busy >= self.limits.processes.max(1) {
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.busy = state.busy.saturating_add(1);
        ReaderPermit(self)
    }

    fn spawn(&self) -> Result<Reader, ExtractError> {
        // Twice the time of a file, as it is ended once it was busy for longer than that of one.
        let seconds = self.limits.time.as_secs().saturating_mul(2).saturating_add(2);
        let processor = u32::try_from(seconds).unwrap_or(u32::MAX);
        let resource_limits = ResourceLimits { memory: self.limits.memory, processor };
        Reader::spawn(&self.program, resource_limits, self.limits.time).map_err(ExtractError::Failed)
    }

    /// A reader that waits for a file, or a new one.
    fn reader(&self) -> Result<Reader, ExtractError> {
        loop {
            let idle = self.lock().idle.pop();
            match idle {
                Some(reader) if reader.is_ready() => return Ok(reader),
                Some(_) => {}
                None => return self.spawn(),
            }
        }
    }

    /// Whether a reader is kept for more files after this one.
    fn is_reusable(&self, reader: &Reader, format: FileFormat, length: usize) -> bool {
        let plain = !matches!(format, FileFormat::Pdf | FileFormat::Eml) && !crate::is_archive(format);
        plain
            && length <= MAX_FILE_BYTES_FOR_REUSE
            && reader.files < self.limits.files
            && reader.busy_time < self.limits.time
    }
}

impl TextExtractor for ProcessExtractor {
    fn version(&self, format: FileFormat) -> ReaderVersion {
        crate::version(format)
    }

    fn extract(&self, format: FileFormat, bytes: &[u8]) -> Result<ExtractedText, ExtractError> {
        crate::check_size(bytes)?;
        let _permit = self.acquire();
        let mut reader = self.reader()?;
        loop {
            match reader.read(format, bytes, self.limits.time) {
                Ok(outcome) => {
                    if self.is_reusable(&reader, format, bytes.len()) {
                        self.lock().idle.push(reader);
                    }
                    return Ok(outcome?);
                }
                Err(ReaderFailure::TimedOut) => {
                    return Err(FileRefused::TooSlow(self.limits.time.as_secs()).into());
                }
                Err(ReaderFailure::Failed) => {
                    let files = reader.files;
                    if reader.end() {
                        tracing::error!(
                            format = format.as_str(),
                            files,
                            "a reader of files made a system call that it may not make, and was ended: the last file that \
                             it read, or one before, may be an attack"
                        );
                    }
                    if files <= 1 {
                        return Err(FileRefused::TooHeavy.into());
                    }
                    // It may have been the files before: a new reader tells.
                    reader = self.spawn()?;
                }
            }
        }
    }

    fn lacking_walls(&self) -> Result<Vec<String>, ExtractError> {
        let _permit = self.acquire();
        let reader = self.reader()?;
        let lacking = reader.lacking.clone();
        self.lock().idle.push(reader);
        Ok(lacking)
    }
}

/// The permit of one reader at work.
struct ReaderPermit<'a>(&'a ProcessExtractor);

impl Drop for ReaderPermit<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.busy = state.busy.saturating_sub(1);
        drop(state);
        self.0.freed.notify_one();
    }
}
