//! The failures of a store, which every port that a store implements can answer.

use std::fmt;

/// Why a store did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The queue of writes or of reads is full; nothing was done. Try again in a moment.
    #[error("the store has too much to do at the moment; try again")]
    Busy,
    /// There is no space left; nothing was done.
    #[error("no space is left to write to; free some and try again")]
    Full,
    /// The store can be read only.
    #[error("the store cannot be written to: it is read-only")]
    ReadOnly,
    /// A rule that the schema itself holds was broken, so nothing was done. A use case checks first, and answers
    /// something better.
    #[error("the write contradicts what is stored: {0}")]
    Conflict(String),
    /// The store is shutting down, or a unit of work failed in a way it should not.
    #[error("the store is closed")]
    Closed,
    /// Something of an audit log is not there any more that was never removed.
    #[error("an audit log is damaged: {0}")]
    LogDamaged(String),
    /// What a ledger of charges holds contradicts itself: somebody else wrote into it.
    #[error(
        "the ledger of charges is damaged: {0}; reconcile it, and have whoever runs this space look into it"
    )]
    LedgerDamaged(String),
    /// What is stored cannot be read as what it should be, or the database failed.
    #[error("the store failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// A failure with its cause.
    pub fn failed(cause: impl fmt::Display) -> Self {
        Self::Failed(cause.to_string())
    }
}
