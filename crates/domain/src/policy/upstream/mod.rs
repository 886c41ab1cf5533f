//! Access policies of the Python Syft Space: what they mean there, what would be made of them here, and whose verdict
//! differs.

mod compare;
mod rules;
#[cfg(test)]
mod tests;
mod translate;

pub use compare::{UpstreamComparison, UpstreamDifference};
pub use rules::UpstreamAccess;
pub use translate::Translated;

#[cfg(test)]
mod parse_tests;
