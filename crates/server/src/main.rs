//! The binary: it runs the command line, and reports the error of a command that fails.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    // Whatever any library makes in the home is the owner's alone.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    match syft_space::cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => syft_space::cli::report(&error),
    }
}
