//! The demonstration: what is asked, and the story that is told of it.

pub(crate) mod documents;
pub(crate) mod market;
pub(crate) mod story;
