//! The hidden command `syft-space read-files`: the child process in which a server reads files.

use syft_space_domain::dataset::IngestQueue;
use syft_space_extract::{ProcessExtractor, ReaderLimits, ReaderProgram};

/// The name of the command.
const COMMAND_NAME: &str = "read-files";

/// Reads files from standard input until it ends.
pub(super) fn run() -> anyhow::Result<()> {
    Ok(syft_space_extract::serve()?)
}

/// Reads files by running this very program again, with that command: on Linux the one that runs, even where its
/// file was replaced meanwhile.
///
/// # Errors
/// When the program cannot be found.
pub fn extractor() -> std::io::Result<ProcessExtractor> {
    let path = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
    let program = ReaderProgram { path, arguments: vec![COMMAND_NAME.into()] };
    let defaults = ReaderLimits::default();
    // A tenant whose files take long must not have all readers either: each thread that works for one finds one.
    let processes = defaults.processes.max(IngestQueue::WORKER_THREADS);
    Ok(ProcessExtractor::new(program, ReaderLimits { processes, ..defaults }))
}
