//! Why a write was refused for the sake of expectations, or these were not read or set.

use std::fmt;

use crate::endpoint::Slug;
use crate::expectation::verdict::Verdict;
use crate::expectation::{
    Expectation, ExpectedVerdict, MAX_EXPECTATIONS, MAX_EXPECTATIONS_PER_TENANT, MAX_VERDICT_STEPS,
};
use crate::identity::AuthorizationError;
use crate::policy::{HypotheticalCaller, Reason};
use crate::port_error::{PortError, port_errors};

/// An expectation that does not hold, or would not hold after a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenExpectation {
    pub(super) slug: Slug,
    pub(super) expectation: Expectation,
    pub(super) verdict: Verdict,
    /// Whether it does not hold as it is, and no write would change that.
    pub(super) is_so: bool,
}

/// A write was refused for the sake of expectations.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpectationRefusal {
    /// An expectation would be broken. Which one is told only to those who may read it.
    #[error(
        "{}", .0.as_ref().map_or_else(
            || "an expectation of an endpoint would be broken: whoever may write policies can see and change it".to_owned(),
            ToString::to_string,
        )
    )]
    Broken(Option<Box<BrokenExpectation>>),
    /// The policies of an endpoint that has expectations would take too long.
    #[error(
        "a verdict of the endpoint {0} would take {1} steps, and may take {MAX_VERDICT_STEPS} as long as it has expectations: use fewer \
         patterns that have a * in their midst"
    )]
    TooCostly(Slug, usize),
}

/// Expectations were not read or set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpectationError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such endpoint.
    #[error("there is no such endpoint")]
    NotFound,
    /// The endpoint has been changed since.
    #[error("the endpoint has been changed since; read it again")]
    Changed,
    /// Too many for one endpoint.
    #[error("an endpoint has at most {MAX_EXPECTATIONS} expectations")]
    TooMany,
    /// The tenant would have more than it may.
    #[error(
        "the tenant's endpoints would have {0} expectations, and may have {MAX_EXPECTATIONS_PER_TENANT} together"
    )]
    LimitReached(u64),
    /// One of them does not hold, or holding them would take too long.
    #[error(transparent)]
    Refused(#[from] ExpectationRefusal),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(ExpectationError);

/// Who is meant.
struct Named<'a>(&'a HypotheticalCaller);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            HypotheticalCaller::Address(email) => write!(f, "{email}"),
            HypotheticalCaller::HubUser { issuer, subject, role, email } => match email {
                Some(email) => write!(f, "{email} ({role} {subject:?} of {issuer})"),
                None => write!(f, "{role} {subject:?} of {issuer}"),
            },
        }
    }
}

impl fmt::Display for BrokenExpectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Expectation { caller, purpose, verdict: expected, .. } = &self.expectation;
        if self.is_so {
            write!(f, "it does not hold, so nothing was set: ")?;
        }
        write!(f, "the endpoint {} expects {} to be {expected}", self.slug, Named(caller))?;
        if let Some(purpose) = purpose {
            write!(f, " for {purpose}")?;
        }
        let Verdict { reason, decided_by, from_hub } = &self.verdict;
        if *reason == Reason::AddressUnknown {
            return write!(f, ", which hangs on their e-mail address: name it");
        }
        let found = match expected {
            ExpectedVerdict::Allowed => ExpectedVerdict::Denied,
            ExpectedVerdict::Denied => ExpectedVerdict::Allowed,
        };
        let verb = if self.is_so { "is" } else { "would be" };
        write!(f, ", who {verb} {found}")?;
        if *from_hub && matches!(caller, HypotheticalCaller::Address(_)) {
            write!(f, " as a user of a marketplace")?;
        }
        write!(f, " ({reason}")?;
        // Whatever a policy says, a draft, for one, lets nobody in.
        let by_policy = matches!(reason, Reason::AllowedByPolicy | Reason::DeniedByPolicy);
        if let Some((id, name, rule)) = decided_by.as_ref().filter(|_| by_policy) {
            write!(f, ", by the policy {name:?} ({id}): {rule}")?;
        }
        write!(f, ")")?;
        if self.is_so {
            write!(f, "; leave it out if it is not meant any more")
        } else {
            write!(f, "; change the expectation first if it is not meant any more")
        }
    }
}
