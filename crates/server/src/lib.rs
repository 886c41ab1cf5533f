//! The binary's parts, as a library so that a test harness can serve HTTP over other adapters.
//!
//! The binary only wires: [`wiring`] makes a [`syft_space_domain::Space`] from the adapters, [`serve`] and [`http`]
//! serve it, [`cli`] decides what is run.
#![forbid(unsafe_code)]

pub mod cli;
pub mod config;
pub mod control;
mod demo;
pub mod http;
mod hub_news;
mod keys;
mod routes;
pub mod serve;
pub mod setup_token;
pub mod system;
mod telemetry;
pub mod wiring;
pub mod workers;
