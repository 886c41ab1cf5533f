//! How long questions take at the most, and chunks that are asked for by name, and how fast documents get into an index,
//! on real text.
//!
//! `SYFT_SPACE_BENCH_CHUNKS` names a JSON file with an array of chunks' texts; `tools/search-quality/run` writes one.
//! The questions are those of the quality measurement. Beyond what the file holds, a chunk is the first half of one
//! and the second half of another at random: words are as frequent and chunks as long as in the file, and no two are
//! equal. Without the file nothing is measured.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark"
)]

use std::time::{Duration, Instant};

use futures_executor::block_on;
use syft_space_domain::dataset::ports::SearchEngine as _;
use syft_space_domain::dataset::{
    AnalyzerSettings, Change, ChangeNumber, Chunk, ChunkRef, ContentHash, Document, DocumentId, IndexKey,
    Location, Metadata, SearchQuery,
};
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::tenant::TenantScope;
use syft_space_domain::time::Timestamp;
use syft_space_home::Home;
use syft_space_search::{Options, TantivySearch};

const QUESTIONS: &str = include_str!("../../../tools/search-quality/questions.tsv");
const CHUNKS_PER_DOCUMENT: usize = 20;
const MEASURED_ROUNDS: usize = 30;
const NAMED_CHUNKS: usize = 100;

/// A stream of numbers that looks random and is the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// The text before the white space nearest to its middle, and the rest.
fn halves(text: &str) -> (&str, &str) {
    let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
    let cut = text[middle..].find(char::is_whitespace).map_or(text.len(), |at| middle + at);
    text.split_at(cut)
}

fn corpus(real: &[String], chunks: usize) -> Vec<String> {
    let mut numbers = Numbers(7);
    let mut texts: Vec<String> = real.iter().take(chunks).cloned().collect();
    while texts.len() < chunks {
        let (one, other) = (numbers.below(real.len()), numbers.below(real.len()));
        texts.push(format!("{}{}", halves(&real[one]).0, halves(&real[other]).1));
    }
    texts
}

fn document_id(number: usize) -> DocumentId {
    DocumentId::parse(&format!("document-{number}")).unwrap()
}

fn changes(texts: &[String]) -> Vec<Change> {
    let document = |(number, texts): (usize, &[String])| Document {
        id: document_id(number),
        content: texts.join("\n"),
        metadata: Metadata::from_iter([("title".to_owned(), format!("Document {number}").into())]),
        chunks: texts
            .iter()
            .map(|text| Chunk { text: text.clone(), location: Location::default() })
            .collect(),
        sha256: ContentHash::of_file(b""),
        reader: None,
        created_at: Timestamp::from_unix_micros(0),
    };
    let put = |(number, document)| Change::Put(ChangeNumber(number), document);
    (1..).zip(texts.chunks(CHUNKS_PER_DOCUMENT).enumerate().map(document)).map(put).collect()
}

fn percentile(times: &[Duration], hundredth: usize) -> f64 {
    times[(times.len() - 1) * hundredth / 100].as_secs_f64() * 1e3
}

fn measure(real: &[String], chunks: usize) {
    let home = tempfile::tempdir().unwrap();
    let scope = TenantScope::assume(TenantId::from_bytes([1; 16]), "a benchmark");
    let index = IndexKey { dataset: DatasetId::from_bytes([1; 16]), analyzer: AnalyzerSettings::default() };
    let engine = TantivySearch::new(Home::prepare_without_database(home.path()).unwrap(), Options::default());
    let changes = changes(&corpus(real, chunks));
    let begun = Instant::now();
    // In steps, as the space brings an index up to date.
    for step in changes.chunks(256) {
        engine.apply(&scope, index, step).unwrap();
    }
    let rate = f64::from(u32::try_from(chunks).unwrap()) / begun.elapsed().as_secs_f64();
    println!("{chunks} chunks: indexed at {rate:.0} chunks/s");
    let questions: Vec<&str> =
        QUESTIONS.lines().filter_map(|line| line.split_once('\t')).map(|(_, text)| text).collect();
    let repeated = || std::iter::repeat_n(&questions, MEASURED_ROUNDS).flatten();
    let search = |text: &str, limit: u64, threshold: f32| {
        let query = SearchQuery::new(text, limit, threshold).unwrap();
        block_on(engine.search(&scope, index, &query)).unwrap().len()
    };
    search(questions[0], 1, 0.0);
    time("limit 100, threshold 0, each question for the first time", questions.iter(), |text| {
        search(text, 100, 0.0)
    });
    for (limit, threshold) in [(5, 0.5), (5, 0.0), (100, 0.0)] {
        let what = format!("limit {limit}, threshold {threshold}");
        time(&what, repeated(), |text| search(text, limit, threshold));
    }
    let mut numbers = Numbers(11);
    let mut names = || -> Vec<ChunkRef> {
        let place = |at: usize| (at / CHUNKS_PER_DOCUMENT, u32::try_from(at % CHUNKS_PER_DOCUMENT).unwrap());
        let name = |(document, chunk)| ChunkRef { document: document_id(document), chunk };
        (0..NAMED_CHUNKS).map(|_| name(place(numbers.below(chunks)))).collect()
    };
    let ask = |text: &str, names: &[ChunkRef]| {
        let hits = block_on(engine.chunks(&scope, index, text, names)).unwrap();
        assert_eq!(hits.len(), NAMED_CHUNKS, "a named chunk is not there");
        hits.len()
    };
    let same = names();
    ask("", &same);
    time("100 named chunks, the same each time", repeated(), |text| ask(text, &same));
    time("the same without highlights", repeated(), |_| ask("", &same));
    // Drawn beforehand: that takes longer than to look them up.
    let others: Vec<(&str, Vec<ChunkRef>)> = questions.iter().map(|text| (*text, names())).collect();
    time("100 named chunks, each time others", others.iter(), |(text, names)| ask(text, names));
    time("how rare each word of a question is", repeated(), |text| {
        let words: Vec<&str> = text.split_whitespace().collect();
        block_on(engine.shares(&scope, index, &words)).unwrap().len()
    });
}

/// Prints how long it takes to ask with each of these.
fn time<T>(what: &str, asked: impl Iterator<Item = T>, ask: impl Fn(T) -> usize) {
    let (mut times, mut answered) = (Vec::new(), 0);
    for with in asked {
        let begun = Instant::now();
        answered += ask(with);
        times.push(begun.elapsed());
    }
    assert!(answered > 0, "nothing is answered");
    times.sort_unstable();
    let [half, most, worst] = [50, 99, 100].map(|hundredth| percentile(&times, hundredth));
    println!("  {what}: p50 {half:.3} ms, p99 {most:.3} ms, worst {worst:.3} ms");
}

fn main() {
    let Ok(path) = std::env::var("SYFT_SPACE_BENCH_CHUNKS") else {
        println!("set SYFT_SPACE_BENCH_CHUNKS to measure on real text");
        return;
    };
    let real: Vec<String> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for chunks in [2_000, 20_000, 100_000] {
        measure(&real, chunks);
    }
}
