//! What the adapter does with a real engine: Debian's `dockerd`, started anew for each test. `tools/docker/run` runs these.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests and their helpers may panic"
)]

mod conformance;
mod crowd;
mod dockerd;
mod isolation;
mod mending;
mod properties;
mod proxy;
mod resuming;
mod space;
