//! Expectations: sentences on who may query an endpoint, to which every change of who may is held.
//!
//! A write is refused that would break a sentence that held before it. [`decide`](crate::policy::PolicySet::decide) tells, as
//! it tells [`explain`](crate::policy::explain): nothing else decides here.

mod change;
mod error;
mod guard;
mod manage;
pub mod ports;
mod turns;
mod verdict;

pub(crate) use change::Change;
pub use error::{BrokenExpectation, ExpectationError, ExpectationRefusal};
pub(crate) use guard::Guard;
pub use manage::{CheckedExpectation, CheckedExpectations, expectations, set_expectations};
pub use turns::GuardTurns;

use crate::as_text::text_enum;
use crate::policy::{HypotheticalCaller, Purpose};

/// The most expectations of one endpoint.
pub const MAX_EXPECTATIONS: usize = 50;
/// The most expectations of all endpoints of a tenant together.
pub const MAX_EXPECTATIONS_PER_TENANT: u64 = 1_000;
/// The most steps ([`Rule::cost`](crate::policy::Rule::cost)) that a verdict takes at an endpoint that has expectations. The writer looks at
/// those of one endpoint at most itself, while others wait for it; a reader looks at more.
pub const MAX_VERDICT_STEPS: usize = 250;

text_enum! {
    /// What is to be decided.
    pub enum ExpectedVerdict {
        /// They may query.
        Allowed = "allowed",
        /// They may not: neither as a member nor as a user of a marketplace.
        Denied = "denied",
    }

    /// A text that is no expected verdict.
    #[error("a verdict is allowed or denied")]
    pub struct ExpectedVerdictError;
}

/// That somebody may query an endpoint, or may not.
///
/// Who may at all is meant, as an access review has it: limits, charges, approvals and the hours of a schedule have no bearing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Who. Of an address it is expected to be allowed that its member may query; to be denied, that nobody of that address may,
    /// from a marketplace neither.
    pub caller: HypotheticalCaller,
    /// For which purpose; without one, for any that the policies allow.
    pub purpose: Option<Purpose>,
    /// What is to be decided.
    pub verdict: ExpectedVerdict,
    /// Why, in its owner's words.
    pub note: String,
}
