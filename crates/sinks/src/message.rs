//! An event on its way.

use syft_space_domain::audit::{Action, Outcome};
use syft_space_domain::ids::EventId;
use syft_space_domain::time::Timestamp;

/// An event as it is told to others, and what the ways there need of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id: who gets it twice knows by it.
    pub id: EventId,
    /// When it happened.
    pub time: Timestamp,
    /// What it is of.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// The event as one line of JSON.
    pub line: String,
}
