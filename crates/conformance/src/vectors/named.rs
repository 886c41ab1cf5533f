//! Chunks that are asked for by name, beside the nearest.

use std::collections::BTreeSet;

use futures_executor::block_on;
use syft_space_domain::dataset::ports::VectorIndex;
use syft_space_domain::dataset::{ChunkRef, Neighbour, VectorKey, VectorQuery};
use syft_space_domain::encoder::Embedding;

use super::{
    apply, apply_to, ask, encoded, key, leaning, outdated, places, question, random, removed, three_documents,
};
use crate::documents::chunk_ref;
use crate::fixture::VectorsFactory;
use crate::sample::{dataset_id, scope};

/// As [`ask`], and for these chunks as well.
#[track_caller]
fn ask_also(
    index: &dyn VectorIndex,
    tenant: u64,
    key: VectorKey,
    embedding: &Embedding,
    (limit, min_cosine): (u64, f32),
    chunks: &[ChunkRef],
) -> Vec<Neighbour> {
    let query = VectorQuery::new(embedding, limit, min_cosine).and_then(|query| query.also(chunks));
    block_on(index.nearest(&scope(tenant), key, query.expect("a valid query"))).expect("an answer")
}

fn refs<const N: usize>(chunks: [(&str, u32); N]) -> [ChunkRef; N] {
    chunks.map(|(document, chunk)| chunk_ref(document, chunk))
}

/// With the cosines that they are found with otherwise, in one list with the nearest.
pub fn q2_named_chunks_are_found_however_far_they_are(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    apply(index, &three_documents());
    let all = ask(index, 1, key(1), &question(), 100, -1.0);
    let named = refs([("pilot", 0), ("crane", 0)]);
    let found = ask_also(index, 1, key(1), &question(), (1, 0.7), &named);
    let expected: Vec<_> = [0, 2, 4].into_iter().filter_map(|at| all.get(at).cloned()).collect();
    assert_eq!(found, expected, "the nearest, and each that is named, in one order");
    let found = ask_also(index, 1, key(1), &question(), (5, 1.0), &named);
    assert_eq!(places(&found), [("crane", 0), ("pilot", 0)], "where none is near, those that are named");
    let found = ask_also(index, 1, key(1), &question(), (5, -1.0), &named);
    assert_eq!(found, all, "where all are near, all as ever");
}

/// Neither one that is among the nearest nor one that is named again; and none takes the place of another.
pub fn q2_no_chunk_is_found_twice_for_being_named(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    apply(index, &three_documents());
    let named = refs([("boats", 0), ("boats", 0), ("pilot", 0), ("boats", 0), ("pilot", 0)]);
    for (limit, expected) in [
        (1, &[("boats", 0), ("pilot", 0)][..]),
        (2, &[("boats", 0), ("pilot", 1), ("pilot", 0)]),
        (9, &[("boats", 0), ("pilot", 1), ("crane", 0), ("boats", 1), ("pilot", 0)]),
    ] {
        let found = ask_also(index, 1, key(1), &question(), (limit, 0.0), &named);
        assert_eq!(places(&found), expected, "the nearest {limit}, and each that is named once");
    }
}

/// Because there never was one, or it is gone. The others are found.
pub fn q2_named_chunks_without_a_vector_are_left_out(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    let named = refs([
        ("walrus", 0),
        ("boats", 2),
        ("boats", u32::MAX),
        ("boats", 1),
        ("crane", 1),
        ("crane", 0),
        ("pilot", 0),
    ]);
    let found = || -> Vec<(String, u32)> {
        let found = ask_also(index, 1, key(1), &question(), (1, 1.0), &named);
        found.into_iter().map(|neighbour| (neighbour.document.to_string(), neighbour.chunk)).collect()
    };
    let at = super::at;
    assert_eq!(found(), [], "where nothing was encoded nothing is found");
    apply(index, &three_documents());
    assert_eq!(found(), at(&[("crane", 0), ("boats", 1), ("pilot", 0)]), "what never was is left out");
    index.outdate(&scope(1), dataset_id(1), &[outdated(9, "crane")]).expect("vectors are removed");
    assert_eq!(found(), at(&[("boats", 1), ("pilot", 0)]), "what is outdated is left out");
    apply(index, &[removed(4, "pilot"), encoded(5, "boats", vec![leaning(2, 0.9)])]);
    assert_eq!(found(), [], "and what was removed, or replaced by fewer chunks");
    apply(index, &[encoded(9, "crane", vec![leaning(2, 0.1), leaning(2, 0.2)])]);
    assert_eq!(found(), at(&[("crane", 1), ("crane", 0)]), "and what was encoded anew is as it is now");
}

/// Many chunks, of which some are equally near; many limits, and many that are named.
pub fn q2_named_chunks_and_the_nearest_are_those_of_all(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    for part in 0..3_u64 {
        let documents = (part * 60..part * 60 + 60).map(|n| {
            let embeddings = (0..5).map(|chunk| random((n * 5 + chunk) % 290)).collect();
            encoded(n + 1, &format!("d{n}"), embeddings)
        });
        apply(index, &documents.collect::<Vec<_>>());
    }
    let name = |neighbour: &Neighbour| chunk_ref(neighbour.document.as_str(), neighbour.chunk);
    for asked in 0..20_u64 {
        let embedding = random(asked * 31);
        let all = ask(index, 1, key(1), &embedding, 1_000, -1.0);
        assert_eq!(all.len(), 900, "all are there");
        let step = usize::try_from(asked).unwrap_or_default() * 2 + 1;
        // From the farthest on, and some of them again.
        let named: Vec<ChunkRef> = all.iter().rev().step_by(step).chain(all.first()).map(name).collect();
        let set: BTreeSet<&ChunkRef> = named.iter().collect();
        for (limit, min_cosine) in [(1, -1.0), (7, 0.0), (100, 0.05), (1_000, 0.1), (300, -1.0), (3, 1.0)] {
            let found = ask_also(index, 1, key(1), &embedding, (limit, min_cosine), &named);
            let near = ask(index, 1, key(1), &embedding, limit, min_cosine);
            let is_expected =
                |neighbour: &&Neighbour| near.contains(neighbour) || set.contains(&name(neighbour));
            let expected: Vec<&Neighbour> = all.iter().filter(is_expected).collect();
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "limit {limit}, from {min_cosine} on");
        }
    }
    let most = vec![chunk_ref("d7", 3); ChunkRef::MAX_NAMED];
    let found = ask_also(index, 1, key(1), &question(), (1, 1.0), &most);
    assert_eq!(places(&found), [("d7", 3)], "as many can be named as one call may");
}

/// Two tenants have datasets and documents with the same ids, and one has a second dataset.
pub fn z1_named_vectors_are_those_of_their_own_tenants_dataset_only(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    apply(index, &[encoded(1, "a", vec![leaning(1, 0.9)])]);
    let others = [encoded(1, "a", vec![leaning(1, 0.1), question()]), encoded(2, "b", vec![question()])];
    apply_to(index, &scope(2), key(1), &others);
    apply_to(index, &scope(1), key(2), &[encoded(1, "c", vec![question()])]);
    let named = refs([("a", 0), ("a", 1), ("b", 0), ("c", 0)]);
    let found = |tenant, dataset| -> Vec<(String, u32)> {
        let found = ask_also(index, tenant, key(dataset), &leaning(9, -1.0), (1, 1.0), &named);
        found.into_iter().map(|neighbour| (neighbour.document.to_string(), neighbour.chunk)).collect()
    };
    let at = super::at;
    assert_eq!(found(1, 1), at(&[("a", 0)]), "a chunk is that of its own tenant's dataset");
    assert_eq!(found(2, 1), at(&[("a", 0), ("a", 1), ("b", 0)]), "and each tenant has its own");
    assert_eq!(found(1, 2), at(&[("c", 0)]), "each dataset for itself");
    assert_eq!(found(2, 2), [], "a dataset of another tenant is not there");
}
