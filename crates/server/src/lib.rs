//! The parts of the binary, as a library so that a test harness can serve HTTP over other adapters.
//!
//! [`startup`] makes a [`syft_space_domain::Space`] from the adapters and serves it through [`http`]; [`cli`] is the
//! command line.
#![forbid(unsafe_code)]

mod audit_formats;
mod background;
pub mod cli;
pub mod config;
pub mod demo;
pub mod http;
mod routes;
pub mod startup;
pub mod system;
mod telemetry;
