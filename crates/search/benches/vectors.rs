//! How long the nearest chunks take to be found, by how many vectors there are, and how long it takes to bring and
//! remove some.
//!
//! The vectors have 384 components, as those of small sentence encoders, and look random: a scan takes as long whatever
//! they are.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark")]

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

use criterion::{Criterion, criterion_group, criterion_main};
use futures_executor::block_on;
use syft_space_domain::dataset::ports::VectorIndex as _;
use syft_space_domain::dataset::{ChangeNumber, ChunkRef, DocumentId, VectorChange, VectorKey, VectorQuery};
use syft_space_domain::encoder::{Embedding, EncoderModel, ModelId, ModelRevision};
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::tenant::TenantScope;
use syft_space_home::Home;
use syft_space_search::{FlatVectors, VectorOptions};

const DIMENSION: usize = 384;
const CHUNKS_PER_DOCUMENT: usize = 10;

/// A stream of numbers that looks random and is the same each time.
struct Numbers(u64);

impl Numbers {
    fn component(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The sum of four is nearly normal.
        let bytes = u32::try_from(self.0 >> 32).unwrap().to_le_bytes();
        bytes.into_iter().map(f32::from).sum::<f32>() - 510.0
    }

    fn embedding(&mut self) -> Embedding {
        Embedding::of_direction((0..DIMENSION).map(|_| self.component()).collect()).unwrap()
    }
}

struct Space {
    home: tempfile::TempDir,
    scope: TenantScope,
    key: VectorKey,
    numbers: Numbers,
    last: u64,
}

impl Space {
    fn new(chunks: usize) -> Self {
        Self::of_tenant(1, tempfile::tempdir().unwrap(), chunks)
    }

    /// The vectors of a tenant's dataset, in a home that may have others.
    fn of_tenant(tenant: u8, home: tempfile::TempDir, chunks: usize) -> Self {
        let model = EncoderModel::new(
            ModelId::parse("bench").unwrap(),
            ModelRevision::from_bytes([1; 32]),
            DIMENSION,
            256,
        );
        let mut space = Self {
            home,
            scope: TenantScope::assume(TenantId::from_bytes([tenant; 16]), "a benchmark"),
            key: VectorKey::new(DatasetId::from_bytes([1; 16]), &model.unwrap()),
            numbers: Numbers(42),
            last: 0,
        };
        let index = space.index(1);
        let documents = chunks / CHUNKS_PER_DOCUMENT;
        for first in (0..documents).step_by(1_000) {
            let changes: Vec<VectorChange> =
                (first..documents.min(first + 1_000)).map(|number| space.document(number)).collect();
            index.begin(&space.scope, space.key).unwrap().apply(&changes).unwrap();
        }
        space
    }

    fn index(&self, threads: usize) -> FlatVectors {
        let home = Home::prepare_without_database(self.home.path()).unwrap();
        FlatVectors::new(home, VectorOptions { threads, ..VectorOptions::default() })
    }

    fn document(&mut self, number: usize) -> VectorChange {
        self.last += 1;
        let id = DocumentId::parse(&format!("document-{number}")).unwrap();
        let embeddings = (0..CHUNKS_PER_DOCUMENT).map(|_| self.numbers.embedding()).collect();
        VectorChange::Encoded(ChangeNumber(self.last), id, embeddings)
    }

    fn ask(&self, index: &FlatVectors, question: &Embedding) -> usize {
        self.ask_for(index, VectorQuery::new(question, 10, -1.0).unwrap())
    }

    fn ask_for(&self, index: &FlatVectors, query: VectorQuery<'_>) -> usize {
        block_on(index.nearest(&self.scope, self.key, query)).unwrap().len()
    }
}

fn chunk(document: usize, chunk: usize) -> ChunkRef {
    let document = DocumentId::parse(&format!("document-{document}")).unwrap();
    ChunkRef { document, chunk: u32::try_from(chunk).unwrap() }
}

fn benches(criterion: &mut Criterion) {
    for chunks in [10_000, 100_000, 200_000, 1_000_000] {
        let mut space = Space::new(chunks);
        let questions: Vec<Embedding> = (0..64).map(|_| space.numbers.embedding()).collect();
        let mut group = criterion.benchmark_group(format!("{chunks} vectors"));
        for threads in [1, 2] {
            let index = space.index(threads);
            assert_eq!(space.ask(&index, &questions[0]), 10, "the nearest are not found");
            group.bench_function(format!("the nearest 10, threads {threads}"), |bencher| {
                let mut questions = questions.iter().cycle();
                bencher.iter(|| space.ask(&index, black_box(questions.next().unwrap())));
            });
            // Each of another document, all over the index.
            let documents = chunks / CHUNKS_PER_DOCUMENT;
            let named: Vec<ChunkRef> = (0..100).map(|n| chunk(n * 7919 % documents, n % 10)).collect();
            for (what, named) in [("", &[][..]), (" and 100 that are named", &named)] {
                group.bench_function(format!("the nearest 100{what}, threads {threads}"), |bencher| {
                    let mut questions = questions.iter().cycle();
                    bencher.iter(|| {
                        let question = black_box(questions.next().unwrap());
                        let query = VectorQuery::new(question, 100, -1.0).and_then(|query| query.also(named));
                        space.ask_for(&index, query.unwrap())
                    });
                });
            }
        }
        group.sample_size(10).bench_function("the first question after a start", |bencher| {
            bencher.iter(|| space.ask(&space.index(2), black_box(&questions[0])));
        });
        let index = space.index(2);
        // Each time another: the one replaced last lies in a small segment, and would be quick to replace.
        let mut number = 0;
        group.bench_function("replace one document", |bencher| {
            bencher.iter(|| {
                number = (number + 37) % (chunks / CHUNKS_PER_DOCUMENT);
                let change = space.document(number);
                index.begin(&space.scope, space.key).unwrap().apply(&[change]).unwrap();
            });
        });
        group.finish();
    }
}

/// A tenant asks while another one, with a large dataset, asks four questions at once without a pause.
fn beside_a_flood(criterion: &mut Criterion) {
    let large = Space::new(200_000);
    let (scope, key) = (large.scope, large.key);
    let mut small = Space::of_tenant(2, large.home, 10_000);
    let index = small.index(2);
    let question = small.numbers.embedding();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let query = VectorQuery::new(&question, 10, -1.0).unwrap();
                    assert_eq!(block_on(index.nearest(&scope, key, query)).unwrap().len(), 10);
                }
            });
        }
        criterion.bench_function("10000 vectors/the nearest 10, beside a flood", |bencher| {
            bencher.iter(|| small.ask(&index, black_box(&question)));
        });
        is_over.store(true, Ordering::Relaxed);
    });
}

criterion_group!(vectors, benches, beside_a_flood);
criterion_main!(vectors);
