//! How long personal data is looked for in what a query found: 100 chunks of 1 KB.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot start has nothing to measure")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use serde_json::json;
use syft_space_domain::dataset::{DocumentId, Hit, Hits, Location, Metadata};
use syft_space_domain::policy::{PolicyTypes, Redactions};

const PROSE: &str =
    "The harbour opens at eight, and whoever comes later waits until the tide is high enough for the ferry. ";
const PERSONAL: &str =
    "Write to ada@example.org or call +49 30 1234567; she paid with 4111 1111 1111 1111 in March. ";
const FIGURES: &str =
    "12 4711 0815 2026-11-24 3.14159 10.0.0.1 4012 8888 1234 100000 42 17 978-0-306-40615-7 64 128 256 ";

fn hits(text: &str) -> Hits {
    let content: Arc<str> = text.chars().cycle().take(1_024).collect::<String>().into();
    let hit = |chunk| Hit {
        document: DocumentId::parse("d").unwrap(),
        chunk,
        content: Arc::clone(&content),
        metadata: Arc::new(Metadata::new()),
        location: Arc::new(Location::default()),
        highlight: Vec::new(),
        score: 0.5,
    };
    (0..100).map(hit).collect()
}

fn filters(criterion: &mut Criterion) {
    let types = PolicyTypes::default();
    let own = json!({ "patterns": [{ "name": "ticket", "pattern": "TICKET-[0-9]{4,8}" }] });
    let mut group = criterion.benchmark_group("pii of 100 chunks");
    for (name, configuration) in [("all kinds", json!({})), ("a pattern too", own)] {
        let rule = types.compile(&types.parse("pii_filter", &configuration).unwrap()).unwrap();
        for (kind, text) in [("prose", PROSE), ("personal", PERSONAL), ("figures", FIGURES)] {
            let found = hits(text);
            group.bench_function(format!("{name}, {kind}"), |bencher| {
                bencher.iter_batched(
                    || found.clone(),
                    |hits| rule.filter(black_box(hits), &mut Redactions::default()),
                    BatchSize::SmallInput,
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, filters);
criterion_main!(benches);
