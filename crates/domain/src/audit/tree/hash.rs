//! The hashes of the tree: of a leaf, and of a node above two others.

use sha2::{Digest, Sha256};

/// The hash of a node of the tree.
pub type NodeHash = [u8; 32];

/// What stands before the bytes of a leaf, and before the hashes below a node: so no leaf can pass for a node.
const LEAF: [u8; 1] = [0];
const NODE: [u8; 1] = [1];

/// The root of a tree without leaves.
#[must_use]
pub fn empty_root() -> NodeHash {
    Sha256::digest([]).into()
}

/// The hash of a leaf with these bytes.
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> NodeHash {
    Sha256::new().chain_update(LEAF).chain_update(bytes).finalize().into()
}

/// The hash of the node above two others.
#[must_use]
pub fn node_hash(left: &NodeHash, right: &NodeHash) -> NodeHash {
    Sha256::new().chain_update(NODE).chain_update(left).chain_update(right).finalize().into()
}
