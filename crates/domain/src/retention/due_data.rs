//! What is due of a kind of data: how it is found, and how it goes.

use std::collections::BTreeSet;

use crate::audit::ports::{LogScope, LogWriteScope, Seq};
use crate::audit::tree::BLOCK_LEAVES;
use crate::audit::{ChangeCode, LogTreeError, PrunedBlock};
use crate::ids::{InvitationId, PolicyId};
use crate::ledger::{TransferFilter, TransferKey};
use crate::page::{PageLimit, PageRequest};
use crate::policy::shown_counts_for;
use crate::retention::RetentionKind;
use crate::retention::ports::ShownThing;
use crate::store::{StoreError, Tx, View};
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;

/// How many things a reader looks through at once.
const LOOKED_AT: usize = 2_000;

/// Things that are due.
pub(super) enum DueData {
    /// None: the installation has nothing of the kind.
    NotThere,
    /// What these events of the log know of persons.
    Persons(Vec<Seq>),
    /// These revisions of policies.
    Revisions(Vec<(PolicyId, u64)>),
    /// These invitations.
    Invitations(Vec<InvitationId>),
    /// These charges of before a time.
    Transfers(Timestamp, Vec<TransferKey>),
    /// What callers were shown: under each of these policies, before a time, these things.
    Disclosures(Vec<(PolicyId, Timestamp, Vec<ShownThing>)>),
    /// The events of these blocks of the log; and of those that are to go, what stays of them.
    Events { blocks: Vec<u64>, pruned: Vec<PrunedBlock> },
}

impl DueData {
    /// The first of a kind that are from before a time, at most so many.
    pub(super) fn find(
        view: &mut dyn View,
        log: LogScope<'_>,
        kind: RetentionKind,
        (now, before): (Timestamp, Timestamp),
        at_most: usize,
    ) -> Result<Self, StoreError> {
        match (kind, log) {
            (RetentionKind::LogPersonalData, _) => Self::persons(view, log, before, at_most),
            (RetentionKind::LogEvents, _) => Self::events(view, log, before, at_most),
            (RetentionKind::PolicyRevisions, LogScope::Tenant(scope)) => {
                Ok(Self::Revisions(view.revisions_replaced_before(scope, before, at_most)?))
            }
            (RetentionKind::Invitations, LogScope::Tenant(scope)) => {
                Ok(Self::Invitations(view.invitations_expired_before(scope, before, at_most)?))
            }
            (RetentionKind::Disclosures, LogScope::Tenant(scope)) => {
                Self::disclosures(view, scope, (now, before), at_most)
            }
            (RetentionKind::Transfers, LogScope::Tenant(scope)) => {
                Self::transfers(view, scope, before, at_most)
            }
            (
                RetentionKind::PolicyRevisions
                | RetentionKind::Invitations
                | RetentionKind::Disclosures
                | RetentionKind::Transfers,
                LogScope::Installation(_),
            ) => Ok(Self::NotThere),
        }
    }

    /// What the first events of a log know of persons that are from before a time, at most so many. The events are nearly in the order of their times,
    /// and the first that still know of a person are the oldest. So it is looked no further than through a stretch in which none is due.
    fn persons(
        view: &mut dyn View,
        log: LogScope<'_>,
        before: Timestamp,
        at_most: usize,
    ) -> Result<Self, StoreError> {
        // All of the first stretch is due as a rule, and nothing behind it is read then.
        let (mut due, mut after, mut stretch) = (Vec::new(), None, at_most.min(LOOKED_AT));
        while due.len() < at_most {
            let found = view.events_with_persons(log, after, stretch)?;
            let known = due.len();
            due.extend(found.iter().filter(|(_, time)| *time < before).map(|(seq, _)| *seq));
            if due.len() == known && (stretch == LOOKED_AT || found.len() < stretch) {
                break;
            }
            after = found.last().map(|(seq, _)| *seq);
            stretch = LOOKED_AT;
        }
        due.truncate(at_most);
        Ok(Self::Persons(due))
    }

    /// What callers were shown before a time, at most so much; of what counts for longer, what counts no more.
    fn disclosures(
        view: &mut dyn View,
        scope: &TenantScope,
        (now, before): (Timestamp, Timestamp),
        at_most: usize,
    ) -> Result<Self, StoreError> {
        let (mut due, mut left, mut after) = (Vec::new(), at_most, None);
        loop {
            let page = view.policies(scope, PageRequest { limit: PageLimit::LARGEST, after })?;
            for policy in &page.items {
                let Some(counts_for) = shown_counts_for(&policy.configuration) else { continue };
                let before = before.min(now.minus(counts_for));
                let shown = view.disclosures_before(scope, policy.id, before, left)?;
                left = left.saturating_sub(shown.len());
                if !shown.is_empty() {
                    due.push((policy.id, before, shown));
                }
            }
            after = page.next;
            if after.is_none() || left == 0 {
                return Ok(Self::Disclosures(due));
            }
        }
    }

    /// The first charges from before a time, at most so many.
    fn transfers(
        view: &mut dyn View,
        scope: &TenantScope,
        before: Timestamp,
        at_most: usize,
    ) -> Result<Self, StoreError> {
        let filter = TransferFilter { until: Some(before), ..TransferFilter::default() };
        let (mut due, mut after) = (Vec::new(), None);
        while due.len() < at_most {
            let page = view.transfers(scope, &filter, PageRequest { limit: PageLimit::LARGEST, after })?;
            due.extend(page.items.iter().map(|transfer| transfer.key));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        due.truncate(at_most);
        Ok(Self::Transfers(before, due))
    }

    /// The first blocks of a log that are from before a time, of at most so many events, begun blocks included. A block that is behind what a checkpoint
    /// vouches for, or what each sink has that gets the log, stays, however old it is.
    fn events(
        view: &mut dyn View,
        log: LogScope<'_>,
        before: Timestamp,
        at_most: usize,
    ) -> Result<Self, StoreError> {
        let vouched = view.checkpoint(log)?.map_or(0, |checkpoint| checkpoint.size);
        let delivered = view.least_delivered(log)?.unwrap_or(u64::MAX);
        let most = at_most.div_ceil(events_per_block());
        let blocks = view.blocks_before(log, before, vouched.min(delivered), most)?;
        Ok(Self::Events { blocks, pruned: Vec::new() })
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::NotThere => 0,
            Self::Persons(events) => events.len(),
            Self::Revisions(revisions) => revisions.len(),
            Self::Invitations(invitations) => invitations.len(),
            Self::Transfers(_, transfers) => transfers.len(),
            Self::Disclosures(due) => due.iter().map(|(_, _, shown)| shown.len()).sum(),
            Self::Events { blocks, .. } => blocks.len().saturating_mul(events_per_block()),
        }
    }

    /// Reads what stays of events. That takes a while, so it is done before anybody waits for it.
    pub(super) fn read_leaves(&mut self, view: &mut dyn View, log: LogScope<'_>) -> Result<(), LogTreeError> {
        if let Self::Events { blocks, pruned } = self {
            for block in blocks {
                pruned.push(PrunedBlock::read(view, log, *block)?);
            }
        }
        Ok(())
    }

    /// Removes them, as far as they are still there. Answers how many were, and what is told of it.
    pub(super) fn remove(
        &self,
        tx: &mut dyn Tx,
        log: &LogWriteScope,
    ) -> Result<(u64, ChangeCode), StoreError> {
        match (self, log) {
            (Self::Persons(events), _) => {
                let numbers: Vec<u64> = events.iter().map(|Seq(number)| *number).collect();
                Ok((tx.erase_persons(log, &numbers)?, ChangeCode::PersonalDataErased))
            }
            (Self::Revisions(revisions), LogWriteScope::Tenant(scope)) => {
                Ok((tx.remove_revisions(scope, revisions)?, ChangeCode::RevisionsRemoved))
            }
            (Self::Invitations(invitations), LogWriteScope::Tenant(scope)) => {
                let mut removed = 0_u64;
                for id in invitations {
                    removed = removed.saturating_add(tx.remove_invitation(scope, *id)?.into());
                }
                Ok((removed, ChangeCode::InvitationsRemoved))
            }
            (Self::Disclosures(due), LogWriteScope::Tenant(scope)) => {
                let mut removed = 0_u64;
                for (policy, before, shown) in due {
                    removed = removed.saturating_add(tx.forget_shown(scope, *policy, *before, shown)?);
                }
                Ok((removed, ChangeCode::DisclosuresRemoved))
            }
            (Self::Transfers(before, transfers), LogWriteScope::Tenant(scope)) => {
                Ok((remove_transfers(tx, scope, transfers, *before)?, ChangeCode::TransfersRemoved))
            }
            (
                Self::NotThere
                | Self::Revisions(_)
                | Self::Invitations(_)
                | Self::Disclosures(_)
                | Self::Transfers(..),
                _,
            ) => Ok((0, ChangeCode::Removed)),
            (Self::Events { pruned, .. }, _) => {
                let mut removed = 0_u64;
                for block in pruned {
                    removed = removed.saturating_add(tx.prune(log, block)?);
                }
                Ok((removed, ChangeCode::EventsPruned))
            }
        }
    }
}

/// Removes charges, and the balances of periods that were over before this time once nothing is left of them. Answers how many charges went.
fn remove_transfers(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    transfers: &[TransferKey],
    before: Timestamp,
) -> Result<u64, StoreError> {
    let (mut removed, mut balances) = (0_u64, BTreeSet::new());
    for key in transfers {
        if let Some(transfer) = tx.remove_transfer(scope, *key)? {
            removed = removed.saturating_add(1);
            balances.extend(transfer.balances());
        }
    }
    // What a running budget counts stays, and so does what counts for ever.
    for key in balances.into_iter().filter(|key| key.span.ends().is_some_and(|ends| ends <= before)) {
        tx.remove_balance(scope, &key)?;
    }
    Ok(removed)
}

fn events_per_block() -> usize {
    usize::try_from(BLOCK_LEAVES).unwrap_or(usize::MAX)
}
