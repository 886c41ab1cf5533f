//! What the adapter does with a real engine: Debian's `dockerd`, started anew for each test. `tools/docker/run` runs these.

mod conformance;
mod crowd;
mod dockerd;
mod isolation;
mod mending;
mod properties;
mod proxy;
mod resuming;
mod space;
