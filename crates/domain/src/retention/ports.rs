//! The ports of terms, of holds, and of what goes by its age.

use crate::audit::PrunedBlock;
use crate::audit::ports::{LogScope, LogWriteScope, Seq};
use crate::ids::{ActorId, InvitationId, LegalHoldId, PolicyId};
use crate::retention::{LegalHold, RetentionTerms};
use crate::store::StoreError;
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;

/// To whom a thing was shown, and which: by the digest that tells it from others.
pub type ShownThing = (ActorId, [u8; 16]);

/// Reads terms and holds, and finds what goes by its age.
pub trait RetentionView {
    /// The tenant's terms: of a kind that none is stored of, its default.
    fn retention_terms(&mut self, scope: &TenantScope) -> Result<RetentionTerms, StoreError>;
    /// The tenant's holds, in the order of their ids.
    fn legal_holds(&mut self, scope: &TenantScope) -> Result<Vec<LegalHold>, StoreError>;
    /// So many of a log's events behind one that still know of a person, and their times, in the order of the log.
    fn events_with_persons(
        &mut self,
        log: LogScope<'_>,
        after: Option<Seq>,
        at_most: usize,
    ) -> Result<Vec<(Seq, Timestamp)>, StoreError>;
    /// So many of the revisions of the tenant's policies that another took the place of before this time, in the order of policies and
    /// revisions.
    fn revisions_replaced_before(
        &mut self,
        scope: &TenantScope,
        before: Timestamp,
        at_most: usize,
    ) -> Result<Vec<(PolicyId, u64)>, StoreError>;
    /// So many of the tenant's invitations that could be accepted until before this time, in the order of their ids.
    fn invitations_expired_before(
        &mut self,
        scope: &TenantScope,
        before: Timestamp,
        at_most: usize,
    ) -> Result<Vec<InvitationId>, StoreError>;
    /// So many of the things that callers were last shown before this time under a policy, in the order of callers and things.
    fn disclosures_before(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
        before: Timestamp,
        at_most: usize,
    ) -> Result<Vec<ShownThing>, StoreError>;
    /// So many full blocks of a log, the oldest first, from the first that is not pruned on and up to the first that has an event
    /// behind the one with this number, or one that is not from before this time. Of a block that the index does not hold yet nothing is told.
    fn blocks_before(
        &mut self,
        log: LogScope<'_>,
        before: Timestamp,
        up_to: u64,
        at_most: usize,
    ) -> Result<Vec<u64>, StoreError>;
}

/// Writes terms and holds, and removes what goes by its age.
pub trait RetentionRows: RetentionView {
    /// Keeps the tenant's terms.
    fn set_retention_terms(&mut self, scope: &WriteScope, terms: &RetentionTerms) -> Result<(), StoreError>;
    /// Adds a hold.
    fn add_legal_hold(&mut self, scope: &WriteScope, hold: &LegalHold) -> Result<(), StoreError>;
    /// Removes a hold. Answers whether there was one.
    fn remove_legal_hold(&mut self, scope: &WriteScope, id: LegalHoldId) -> Result<bool, StoreError>;
    /// Removes these revisions of policies, where they are there. Answers how many were.
    fn remove_revisions(
        &mut self,
        scope: &WriteScope,
        revisions: &[(PolicyId, u64)],
    ) -> Result<u64, StoreError>;
    /// Forgets that callers were shown these things under a policy, where they were last shown them before this time. Answers how many were.
    fn forget_shown(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        before: Timestamp,
        shown: &[ShownThing],
    ) -> Result<u64, StoreError>;
    /// Removes the events of a block, with what they know of persons, and keeps its leaves; if it is the oldest whose events are there. Answers
    /// how many events went.
    fn prune(&mut self, log: &LogWriteScope, block: &PrunedBlock) -> Result<u64, StoreError>;
}
