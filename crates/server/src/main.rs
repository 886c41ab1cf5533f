//! The program that is deployed.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    syft_space::cli::main(None)
}
