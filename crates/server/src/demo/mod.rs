//! The demonstration: its documents, its steps, and the home and the marketplace that it takes place in.

pub(crate) mod documents;
mod hub;
pub(crate) mod marketplace;
pub(crate) mod story;
pub(crate) mod temporary_home;

pub use hub::{DemoHub, DemoUser, StartHub};
