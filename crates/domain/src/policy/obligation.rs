//! What must be done for a decision to hold: something is taken or held before the work, and settled or released after.

use std::sync::Arc;

use crate::Pending;
use crate::time::Timestamp;

/// What a rule demands for a query that it lets in, such as one call of a limit or an amount of an account. The rule's
/// type brings the port that performs it.
pub trait Obligation: Send + Sync {
    /// Whether it could be performed now. Changes nothing.
    ///
    /// # Errors
    /// When there is not enough left, or nobody can tell.
    fn look(&self, now: Timestamp) -> Result<(), ObligationError>;

    /// Performs it.
    ///
    /// # Errors
    /// When there is not enough left, or nobody can tell; then nothing was taken.
    fn perform(&self, now: Timestamp) -> Pending<'_, Result<Box<dyn Hold>, ObligationError>>;
}

/// What was taken or held for a query. One of both methods ends it. Neither may block or panic: a release also happens where
/// a query is cut off, or something else panicked.
pub trait Hold: Send {
    /// The query was answered.
    fn settle(self: Box<Self>);

    /// It was not.
    fn release(self: Box<Self>);
}

/// An obligation cannot be performed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObligationError {
    /// There is not enough left of a limit or an amount.
    Shortfall {
        /// Which limit, as the owner wrote it. The owner is shown it, and nobody else.
        rule: Arc<str>,
    },
    /// How much is left cannot be read, so nobody is let in.
    Unavailable,
}

/// Everything that was taken or held for one query. Whatever has not been settled is released when this is dropped,
/// however that comes.
#[derive(Default)]
#[must_use = "what was held is released when this is dropped"]
pub struct Obligations {
    held: Vec<Box<dyn Hold>>,
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
}

impl Drop for Obligations {
    fn drop(&mut self) {
        for hold in std::mem::take(&mut self.held) {
            hold.release();
        }
    }
}
