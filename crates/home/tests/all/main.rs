//! Tests of the home: what it refuses, what it never touches, and that what it makes is its user's alone.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests may panic, and say when they are skipped"
)]

mod encoders;
mod links;
mod owner;
mod private;
mod repair;
mod spool;
mod support;
