//! Detections: what many events of a log, or a single one, say that somebody should look at.
//!
//! They are made behind the log, from what is durable in it, and nobody waits for them. How far a log was looked at is kept in
//! the unit of work that records what was found: so nothing is passed over and nothing is told twice, whenever the process ends.

mod kinds;
mod look;
pub mod ports;

pub use kinds::{DetectionKind, DetectionTerms};
pub use look::{Detected, Round, detect};
