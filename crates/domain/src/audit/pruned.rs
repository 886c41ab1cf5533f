//! What stays of events whose term has ended: their leaves, by which all that was signed and proved before is proved still.

use std::ops::Range;

use crate::audit::ports::{AuditView, LogScope};
use crate::audit::tree::{BLOCK_LEAVES, Frontier, NodeHash};
use crate::audit::{LogTreeError, RecordedEvent};
use crate::store::StoreError;

/// A full block of a log whose events go, or are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrunedBlock {
    /// Which block: the first is 0, and is of the events 1 to 1,024.
    pub number: u64,
    /// The leaves of its events, all of them, in their order.
    pub leaves: Vec<NodeHash>,
}

impl PrunedBlock {
    /// The numbers of a block's events.
    #[must_use]
    pub fn events_of(number: u64) -> Range<u64> {
        let first = number.saturating_mul(BLOCK_LEAVES).saturating_add(1);
        first..first.saturating_add(BLOCK_LEAVES)
    }

    /// What would stay of a block that is there.
    ///
    /// # Errors
    /// When its events are not those that its root was made of: what may be evidence of a change stays. Or the store failed.
    pub fn read(
        view: &mut (impl AuditView + ?Sized),
        log: LogScope<'_>,
        number: u64,
    ) -> Result<Self, LogTreeError> {
        let events = view.events_in(log, Self::events_of(number))?;
        let leaves: Vec<NodeHash> = events.iter().map(RecordedEvent::leaf).collect();
        let mut tree = Frontier::default();
        let filled = leaves.iter().fold(None, |_, leaf| tree.push(*leaf));
        let kept = view.block_roots(log, number..number.saturating_add(1))?;
        match filled {
            Some(block) if tree.size() == BLOCK_LEAVES && kept == [block.hash] => Ok(Self { number, leaves }),
            _ => Err(LogTreeError::Contradiction),
        }
    }
}

/// How many events of a log are pruned, the oldest: whole blocks.
pub(crate) fn pruned_events(
    view: &mut (impl AuditView + ?Sized),
    log: LogScope<'_>,
) -> Result<u64, StoreError> {
    Ok(view.pruned_blocks(log)?.saturating_mul(BLOCK_LEAVES))
}

/// The leaf of an event whose block is pruned; `None` of any other.
pub(crate) fn pruned_leaf(
    view: &mut (impl AuditView + ?Sized),
    log: LogScope<'_>,
    seq: u64,
) -> Result<Option<NodeHash>, StoreError> {
    let Some(leaf) = seq.checked_sub(1) else { return Ok(None) };
    let (block, place) = (leaf / BLOCK_LEAVES, usize::try_from(leaf % BLOCK_LEAVES));
    let leaves = view.pruned_leaves(log, block)?;
    Ok(leaves.zip(place.ok()).and_then(|(leaves, place)| leaves.get(place).copied()))
}
