//! How long a question and an addition take, by the size of a dataset.
//!
//! The texts are made up, but their words are as frequent as in a language (Zipf), and a question has stop words
//! and three to five words of one of the chunks, as a natural question has.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use futures_executor::block_on;
use syft_space_domain::dataset::ports::SearchEngine as _;
use syft_space_domain::dataset::{
    AnalyzerSettings, Change, ChangeNumber, Chunk, ContentHash, Document, DocumentId, IndexKey, Location,
    Metadata, SearchQuery,
};
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::tenant::TenantScope;
use syft_space_domain::time::Timestamp;
use syft_space_home::Home;
use syft_space_search::{Options, TantivySearch};

const VOCABULARY_WORDS: usize = 30_000;
const WORDS_PER_CHUNK: usize = 125;
const CHUNKS_PER_DOCUMENT: usize = 20;
const QUESTION_COUNT: usize = 512;

/// A stream of numbers that looks random and is the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).unwrap()
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next()).unwrap() % limit
    }
}

/// Draws words, each about as often as its rank says.
struct Words {
    numbers: Numbers,
    /// How much the words up to each rank weigh together.
    weights: Vec<f64>,
    words: Vec<String>,
}

impl Words {
    fn new() -> Self {
        let stop =
            ["the", "of", "and", "to", "a", "in", "is", "that", "for", "it", "with", "as", "on", "by", "be"];
        let syllables =
            ["ka", "to", "mi", "ren", "sol", "da", "vi", "lum", "pe", "nor", "ta", "gri", "fo", "zen"];
        let made_up = |mut rank: usize| {
            let mut word = String::new();
            while rank > 0 {
                word.push_str(syllables[rank % syllables.len()]);
                rank /= syllables.len();
            }
            word
        };
        let words =
            stop.iter().map(|&word| word.to_owned()).chain((20..VOCABULARY_WORDS).map(made_up)).collect();
        let weigh = |sum: &mut f64, rank: usize| {
            *sum += 1.0 / (f64::from(u32::try_from(rank).unwrap()) + 2.7);
            Some(*sum)
        };
        Self { numbers: Numbers(42), weights: (0..VOCABULARY_WORDS).scan(0.0, weigh).collect(), words }
    }

    fn word(&mut self) -> &str {
        let share = f64::from(self.numbers.next()) / f64::from(1_u32 << 31);
        let weight = share * self.weights.last().unwrap();
        let at = self.weights.partition_point(|sum| *sum < weight);
        &self.words[at.min(self.words.len() - 1)]
    }

    fn chunk(&mut self) -> Chunk {
        let mut text = String::new();
        for _ in 0..WORDS_PER_CHUNK {
            text.push_str(self.word());
            text.push(' ');
        }
        Chunk { text, location: Location::default() }
    }

    fn question(&mut self, chunk: &Chunk) -> String {
        let words: Vec<&str> = chunk.text.split(' ').filter(|word| word.len() > 4).collect();
        let mut question = "How do I find the".to_owned();
        for _ in 0..3 + self.numbers.below(3) {
            question.push(' ');
            question.push_str(words[self.numbers.below(words.len())]);
            question.push_str(" of");
        }
        question + " it?"
    }
}

struct Space {
    _home: tempfile::TempDir,
    engine: TantivySearch,
    scope: TenantScope,
    index: IndexKey,
    questions: Vec<String>,
    last: u64,
}

fn document(number: usize, chunks: Vec<Chunk>) -> Document {
    Document {
        id: DocumentId::parse(&format!("document-{number}")).unwrap(),
        content: String::new(),
        metadata: Metadata::from_iter([("title".to_owned(), format!("Document {number}").into())]),
        chunks,
        sha256: ContentHash::of_file(b""),
        reader: None,
        created_at: Timestamp::from_unix_micros(0),
    }
}

impl Space {
    fn new(chunks: usize) -> Self {
        let home = tempfile::tempdir().unwrap();
        let engine =
            TantivySearch::new(Home::prepare_without_database(home.path()).unwrap(), Options::default());
        let scope = TenantScope::assume(TenantId::from_bytes([1; 16]), "a benchmark");
        let index =
            IndexKey { dataset: DatasetId::from_bytes([1; 16]), analyzer: AnalyzerSettings::default() };
        let mut words = Words::new();
        let mut questions = Vec::new();
        let mut changes = Vec::new();
        for number in 0..chunks / CHUNKS_PER_DOCUMENT {
            let chunks: Vec<Chunk> = (0..CHUNKS_PER_DOCUMENT).map(|_| words.chunk()).collect();
            if questions.len() < QUESTION_COUNT {
                questions.push(words.question(&chunks[0]));
            }
            let change = ChangeNumber(u64::try_from(number).unwrap() + 1);
            changes.push(Change::Put(change, document(number, chunks)));
        }
        engine.apply(&scope, index, &changes).unwrap();
        let last = changes.last().unwrap().number().0;
        Self { _home: home, engine, scope, index, questions, last }
    }

    fn ask(&self, question: &str, threshold: f32) -> usize {
        let query = SearchQuery::new(question, SearchQuery::DEFAULT_LIMIT, threshold).unwrap();
        block_on(self.engine.search(&self.scope, self.index, &query)).unwrap().len()
    }

    fn replace(&mut self, number: usize) {
        self.last += 1;
        let mut words = Words::new();
        let document = document(number, (0..CHUNKS_PER_DOCUMENT).map(|_| words.chunk()).collect());
        self.engine
            .apply(&self.scope, self.index, &[Change::Put(ChangeNumber(self.last), document)])
            .unwrap();
    }
}

fn benches(criterion: &mut Criterion) {
    for chunks in [2_000, 20_000, 100_000] {
        let mut space = Space::new(chunks);
        let hits: usize = space.questions.iter().map(|question| space.ask(question, 0.5)).sum();
        let mut group = criterion.benchmark_group(format!("{chunks} chunks"));
        group.bench_function("a natural question", |bencher| {
            let mut questions = space.questions.iter().cycle();
            bencher.iter(|| space.ask(black_box(questions.next().unwrap()), 0.5));
        });
        group.bench_function("the same without a threshold", |bencher| {
            let mut questions = space.questions.iter().cycle();
            bencher.iter(|| space.ask(black_box(questions.next().unwrap()), 0.0));
        });
        // Each time another: the one replaced last lies in a small segment, and would be quick to replace.
        let mut number = 0;
        group.sample_size(10).bench_function("replace one document", |bencher| {
            bencher.iter(|| {
                number = (number + 37) % (chunks / CHUNKS_PER_DOCUMENT);
                space.replace(number);
            });
        });
        group.finish();
        assert!(hits > 0, "the questions find nothing");
    }
}

criterion_group!(search, benches);
criterion_main!(search);
