//! Receipts: what a caller was told, and the leaf of the event that was recorded of it, to be signed as one statement.

use crate::audit::tree::NodeHash;
use crate::audit::{LogName, Outcome};
use crate::ids::RequestId;
use crate::time::Timestamp;

/// A SHA-256.
pub type Digest = [u8; 32];

/// What one caller was told, and where in the log the event of it stands. It tells nothing of the event but what the caller knows
/// from the answer: of the rest it has the leaf, which hides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerReceipt {
    /// Which log.
    pub log: LogName,
    /// The number of the event in it.
    pub seq: u64,
    /// The event's leaf in the tree over the log.
    pub leaf: NodeHash,
    /// When the request came, as the event has it.
    pub time: Timestamp,
    /// The id of the request, as the event has it.
    pub request: RequestId,
    /// How it ended, as the event has it.
    pub outcome: Outcome,
    /// The name under which the caller asked for the endpoint, where it can be one.
    pub endpoint: Option<String>,
    /// The id that the caller gave the request.
    pub correlation: Option<String>,
    /// Of the body of the request, where it was read.
    pub question: Option<Digest>,
    /// The status of the answer.
    pub status: u16,
    /// Of the body of the answer.
    pub answer: Digest,
}
