//! What the certificate of an erasure says, to be signed as one statement.

use crate::audit::LogName;
use crate::audit::tree::NodeHash;
use crate::ids::AccountId;
use crate::privacy::{ErasedRows, ErasureBy};
use crate::time::Timestamp;

/// That all that was held about somebody has gone: which stores held how much, and the event of the log that says so. It names nobody:
/// the account's id is of nobody any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureCertificate {
    /// The tenant's log, in which the end of the erasure stands.
    pub log: LogName,
    /// The number of that event in it.
    pub seq: u64,
    /// Its leaf in the tree over the log.
    pub leaf: NodeHash,
    /// Whose account it was.
    pub account: AccountId,
    /// Who asked.
    pub asked_by: ErasureBy,
    /// When.
    pub asked_at: Timestamp,
    /// When the last of it went, as the event has it.
    pub ended_at: Timestamp,
    /// How much each store held.
    pub erased: ErasedRows,
    /// How many policies of the tenant still named the address as it ended.
    pub naming_policies: u64,
    /// How many endpoints' expectations did.
    pub naming_expectations: u64,
}
