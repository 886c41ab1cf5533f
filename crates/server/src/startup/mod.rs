//! The start of a server: from a home and its settings to a space, its listeners, its keys and its setup token.

pub(crate) mod audit_sinks;
pub mod control;
mod databases;
mod erasure_ledger;
mod keys;
mod ledger_mark;
mod open_files;
pub mod serve;
pub mod setup_token;
pub mod wiring;
