//! What must be done for a decision to hold: something is taken or held before the work, and settled or released after.

use std::sync::Arc;
use std::time::Duration;

use crate::Pending;
use crate::time::Timestamp;

/// What a rule demands for a query that it lets in, such as one call of a limit or an amount of an account. The rule's
/// type brings the port that performs it.
pub trait Obligation: Send + Sync {
    /// Whether it could be performed now, and how its limit stands then, if it is one. Changes nothing.
    ///
    /// # Errors
    /// When there is not enough left, or nobody can tell.
    fn look(&self, now: Timestamp) -> Result<Option<LimitStatus>, ObligationError>;

    /// Performs it.
    ///
    /// # Errors
    /// When there is not enough left, or nobody can tell; then nothing was taken.
    fn perform(&self, now: Timestamp) -> Pending<'_, Result<Box<dyn Hold>, ObligationError>>;
}

/// What was taken or held for a query. One of both methods that end it does. Neither may block or panic: a release also happens
/// where a query is cut off, or something else panicked.
pub trait Hold: Send {
    /// How the limit stands that it was taken from, if it is one.
    fn status(&self) -> Option<LimitStatus> {
        None
    }

    /// The query was answered.
    fn settle(self: Box<Self>);

    /// It was not.
    fn release(self: Box<Self>, why: Release);
}

/// Why what was taken or held for a query is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Release {
    /// A policy refused the query, or the caller may not make it any more.
    Refused,
    /// It could not be answered, and that is not the caller's fault.
    Failed,
    /// Whoever asked was gone before the answer.
    #[default]
    Canceled,
}

/// How a limit stands for a caller. The caller is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitStatus {
    /// What tells it from others, for a program: printable ASCII, and nothing of the owner's words.
    pub name: Arc<str>,
    /// How much there is of it in a window, when it is whole.
    pub quota: u64,
    /// How long a window is.
    pub window: Duration,
    /// How much is left now.
    pub remaining: u64,
    /// When more is left, if nothing is taken until then.
    pub reset: Duration,
}

/// An obligation cannot be performed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObligationError {
    /// There is not enough left of a limit or an amount.
    Shortfall(Shortfall),
    /// How much is left cannot be read, so nobody is let in.
    Unavailable,
}

/// There is not enough left of a limit or an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// Which limit, as the owner wrote it. The owner is shown it, and nobody else.
    pub rule: Arc<str>,
    /// In how long there is enough, if that hangs on time alone and nothing is taken until then.
    pub retry_after: Option<Duration>,
    /// How the limit stands, if it is one.
    pub status: Option<LimitStatus>,
}

/// Everything that was taken or held for one query. Whatever has not been settled is released when this is dropped,
/// however that comes.
#[derive(Default)]
#[must_use = "what was held is released when this is dropped"]
pub struct Obligations {
    held: Vec<Box<dyn Hold>>,
    why: Release,
}

impl Obligations {
    pub(super) fn add(&mut self, hold: Box<dyn Hold>) {
        self.held.push(hold);
    }

    /// The query was answered.
    pub fn settle(mut self) {
        for hold in std::mem::take(&mut self.held) {
            hold.settle();
        }
    }

    /// The query was not answered.
    pub fn release(mut self, why: Release) {
        self.why = why;
    }
}

impl Drop for Obligations {
    fn drop(&mut self) {
        let why = if std::thread::panicking() { Release::Failed } else { self.why };
        for hold in std::mem::take(&mut self.held) {
            hold.release(why);
        }
    }
}
