//! The Merkle tree over a log, as RFC 6962 (section 2.1) has it: its leaves are the canonical bytes of the events, in their
//! order. Whoever kept a root of before finds out whether anything below it was changed since.

mod frontier;
mod hash;
mod proof;

pub use frontier::{BLOCK_LEAVES, BlockRoot, Frontier, FrontierError};
pub use hash::{NodeHash, empty_root, leaf_hash, node_hash};
pub use proof::{
    ConsistencyProof, InclusionProof, ProofError, TreeNodes, consistency_proof, inclusion_proof, root_at,
};
