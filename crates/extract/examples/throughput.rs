//! How many files a second: `throughput FOLDER` reads the HTML pages of a folder in the process itself, and then by
//! child processes, on as many threads as there are cores.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it measures, and tells what it measured"
)]

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use syft_space_domain::dataset::FileFormat;
use syft_space_domain::dataset::ports::TextExtractor;
use syft_space_extract::{InProcessExtractor, ProcessExtractor, ReaderLimits, ReaderProgram};

/// What makes this program a reader.
const READ_COMMAND: &str = "read-files";
/// The most files.
const MAX_FILES: usize = 1_000;

fn main() -> std::io::Result<()> {
    let argument = std::env::args_os().nth(1).unwrap_or_default();
    if argument == READ_COMMAND {
        return syft_space_extract::serve();
    }
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(argument)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "html"));
    paths.sort();
    paths.truncate(MAX_FILES);
    let files: Vec<Vec<u8>> = paths.iter().map(std::fs::read).collect::<std::io::Result<_>>()?;
    let threads = std::thread::available_parallelism()?.get();
    let program = ReaderProgram { path: std::env::current_exe()?, arguments: vec![READ_COMMAND.into()] };
    let processes = ProcessExtractor::new(program, ReaderLimits::default());
    let ways: [(&str, &dyn TextExtractor); 2] =
        [("in the process", &InProcessExtractor), ("by child processes", &processes)];
    for (name, extractor) in ways {
        for threads in [1, threads] {
            let next = AtomicUsize::new(0);
            let (refused, bytes) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let begun = Instant::now();
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                            match extractor.extract(FileFormat::Html, file) {
                                Ok(extracted) => bytes.fetch_add(extracted.text.len(), Ordering::Relaxed),
                                Err(_) => refused.fetch_add(1, Ordering::Relaxed),
                            };
                        }
                    });
                }
            });
            let took = begun.elapsed();
            let (files, bytes) = (files.len(), bytes.into_inner());
            let refused = refused.into_inner();
            println!(
                "{files} files {name}, {threads} threads: {took:.2?}, {bytes} bytes of text, {refused} refused"
            );
        }
    }
    Ok(())
}
