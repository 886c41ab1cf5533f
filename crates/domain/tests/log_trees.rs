//! Properties of the tree over a log, held against RFC 6962: its published vectors, and another's implementation.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests and their helpers may panic")]

use std::ops::Range;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;
use syft_space_domain::audit::tree::{
    BLOCK_LEAVES, Frontier, NodeHash, ProofError, TreeNodes, consistency_proof, empty_root, inclusion_proof,
    leaf_hash, root_at,
};

/// The inputs and roots of the test vectors of Certificate Transparency.
const VECTORS: [(&str, &str); 8] = [
    ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    ("606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
];

/// A tree of which the leaves and the roots of full blocks are kept, and nothing else.
#[derive(Default)]
struct Kept {
    frontier: Frontier,
    leaves: Vec<NodeHash>,
    blocks: Vec<NodeHash>,
    foreign: MemoryBackedTree<Sha256, Vec<u8>>,
    foreign_roots: Vec<NodeHash>,
}

impl Kept {
    /// A tree over the numbers below this one.
    fn of(size: u64) -> Self {
        let mut kept = Self::default();
        for n in 0..size {
            kept.push(&n.to_be_bytes());
        }
        kept
    }

    fn push(&mut self, bytes: &[u8]) {
        let leaf = leaf_hash(bytes);
        self.leaves.push(leaf);
        if let Some(root) = self.frontier.push(leaf) {
            assert_eq!(root.number, u64::try_from(self.blocks.len()).unwrap());
            self.blocks.push(root.hash);
        }
        self.foreign.push(bytes.to_vec());
        self.foreign_roots.push((*self.foreign.root().as_bytes()).into());
    }
}

fn places(range: Range<u64>) -> Range<usize> {
    usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()
}

impl TreeNodes for Kept {
    type Error = ProofError;

    fn block_roots(&mut self, blocks: Range<u64>) -> Result<Vec<NodeHash>, ProofError> {
        Ok(self.blocks[places(blocks)].to_vec())
    }

    fn leaves(&mut self, leaves: Range<u64>) -> Result<Vec<NodeHash>, ProofError> {
        let blocks = [leaves.start / BLOCK_LEAVES, (leaves.end - 1) / BLOCK_LEAVES];
        assert_eq!(blocks[0], blocks[1], "leaves are asked for within a block");
        Ok(self.leaves[places(leaves)].to_vec())
    }
}

#[test]
fn u1_the_roots_of_the_published_vectors_come_out() {
    assert_eq!(hex::encode(empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(Frontier::default().root(), empty_root());
    let mut kept = Kept::default();
    for (size, (leaf, root)) in (1..).zip(VECTORS) {
        kept.push(&hex::decode(leaf).unwrap());
        assert_eq!(hex::encode(kept.frontier.root()), root, "of {size} leaves");
        assert_eq!(hex::encode(root_at(&mut kept, size).unwrap()), root, "of {size} leaves, by its nodes");
    }
}

#[test]
fn u1_the_root_of_each_size_is_that_of_another_implementation() {
    let mut kept = Kept::of(2_600);
    let mut frontier = Frontier::default();
    for size in 1..=2_600_u64 {
        frontier.push(leaf_hash(&(size - 1).to_be_bytes()));
        let expected = kept.foreign_roots[usize::try_from(size - 1).unwrap()];
        assert_eq!(frontier.root(), expected, "of {size} leaves");
        if size % 7 == 0 || size % BLOCK_LEAVES < 3 {
            assert_eq!(root_at(&mut kept, size).unwrap(), expected, "of {size} leaves, by its nodes");
        }
        let stored = Frontier::from_bytes(size, &frontier.to_bytes()).unwrap();
        assert_eq!(stored, frontier, "a frontier is read back as it was kept");
        assert!(Frontier::from_bytes(size, &frontier.to_bytes()[1..]).is_err());
        assert!(Frontier::from_bytes(size.next_power_of_two() * 2 - 1, &[]).is_err());
    }
}

/// The hashes of a proof, one behind the other, as the other implementation has them.
fn joined(path: &[NodeHash]) -> Vec<u8> {
    path.concat()
}

#[test]
fn u1_proofs_are_those_of_another_implementation() {
    let mut kept = Kept::of(130);
    let leaves = kept.leaves.clone();
    for size in 1..=130 {
        let place = usize::try_from(size - 1).unwrap();
        let root = kept.foreign_roots[place];
        let smaller = Kept::of(size);
        for seq in 1..=size {
            let index = usize::try_from(seq - 1).unwrap();
            let proof = inclusion_proof(&mut kept, seq, size).unwrap();
            assert_eq!(joined(&proof.path), smaller.foreign.prove_inclusion(index).as_bytes());
            proof.check(leaves[index], &root).unwrap();
            let other = leaf_hash(b"another");
            assert_eq!(proof.check(other, &root), Err(ProofError::Wrong));

            let proof = consistency_proof(&mut kept, seq, size).unwrap();
            let foreign = smaller.foreign.prove_consistency(usize::try_from(size - seq).unwrap());
            if seq < size {
                assert_eq!(joined(&proof.path), foreign.as_bytes(), "{seq} to {size}");
            }
            let earlier = kept.foreign_roots[index];
            proof.check(&earlier, &root).unwrap();
            assert!(proof.check(&other, &root).is_err() && proof.check(&earlier, &other).is_err());
        }
    }
}

#[test]
fn u1_what_is_not_there_is_not_proved() {
    let mut kept = Kept::of(5);
    assert_eq!(inclusion_proof(&mut kept, 0, 5), Err(ProofError::Zero));
    assert_eq!(inclusion_proof(&mut kept, 6, 5), Err(ProofError::BeyondSize { seq: 6, size: 5 }));
    assert_eq!(consistency_proof(&mut kept, 0, 5), Err(ProofError::Zero));
    assert_eq!(consistency_proof(&mut kept, 6, 5), Err(ProofError::BeyondSize { seq: 6, size: 5 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn u1_long_logs_are_proved_by_their_blocks_and_no_bent_proof_holds(
        (size, seq, from) in (1..4_000_u64).prop_flat_map(|size| (Just(size), 1..=size, 1..=size)),
        bit in any::<prop::sample::Index>(),
        other in 0..4_000_u64,
    ) {
        let mut kept = Kept::of(size);
        let root = kept.frontier.root();
        let (leaf, earlier) = (kept.leaves[places(seq - 1..seq)][0], kept.foreign_roots[places(from - 1..from)][0]);
        let proof = inclusion_proof(&mut kept, seq, size).unwrap();
        prop_assert_eq!(proof.check(leaf, &root), Ok(()));
        let consistency = consistency_proof(&mut kept, from, size).unwrap();
        prop_assert_eq!(consistency.check(&earlier, &root), Ok(()));

        let bend = |path: &mut Vec<NodeHash>| {
            if path.is_empty() {
                path.push([0; 32]);
            } else {
                let bit = bit.index(path.len() * 256);
                path[bit / 256][bit / 8 % 32] ^= 1 << (bit % 8);
            }
        };
        let mut bent = proof.clone();
        bend(&mut bent.path);
        prop_assert!(bent.check(leaf, &root).is_err());
        let mut bent = consistency.clone();
        bend(&mut bent.path);
        prop_assert!(bent.check(&earlier, &root).is_err());
        for longer in [false, true] {
            let (mut path, mut of_sizes) = (proof.path.clone(), consistency.path.clone());
            for path in [&mut path, &mut of_sizes] {
                if longer { path.push([7; 32]) } else { path.pop(); }
            }
            if path != proof.path {
                let cut = syft_space_domain::audit::tree::InclusionProof { path, ..proof };
                prop_assert!(cut.check(leaf, &root).is_err());
            }
            if of_sizes != consistency.path {
                let cut = syft_space_domain::audit::tree::ConsistencyProof { path: of_sizes, ..consistency };
                prop_assert!(cut.check(&earlier, &root).is_err());
            }
        }
        if other + 1 != seq && other < size {
            let moved = syft_space_domain::audit::tree::InclusionProof { seq: other + 1, ..proof.clone() };
            prop_assert!(moved.check(leaf, &root).is_err(), "a proof is of one place");
        }
    }
}
