//! Legal holds: during one nothing of the tenant goes by its age.

use crate::ids::{ActorId, LegalHoldId};
use crate::text::Name;
use crate::time::Timestamp;

/// The most holds of a tenant at once.
pub const MAX_HOLDS: usize = 100;

/// That nothing of a tenant may go by its age until it is released, such as for a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalHold {
    /// Its id.
    pub id: LegalHoldId,
    /// Why.
    pub reason: Name,
    /// Who made it, as the audit log knows them.
    pub made_by: Option<ActorId>,
    /// Since when.
    pub created_at: Timestamp,
}
