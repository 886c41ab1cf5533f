//! What the adapter does with a real engine: Debian's `dockerd` or Podman, started anew for each test, with our guard before it or
//! without. `tools/docker/run` runs these.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests and their helpers may panic"
)]

mod conformance;
mod crowd;
mod engine;
mod guard;
mod image;
mod isolation;
mod killed;
mod mending;
mod properties;
mod proxy;
mod resuming;
mod space;
