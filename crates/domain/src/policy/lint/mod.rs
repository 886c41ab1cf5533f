//! Looking at the access policies of an endpoint for patterns that do nothing, or more than anybody meant.

mod budget;
mod check;
mod cover;
mod finding;
mod glob;
mod grammar;
mod groups;
mod inclusion;
mod part;
mod patterns;
mod read;
mod sample;
#[cfg(test)]
mod tests;
mod width;

pub use check::{LintError, LintTarget, lint_policies};
pub use finding::{Lint, LintExample, LintFinding, LintedPolicy, Oddity, PatternPlace};
pub use patterns::{MAX_FINDINGS, lint};
pub use sample::Unmatched;
pub use width::Width;
