//! The demonstration: its documents, and its steps.

pub(crate) mod documents;
pub(crate) mod marketplace;
pub(crate) mod story;
