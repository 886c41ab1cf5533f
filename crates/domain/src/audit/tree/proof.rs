//! Proofs of a tree: that a leaf is in it, and that a smaller tree is its beginning. A proof is some dozens of hashes, from
//! which whoever holds the roots finds the roots again.

use std::ops::Range;

use crate::audit::tree::frontier::BLOCK_LEAVES;
use crate::audit::tree::hash::{NodeHash, empty_root, node_hash};

/// The nodes of a tree, from which all else is computed. Both are asked for of full blocks, and of leaves that are there.
pub trait TreeNodes {
    /// Why a node cannot be had.
    type Error;

    /// The roots of full blocks, by their numbers.
    fn block_roots(&mut self, blocks: Range<u64>) -> Result<Vec<NodeHash>, Self::Error>;

    /// The hashes of leaves of one block, counted from 0.
    fn leaves(&mut self, leaves: Range<u64>) -> Result<Vec<NodeHash>, Self::Error>;
}

/// A proof that cannot be given, or does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The log is shorter.
    #[error("the log has {log} events, and not yet {asked}")]
    BeyondLog {
        /// The size that was asked for.
        asked: u64,
        /// The size of the log.
        log: u64,
    },
    /// The event comes behind the end of the tree.
    #[error("event {seq} is not among the first {size} of the log")]
    BeyondSize {
        /// The number of the event.
        seq: u64,
        /// The size of the tree.
        size: u64,
    },
    /// Events and sizes begin at 1.
    #[error("events are numbered from 1 on, and a tree of none proves nothing")]
    Zero,
    /// The hashes do not lead to the root.
    #[error("the proof does not lead to the root")]
    Wrong,
}

/// That an event is in a log of a size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    /// The number of the event.
    pub seq: u64,
    /// The size of the log.
    pub size: u64,
    /// The hashes beside the way from the leaf to the root, the lowest first: `PATH` of RFC 6962.
    pub path: Vec<NodeHash>,
}

/// That a log of one size is the beginning of the log of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// The smaller size.
    pub from: u64,
    /// The larger size.
    pub to: u64,
    /// The hashes: `PROOF` of RFC 6962.
    pub path: Vec<NodeHash>,
}

/// The largest power of two that is smaller than a number of leaves, of which there are two at least.
fn split(leaves: u64) -> u64 {
    let below = leaves.saturating_sub(1).max(1);
    1_u64.checked_shl(below.ilog2()).unwrap_or(1)
}

fn middle(leaves: &Range<u64>) -> u64 {
    leaves.start.saturating_add(split(width(leaves)))
}

fn width(leaves: &Range<u64>) -> u64 {
    leaves.end.saturating_sub(leaves.start)
}

/// The root over hashes of leaves, or of subtrees of one size: pairs are put together, and what is left over rises as it is.
fn root_over(mut hashes: Vec<NodeHash>) -> NodeHash {
    while hashes.len() > 1 {
        let pairs = hashes.chunks(2).map(|pair| match pair {
            [left, right] => node_hash(left, right),
            [alone, ..] => *alone,
            [] => empty_root(),
        });
        hashes = pairs.collect();
    }
    hashes.first().copied().unwrap_or_else(empty_root)
}

/// The root of a subtree: `MTH` of RFC 6962. Its first leaf is one at which a subtree of its width may begin.
fn subtree<N: TreeNodes>(nodes: &mut N, leaves: Range<u64>) -> Result<NodeHash, N::Error> {
    let full = leaves.start / BLOCK_LEAVES..leaves.end / BLOCK_LEAVES;
    if width(&leaves) < BLOCK_LEAVES {
        return Ok(root_over(nodes.leaves(leaves)?));
    }
    let mut hashes = nodes.block_roots(full.clone())?;
    let rest = full.end.saturating_mul(BLOCK_LEAVES)..leaves.end;
    // Full blocks are perfect subtrees of one size, so the block that is not full rises just as a leaf that is left over.
    if !rest.is_empty() {
        hashes.push(root_over(nodes.leaves(rest)?));
    }
    Ok(root_over(hashes))
}

/// The root of the tree over the first events of a log.
///
/// # Errors
/// When the nodes cannot be had.
pub fn root_at<N: TreeNodes>(nodes: &mut N, size: u64) -> Result<NodeHash, N::Error> {
    subtree(nodes, 0..size)
}

/// The proof that an event is among the first so many.
///
/// # Errors
/// When it is not, or the nodes cannot be had.
pub fn inclusion_proof<N>(nodes: &mut N, seq: u64, size: u64) -> Result<InclusionProof, N::Error>
where
    N: TreeNodes,
    N::Error: From<ProofError>,
{
    let leaf = seq.checked_sub(1).ok_or(ProofError::Zero)?;
    if leaf >= size {
        return Err(ProofError::BeyondSize { seq, size }.into());
    }
    let mut path = Vec::new();
    let mut leaves = 0..size;
    while width(&leaves) > 1 {
        let middle = middle(&leaves);
        if leaf < middle {
            path.push(subtree(nodes, middle..leaves.end)?);
            leaves.end = middle;
        } else {
            path.push(subtree(nodes, leaves.start..middle)?);
            leaves.start = middle;
        }
    }
    path.reverse();
    Ok(InclusionProof { seq, size, path })
}

/// The proof that the first events of a log are the beginning of its first more.
///
/// # Errors
/// When the sizes are the other way round or 0, or the nodes cannot be had.
pub fn consistency_proof<N>(nodes: &mut N, from: u64, to: u64) -> Result<ConsistencyProof, N::Error>
where
    N: TreeNodes,
    N::Error: From<ProofError>,
{
    if from == 0 {
        return Err(ProofError::Zero.into());
    }
    if from > to {
        return Err(ProofError::BeyondSize { seq: from, size: to }.into());
    }
    let mut path = Vec::new();
    let mut leaves = 0..to;
    while leaves.end != from {
        let middle = middle(&leaves);
        if from <= middle {
            path.push(subtree(nodes, middle..leaves.end)?);
            leaves.end = middle;
        } else {
            path.push(subtree(nodes, leaves.start..middle)?);
            leaves.start = middle;
        }
    }
    // The root of the smaller tree is known to whoever asks; of a part of it, it is not.
    if leaves.start != 0 {
        path.push(subtree(nodes, leaves)?);
    }
    path.reverse();
    Ok(ConsistencyProof { from, to, path })
}

impl InclusionProof {
    /// The root to which the proof leads from a leaf.
    ///
    /// # Errors
    /// When there are too few hashes, or too many.
    pub fn root(&self, leaf: NodeHash) -> Result<NodeHash, ProofError> {
        let index = self.seq.checked_sub(1).ok_or(ProofError::Zero)?;
        if index >= self.size {
            return Err(ProofError::BeyondSize { seq: self.seq, size: self.size });
        }
        let (mut index, mut last) = (index, self.size.saturating_sub(1));
        let mut root = leaf;
        for hash in &self.path {
            if last == 0 {
                return Err(ProofError::Wrong);
            }
            if index % 2 == 1 || index == last {
                root = node_hash(hash, &root);
                // What is left over at the end of a level has no node beside it, until it has.
                while index % 2 == 0 && index != 0 {
                    (index, last) = (index / 2, last / 2);
                }
            } else {
                root = node_hash(&root, hash);
            }
            (index, last) = (index / 2, last / 2);
        }
        if last == 0 { Ok(root) } else { Err(ProofError::Wrong) }
    }

    /// Whether the leaf is in the tree with this root.
    ///
    /// # Errors
    /// When it is not, as far as this proof goes.
    pub fn check(&self, leaf: NodeHash, root: &NodeHash) -> Result<(), ProofError> {
        if self.root(leaf)? == *root { Ok(()) } else { Err(ProofError::Wrong) }
    }
}

impl ConsistencyProof {
    /// Whether the tree with the first root is the beginning of the one with the second.
    ///
    /// # Errors
    /// When it is not, as far as this proof goes.
    pub fn check(&self, smaller: &NodeHash, larger: &NodeHash) -> Result<(), ProofError> {
        if self.from == 0 {
            return Err(ProofError::Zero);
        }
        if self.from > self.to {
            return Err(ProofError::BeyondSize { seq: self.from, size: self.to });
        }
        if self.from == self.to {
            let same = self.path.is_empty() && smaller == larger;
            return if same { Ok(()) } else { Err(ProofError::Wrong) };
        }
        let (mut index, mut last) = (self.from.saturating_sub(1), self.to.saturating_sub(1));
        while index % 2 == 1 {
            (index, last) = (index / 2, last / 2);
        }
        let mut hashes = self.path.iter();
        let start = if index == 0 { *smaller } else { *hashes.next().ok_or(ProofError::Wrong)? };
        let (mut first, mut second) = (start, start);
        for hash in hashes {
            if last == 0 {
                return Err(ProofError::Wrong);
            }
            if index % 2 == 1 || index == last {
                first = node_hash(hash, &first);
                second = node_hash(hash, &second);
                while index % 2 == 0 && index != 0 {
                    (index, last) = (index / 2, last / 2);
                }
            } else {
                second = node_hash(&second, hash);
            }
            (index, last) = (index / 2, last / 2);
        }
        if last == 0 && first == *smaller && second == *larger { Ok(()) } else { Err(ProofError::Wrong) }
    }
}
