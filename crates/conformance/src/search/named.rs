//! Chunks that are asked for by name.

use futures_executor::block_on;
use syft_space_domain::dataset::ports::{SearchEngine, SearchError};
use syft_space_domain::dataset::{Change, ChangeNumber, ChunkRef, Hit, IndexKey};

use super::{apply, harbor_documents, index, put_changes, search};
use crate::documents::{chunk_ref, document, document_id};
use crate::fixture::SearchFactory;
use crate::sample::{dataset_id, scope};

#[track_caller]
fn named(
    engine: &dyn SearchEngine,
    tenant: u64,
    index: IndexKey,
    text: &str,
    chunks: &[ChunkRef],
) -> Vec<Hit> {
    block_on(engine.chunks(&scope(tenant), index, text, chunks)).expect("named chunks are answered")
}

/// The names of the chunks that tenant 1's dataset 1 answers for these.
#[track_caller]
fn answered(engine: &dyn SearchEngine, chunks: &[ChunkRef]) -> Vec<ChunkRef> {
    names(&named(engine, 1, index(1), "red", chunks))
}

fn names(hits: &[Hit]) -> Vec<ChunkRef> {
    hits.iter().map(|hit| chunk_ref(hit.document.as_str(), hit.chunk)).collect()
}

/// Each as often as it is named, whatever lies beside it in the index.
pub fn q2_named_chunks_are_answered_in_the_order_in_which_they_are_named(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    apply(engine, 1, &harbor_documents());
    let all = [("pilot", 0), ("boats", 1), ("notes", 1), ("boats", 0), ("crane", 0), ("notes", 0)]
        .map(|(document, chunk)| chunk_ref(document, chunk));
    assert_eq!(answered(engine, &all), all, "each is answered in its place");
    let reversed: Vec<_> = all.iter().rev().cloned().collect();
    assert_eq!(answered(engine, &reversed), reversed, "whatever the order");
    let again = [&all[1], &all[0], &all[1], &all[1], &all[3]].map(Clone::clone);
    assert_eq!(answered(engine, &again), again, "and as often as it is named");
    assert_eq!(answered(engine, &[]), [], "where none is named none is answered");
}

/// But for the score, which is 0.
pub fn q2_a_named_chunk_is_as_a_search_would_show_it(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    apply(engine, 1, &harbor_documents());
    for question in ["red boats", "RED fog", "weathr", "master weather notes harbor", "south"] {
        let found = search(engine, 1, index(1), question, 100, 0.0);
        assert!(found.iter().any(|hit| !hit.highlight.is_empty()), "{question:?} finds words");
        let expected: Vec<Hit> = found.iter().map(|hit| Hit { score: 0.0, ..hit.clone() }).collect();
        let hits = named(engine, 1, index(1), question, &names(&found));
        assert_eq!(hits, expected, "what {question:?} finds is answered as it is found");
    }
    let crane = [chunk_ref("crane", 0)];
    for question in ["fog", "zeppelin", "?", " ", ""] {
        let hits = named(engine, 1, index(1), question, &crane);
        let expected = search(engine, 1, index(1), "crane", 1, 0.0);
        let expected = expected.into_iter().map(|hit| Hit { score: 0.0, highlight: vec![], ..hit });
        assert!(hits.into_iter().eq(expected), "a chunk without a word of {question:?} is answered too");
    }
}

/// The others are answered as they are named.
pub fn q2_named_chunks_that_the_index_does_not_have_are_left_out(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    let all = [("crane", 0), ("crane", 1), ("boats", 7), ("walrus", 0), ("boats", 1), ("notes", u32::MAX)]
        .map(|(document, chunk)| chunk_ref(document, chunk));
    assert_eq!(answered(engine, &all), [], "a dataset without an index has none");
    apply(engine, 1, &harbor_documents());
    let crane_and_boats = [chunk_ref("crane", 0), chunk_ref("boats", 1)];
    assert_eq!(answered(engine, &all), crane_and_boats, "those that are not there are left out");
    let replaced = Change::Put(ChangeNumber(5), document("crane", &["green winch", "rope winch"]));
    apply(engine, 1, &[replaced, Change::Removed(ChangeNumber(6), document_id("boats"))]);
    let hits = named(engine, 1, index(1), "winch", &all);
    assert_eq!(names(&hits), all[..2], "what was removed is left out at once");
    let contents: Vec<&str> = hits.iter().map(|hit| &*hit.content).collect();
    assert_eq!(contents, ["green winch", "rope winch"], "and what was replaced is as it is now");
    engine.destroy(&scope(1), dataset_id(1)).expect("an index is destroyed");
    assert_eq!(answered(engine, &all), [], "what is destroyed is left out");
}

/// Of documents with many chunks each, brought in several batches.
pub fn q2_a_named_chunk_is_found_among_many(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    let text = |document: u64, chunk: u32| format!("amber {document} of {chunk}");
    for batch in 0..3_u64 {
        let documents = (0..4).map(|n| {
            let texts: Vec<String> = (0..40).map(|chunk| text(batch * 4 + n, chunk)).collect();
            document(&format!("d{}", batch * 4 + n), &texts.iter().map(String::as_str).collect::<Vec<_>>())
        });
        apply(engine, 1, &put_changes(batch * 4 + 1, documents.collect::<Vec<_>>()));
    }
    // Each seventh, so that the next one is of another document.
    let wanted: Vec<(u64, u32)> = (0..480_u32).map(|n| (u64::from(n * 7 % 12), n * 7 % 480 / 12)).collect();
    let names: Vec<ChunkRef> =
        wanted.iter().map(|(document, chunk)| chunk_ref(&format!("d{document}"), *chunk)).collect();
    let hits = named(engine, 1, index(1), "amber", &names);
    let contents: Vec<String> = hits.iter().map(|hit| hit.content.to_string()).collect();
    let expected: Vec<String> = wanted.iter().map(|(document, chunk)| text(*document, *chunk)).collect();
    assert_eq!(contents, expected, "each is the one that is named");
}

/// Wherever they are, and be some of them the same.
pub fn q2_no_more_chunks_are_named_than_one_call_may(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    let mut chunks = vec![chunk_ref("crane", 0); ChunkRef::MAX_NAMED + 1];
    let ask = |chunks: &[ChunkRef]| {
        block_on(engine.chunks(&scope(1), index(1), "red", chunks)).map(|hits| hits.len())
    };
    assert_eq!(ask(&chunks), Err(SearchError::TooManyChunks), "one too many is told, index or not");
    apply(engine, 1, &harbor_documents());
    assert_eq!(ask(&chunks), Err(SearchError::TooManyChunks), "one too many is told");
    chunks.pop();
    assert_eq!(ask(&chunks), Ok(ChunkRef::MAX_NAMED), "and the others are answered, each time");
}

/// Two tenants have datasets and documents with the same ids, and one has a second dataset.
pub fn z1_named_chunks_are_those_of_their_own_tenants_dataset_only(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    apply(engine, 1, &put_changes(1, [document("a", &["amber lantern"])]));
    apply(engine, 2, &put_changes(1, [document("a", &["amber anchor", "rope"]), document("b", &["amber"])]));
    let beside = put_changes(1, [document("a", &["amber compass"]), document("c", &["amber"])]);
    engine.apply(&scope(1), index(2), &beside).expect("changes are followed");
    let all = [("a", 0), ("a", 1), ("b", 0), ("c", 0)].map(|(document, chunk)| chunk_ref(document, chunk));
    let contents = |tenant, n| -> Vec<String> {
        let hits = named(engine, tenant, index(n), "amber", &all);
        hits.into_iter().map(|hit| hit.content.to_string()).collect()
    };
    assert_eq!(contents(1, 1), ["amber lantern"], "a chunk is that of its own tenant's dataset");
    assert_eq!(contents(2, 1), ["amber anchor", "rope", "amber"], "and each tenant has its own");
    assert_eq!(contents(1, 2), ["amber compass", "amber"], "each dataset for itself");
    assert_eq!(contents(2, 2), [""; 0], "a dataset of another tenant is not there");
}
