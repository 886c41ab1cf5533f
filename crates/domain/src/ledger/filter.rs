//! Which transfers are asked for.

use crate::ids::{ActorId, EndpointId};
use crate::ledger::Transfer;
use crate::time::Timestamp;

/// Which transfers are asked for; by default all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TransferFilter {
    /// What this caller was charged.
    pub payer: Option<ActorId>,
    /// What this endpoint has earned.
    pub endpoint: Option<EndpointId>,
    /// Of this time or later.
    pub since: Option<Timestamp>,
    /// Of before this time.
    pub until: Option<Timestamp>,
}

impl TransferFilter {
    /// Whether a transfer is asked for.
    #[must_use]
    pub fn fits(&self, transfer: &Transfer) -> bool {
        let Self { payer, endpoint, since, until } = *self;
        payer.is_none_or(|payer| payer == transfer.payer)
            && endpoint.is_none_or(|endpoint| endpoint == transfer.endpoint)
            && since.is_none_or(|since| since <= transfer.time)
            && until.is_none_or(|until| transfer.time < until)
    }
}
