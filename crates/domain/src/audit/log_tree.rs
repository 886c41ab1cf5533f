//! Roots and proofs of a stored log, at any size that it has or had.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::audit::ports::{AuditView, LogScope};
use crate::audit::tree::{
    BLOCK_LEAVES, ConsistencyProof, InclusionProof, NodeHash, ProofError, TreeNodes, consistency_proof,
    inclusion_proof, root_at,
};
use crate::audit::{LogHead, RecordedEvent};
use crate::store::StoreError;

/// A root or a proof was not given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogTreeError {
    /// There is none of what was asked for.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// What is kept of the tree leads to two roots, or lacks a part, so something was changed beneath it.
    #[error("the events of an audit log are not those that its tree was made of")]
    Contradiction,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for LogTreeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LogDamaged(_) => Self::Contradiction,
            error => Self::Store(error),
        }
    }
}

/// The tree over a stored log. It reads the roots of full blocks, and the events of two blocks at most.
pub struct LogTree<'a, V: ?Sized> {
    nodes: LogNodes<'a, V>,
}

struct LogNodes<'a, V: ?Sized> {
    view: &'a mut V,
    log: LogScope<'a>,
    head: LogHead,
    /// The roots of all full blocks, once one was asked for.
    roots: Option<Vec<NodeHash>>,
    /// The leaves of the blocks that were read.
    leaves: BTreeMap<u64, Vec<NodeHash>>,
}

impl<'a, V: AuditView + ?Sized> LogTree<'a, V> {
    /// The tree over a log as it is now.
    ///
    /// # Errors
    /// When the head of the log cannot be read.
    pub fn open(view: &'a mut V, log: LogScope<'a>) -> Result<Self, StoreError> {
        let head = view.log_head(log)?;
        Ok(Self { nodes: LogNodes { view, log, head, roots: None, leaves: BTreeMap::new() } })
    }

    /// How many events the log has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.nodes.head.seq()
    }

    /// The root over the first events of the log.
    ///
    /// # Errors
    /// When the log has not as many, or the store failed.
    pub fn root_at(&mut self, size: u64) -> Result<NodeHash, LogTreeError> {
        self.check_size(size)?;
        if size == self.size() {
            return Ok(self.nodes.head.tree().root());
        }
        root_at(&mut self.nodes, size)
    }

    /// The proof that an event is among the first so many, and the root to which it leads.
    ///
    /// # Errors
    /// When it is not, the log has not as many, or the store failed.
    pub fn inclusion(&mut self, seq: u64, size: u64) -> Result<(InclusionProof, NodeHash), LogTreeError> {
        self.check_size(size)?;
        let proof = inclusion_proof(&mut self.nodes, seq, size)?;
        let root = self.root_at(size)?;
        let first = seq.saturating_sub(1);
        let leaf = self.nodes.leaves(first..seq)?.first().copied();
        let leaf = leaf.ok_or(LogTreeError::Contradiction)?;
        proof.check(leaf, &root).map_err(|_| LogTreeError::Contradiction)?;
        Ok((proof, root))
    }

    /// The proof that the log of one size is the beginning of that of another, and the roots of both.
    ///
    /// # Errors
    /// When the log has not as many events, the sizes are the other way round or 0, or the store failed.
    pub fn consistency(
        &mut self,
        from: u64,
        to: u64,
    ) -> Result<(ConsistencyProof, [NodeHash; 2]), LogTreeError> {
        self.check_size(to)?;
        let proof = consistency_proof(&mut self.nodes, from, to)?;
        let roots = [self.root_at(from)?, self.root_at(to)?];
        let [smaller, larger] = &roots;
        proof.check(smaller, larger).map_err(|_| LogTreeError::Contradiction)?;
        Ok((proof, roots))
    }

    fn check_size(&self, size: u64) -> Result<(), ProofError> {
        let log = self.size();
        if size > log {
            return Err(ProofError::BeyondLog { asked: size, log });
        }
        Ok(())
    }
}

impl<V: AuditView + ?Sized> TreeNodes for LogNodes<'_, V> {
    type Error = LogTreeError;

    fn block_roots(&mut self, blocks: Range<u64>) -> Result<Vec<NodeHash>, LogTreeError> {
        let roots = match &self.roots {
            Some(roots) => roots,
            None => {
                let full = self.head.seq() / BLOCK_LEAVES;
                self.roots.insert(self.view.block_roots(self.log, 0..full)?)
            }
        };
        let range = usize::try_from(blocks.start).ok().zip(usize::try_from(blocks.end).ok());
        let found = range.and_then(|(start, end)| roots.get(start..end));
        Ok(found.ok_or(LogTreeError::Contradiction)?.to_vec())
    }

    fn leaves(&mut self, leaves: Range<u64>) -> Result<Vec<NodeHash>, LogTreeError> {
        let block = leaves.start / BLOCK_LEAVES;
        let start = block.saturating_mul(BLOCK_LEAVES);
        let hashes = match self.leaves.get(&block) {
            Some(hashes) => hashes,
            None => {
                let hashes = match self.view.pruned_leaves(self.log, block)? {
                    Some(leaves) => leaves,
                    None => {
                        let end = start.saturating_add(BLOCK_LEAVES).min(self.head.seq());
                        let numbers = start.saturating_add(1)..end.saturating_add(1);
                        let events = self.view.events_in(self.log, numbers)?;
                        events.iter().map(RecordedEvent::leaf).collect()
                    }
                };
                self.leaves.entry(block).or_insert(hashes)
            }
        };
        let place = |leaf: u64| usize::try_from(leaf.saturating_sub(start)).ok();
        let range = place(leaves.start).zip(place(leaves.end));
        let found = range.and_then(|(first, end)| hashes.get(first..end));
        Ok(found.ok_or(LogTreeError::Contradiction)?.to_vec())
    }
}
