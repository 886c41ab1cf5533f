//! How long one list takes of what words and meaning found: a hundred chunks each, of 800 characters, with names to look for.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot start has nothing to measure")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use syft_space_domain::dataset::{
    DocumentId, Found, Hit, Hits, Location, Metadata, Neighbour, Threshold, identifiers,
};
use syft_space_domain::encoder::UnrelatedCosine;

fn hits(from: u16) -> Hits {
    let text = |number: u16| {
        let words =
            (0..120_u16).map(|at| format!("word{} ", (u32::from(number) * 7919 + u32::from(at) * 31) % 997));
        words.collect::<String>()
    };
    let hit = |number: u16| Hit {
        document: DocumentId::parse(&format!("page-{}.html", number / 3)).unwrap(),
        chunk: u32::from(number % 3),
        content: text(number).into(),
        metadata: Arc::new(Metadata::from_iter([("title".to_owned(), "A page of the manual".into())])),
        location: Arc::new(Location { heading: Some("What it is for".to_owned()), ..Location::default() }),
        highlight: Vec::new(),
        score: 1.0 - f32::from(number - from) / 200.0,
    };
    (from..from + 100).map(hit).collect()
}

fn fusion(criterion: &mut Criterion) {
    let (words, others) = (hits(0), hits(100));
    let near = |(hit, at): (&Hit, u16)| Neighbour {
        document: hit.document.clone(),
        chunk: hit.chunk,
        cosine: f32::from(at * 37 % 200) / 200.0,
    };
    let neighbours: Vec<Neighbour> = words.iter().chain(&others).zip(0..).map(near).collect();
    let names = (0..32).map(|at| format!("name_{at} ")).collect::<String>();
    let mut group = criterion.benchmark_group("fuse");
    for (named, limit) in [(0, 5), (0, 100), (1, 5), (32, 100)] {
        let named: Vec<String> = identifiers(&names).into_iter().take(named).collect();
        let found = Found {
            words: words.clone(),
            others: others.clone(),
            neighbours: &neighbours,
            named: &named,
            rare: &[],
            unrelated_cosine: UnrelatedCosine::parse(0.0).unwrap(),
        };
        let id = BenchmarkId::new(format!("{} names", named.len()), limit);
        group.bench_with_input(id, &found, |bench, found| {
            let make = || found.clone();
            let least = Threshold::parse(0.0).unwrap();
            bench.iter_batched(make, |found| black_box(found.fuse(limit, least)), BatchSize::SmallInput);
        });
    }
    group.finish();
    criterion.bench_function("identifiers", |bench| {
        bench.iter(|| {
            identifiers(black_box(
                "What does shared_buffers do in pg_hba.conf, and why is it not \"used here\"?",
            ))
        });
    });
}

criterion_group!(benches, fusion);
criterion_main!(benches);
