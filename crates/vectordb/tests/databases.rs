//! The promises of the port over programs of others: a real Chroma, and Qdrant's own models and engine. `tools/vectordb/run`
//! starts both.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests and their helpers may panic")]

mod support;

use futures_executor::block_on;
use syft_space_conformance::sample::{dataset_id, scope};
use syft_space_conformance::{Fixture, vectors};
use syft_space_domain::dataset::ports::VectorIndex;
use syft_space_domain::dataset::{
    ChangeNumber, ChunkRef, Neighbour, VectorChange, VectorDatabase, VectorDatabaseKind, VectorKey,
    VectorQuery,
};
use syft_space_domain::encoder::{Embedding, EncoderModel, ModelId, ModelRevision};
use syft_space_memory::MemoryVectors;
use syft_space_vectordb::ExternalOptions;
use tempfile::TempDir;

use support::{OnePlace, database, document, index_in};

fn chroma() -> VectorDatabase {
    let url = std::env::var("SYFT_SPACE_TEST_CHROMA_URL").expect("the URL of a Chroma server");
    database(VectorDatabaseKind::Chroma, &url, None)
}

fn qdrant() -> VectorDatabase {
    let url = std::env::var("SYFT_SPACE_TEST_QDRANT_URL").expect("the URL of a server with Qdrant's API");
    database(VectorDatabaseKind::Qdrant, &url, Some("a-credential"))
}

fn vectors_at(folder: TempDir, database: VectorDatabase) -> Fixture<dyn VectorIndex> {
    let place = OnePlace::at(database.clone());
    let index: Box<dyn VectorIndex> = Box::new(index_in(folder.path(), &place, ExternalOptions::default()));
    Fixture::new(index).with_reopen(move || vectors_at(folder, database))
}

#[test]
#[ignore = "needs a Chroma server"]
fn q2_vectors_in_a_real_chroma_keep_every_promise() {
    vectors::suite(&|| vectors_at(TempDir::new().unwrap(), chroma()));
}

#[test]
#[ignore = "needs a server with Qdrant's models"]
fn q2_vectors_in_qdrants_own_engine_keep_every_promise() {
    vectors::suite(&|| vectors_at(TempDir::new().unwrap(), qdrant()));
}

const DIMENSION: usize = 384;
const DOCUMENTS: u64 = 1_000;
const CHUNKS: u64 = 5;
const QUESTIONS: u64 = 100;

/// A vector near one of fifty directions, as those of texts are: it is the same each time.
fn near_a_topic(number: u64) -> Embedding {
    let numbers = |seed: u64| {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
        (0..DIMENSION).map(move |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f32::from(u16::try_from(state >> 48).unwrap()) / f32::from(u16::MAX) - 0.5
        })
    };
    let topic = numbers(number % 50);
    let own = numbers(number + 1_000_000);
    Embedding::of_direction(topic.zip(own).map(|(topic, own)| topic + own).collect()).unwrap()
}

fn first_five(index: &dyn VectorIndex, key: VectorKey, question: u64) -> Vec<Neighbour> {
    let embedding = near_a_topic(question + 500_000);
    let named: Vec<ChunkRef> = (0..20)
        .map(|n| ChunkRef { document: document(&format!("d{}", question * 7 + n)), chunk: 1 })
        .collect();
    let query = VectorQuery::new(&embedding, 100, -1.0).unwrap().also(&named).unwrap();
    let mut found = block_on(index.nearest(&scope(1), key, query)).unwrap();
    found.truncate(5);
    found
}

/// Beside vectors as they come, in memory.
fn compare(database: VectorDatabase) {
    let folder = TempDir::new().unwrap();
    let kind = database.kind;
    let there = index_in(folder.path(), &OnePlace::at(database), ExternalOptions::default());
    let here = MemoryVectors::default();
    let model =
        EncoderModel::new(ModelId::parse("m").unwrap(), ModelRevision::from_bytes([1; 32]), DIMENSION, 256);
    let key = VectorKey::new(dataset_id(1), &model.unwrap());
    for part in 0..DOCUMENTS / 50 {
        let changes: Vec<VectorChange> = (part * 50..part * 50 + 50)
            .map(|n| {
                let vectors = (0..CHUNKS).map(|chunk| near_a_topic(n * CHUNKS + chunk)).collect();
                VectorChange::Encoded(ChangeNumber(n + 1), document(&format!("d{n}")), vectors)
            })
            .collect();
        let both: [&dyn VectorIndex; 2] = [&there, &here];
        for index in both {
            index.begin(&scope(1), key).unwrap().apply(&changes).unwrap();
        }
    }
    for question in 0..QUESTIONS {
        let (found, expected) = (first_five(&there, key, question), first_five(&here, key, question));
        let places = |found: &[Neighbour]| -> Vec<(String, u32)> {
            found.iter().map(|neighbour| (neighbour.document.to_string(), neighbour.chunk)).collect()
        };
        assert_eq!(places(&found), places(&expected), "question {question} in {kind}");
        for (one, other) in found.iter().zip(&expected) {
            assert!((one.cosine - other.cosine).abs() < 0.000_01, "{one:?} is {other:?}");
        }
    }
    there.destroy_all(&scope(1), dataset_id(1)).unwrap();
}

#[test]
#[ignore = "needs a Chroma server"]
fn q2_a_real_chroma_finds_the_same_first_five_as_the_space() {
    compare(chroma());
}

#[test]
#[ignore = "needs a server with Qdrant's models"]
fn q2_qdrants_own_engine_finds_the_same_first_five_as_the_space() {
    compare(qdrant());
}
