//! How long one text takes, by its length, and how many chunks of 256 tokens two threads encode in a second. The model
//! has the size of all-MiniLM-L6-v2 and random weights, which take as long as any.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::num::NonZeroUsize;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_executor::block_on;
use syft_space_domain::encoder::ports::Encoder;
use syft_space_models::LocalEncoder;
use tempfile::TempDir;

use crate::support::{MINI_LM, Numbers, model_id, random};

/// So many words that the model knows.
fn text(numbers: &mut Numbers, words: usize) -> String {
    let word = |_| format!("w{}", 20 + numbers.next() % 30_000);
    (0..words).map(word).collect::<Vec<_>>().join(" ")
}

fn encode(c: &mut Criterion) {
    let folder = TempDir::new().unwrap();
    random(MINI_LM, 1).write(folder.path());
    let model = LocalEncoder::inspect(folder.path(), model_id()).unwrap();
    let encoder =
        |threads| LocalEncoder::new(folder.path().into(), model.clone(), NonZeroUsize::new(threads).unwrap());
    let mut numbers = Numbers(7);
    let (one, two) = (encoder(1), encoder(2));
    let mut group = c.benchmark_group("encode");
    group.sample_size(20);
    for words in [8, 62, 254] {
        let text = text(&mut numbers, words);
        let tokens = words + 2;
        group.bench_function(format!("one text of {tokens} tokens"), |bencher| {
            bencher.iter(|| block_on(one.encode(black_box(&[text.as_str()]))).unwrap());
        });
    }
    for (count, words) in [(32, 254), (128, 14)] {
        let texts: Vec<String> = (0..count).map(|_| text(&mut numbers, words)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let tokens = words + 2;
        group.throughput(Throughput::Elements(u64::try_from(count).unwrap()));
        group.bench_function(format!("{count} texts of {tokens} tokens, two threads"), |bencher| {
            bencher.iter(|| block_on(two.encode(black_box(&texts))).unwrap());
        });
    }
    group.finish();
}

fn inspect(c: &mut Criterion) {
    let folder = TempDir::new().unwrap();
    random(MINI_LM, 1).write(folder.path());
    let mut group = c.benchmark_group("read");
    group.sample_size(10);
    group.bench_function("a folder of 90 MB", |bencher| {
        bencher.iter(|| LocalEncoder::inspect(black_box(folder.path()), model_id()).unwrap());
    });
    group.finish();
}

criterion_group!(benches, encode, inspect);
criterion_main!(benches);
