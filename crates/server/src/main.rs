//! The program that is deployed.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

/// Gives memory back to the system after a burst of requests, which the C library's does not (docs/proofs.md).
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    syft_space::cli::main(None)
}
