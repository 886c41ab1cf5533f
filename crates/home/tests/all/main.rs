//! Tests of the home: what it refuses, what it never touches, and that what it makes is its user's alone.
#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

mod links;
mod owner;
mod private;
mod spool;
mod support;
