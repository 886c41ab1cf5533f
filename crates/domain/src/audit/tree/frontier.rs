//! The right edge of a tree: all that is needed to put a leaf behind the last one, and to tell the root.

use crate::audit::tree::hash::{NodeHash, empty_root, node_hash};

/// How many leaves a block has. The root of each full block is kept beside its events, so that a proof is made of these and of
/// the events of two blocks at most. It is a power of two: a block is a subtree of every tree that holds it.
pub const BLOCK_LEAVES: u64 = 1_024;

/// The root of a full block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockRoot {
    /// Which block: the first is 0, and is of the events 1 to 1,024.
    pub number: u64,
    /// The root of the tree over its leaves.
    pub hash: NodeHash,
}

/// The roots of the perfect subtrees of which a tree is made, the largest first: one for each bit of its size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    roots: Vec<NodeHash>,
}

/// Bytes that are no frontier of a tree of this size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the frontier of a tree of {size} leaves has {} hashes, and {bytes} bytes are none", size.count_ones())]
pub struct FrontierError {
    size: u64,
    bytes: usize,
}

impl Frontier {
    /// The frontier of a tree of this size, as [`to_bytes`](Self::to_bytes) wrote it.
    ///
    /// # Errors
    /// When there are not as many hashes as the size has.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Result<Self, FrontierError> {
        let (roots, rest) = bytes.as_chunks();
        if !rest.is_empty() || u32::try_from(roots.len()) != Ok(size.count_ones()) {
            return Err(FrontierError { size, bytes: bytes.len() });
        }
        Ok(Self { size, roots: roots.to_vec() })
    }

    /// The hashes one behind the other: what a store keeps beside the size.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.roots.concat()
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> NodeHash {
        let mut smallest_first = self.roots.iter().rev().copied();
        let Some(smallest) = smallest_first.next() else { return empty_root() };
        smallest_first.fold(smallest, |below, larger| node_hash(&larger, &below))
    }

    /// Puts a leaf behind the last one. Answers the root of the block that it has filled, if it has.
    pub fn push(&mut self, leaf: NodeHash) -> Option<BlockRoot> {
        let (mut subtree, mut leaves) = (leaf, 1_u64);
        let mut filled = None;
        // Two subtrees of one size are one of twice that, as a carry goes through the ones at the end of a number.
        while self.size & leaves != 0
            && let Some(left) = self.roots.pop()
        {
            subtree = node_hash(&left, &subtree);
            leaves = leaves.saturating_mul(2);
            if leaves == BLOCK_LEAVES {
                filled = Some(BlockRoot { number: self.size / BLOCK_LEAVES, hash: subtree });
            }
        }
        self.roots.push(subtree);
        self.size = self.size.saturating_add(1);
        filled
    }
}
