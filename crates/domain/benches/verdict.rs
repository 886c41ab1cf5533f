//! How long a verdict takes, and compiling the rules it comes from: 60 % addresses, 35 % domains, 5 % globs.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot start has nothing to measure")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use serde_json::json;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{EndpointId, PolicyId};
use syft_space_domain::policy::{
    AccessConfiguration, Caller, CompiledPolicy, DecisionContext, PatternSet, PolicySet, PolicyTypes,
    Resource, Subject,
};
use syft_space_domain::time::Timestamp;

fn configuration(count: usize) -> AccessConfiguration {
    let patterns: Vec<String> = (0..count)
        // Mixed, so that ten have some of each.
        .map(|n| match n * 13 % 20 {
            0..12 => format!("person{n}@company{}.example.com", n % 97),
            12..19 => format!("*@department{n}.example.org"),
            // Half with a domain of their own, half with one of few domain halves.
            _ if n % 40 < 20 => format!("team{n}-*@company{n}.example.net"),
            _ => format!("team{n}-*@*.region{}.example.net", n % 7),
        })
        .collect();
    AccessConfiguration::parse(&json!({"mode": "allow", "patterns": patterns})).unwrap()
}

fn verdicts(criterion: &mut Criterion) {
    let id = PolicyId::from_bytes([1; 16]);
    let mut group = criterion.benchmark_group("verdict");
    for count in [10, 10_000] {
        let access = configuration(count);
        let types = PolicyTypes::default();
        let stored = types.parse("access", &access.to_json()).unwrap();
        let policies = PolicySet::new([Arc::new(CompiledPolicy::compile(&types, id, 1, &stored))]);
        for (name, email, allowed) in [
            ("address", "person0@company0.example.com", true),
            ("domain", "ada@department1.example.org", true),
            ("glob", "team3-ada@company3.example.net", true),
            ("miss", "stranger@example.com", false),
            ("near miss", "stranger@lab.region3.example.net", false),
        ] {
            let email = Email::parse(email).unwrap();
            let caller =
                Caller::HubUser { registered: true, subject: Subject::Identified { email: Some(&email) } };
            let context = DecisionContext::at(Timestamp::from_unix_micros(0));
            let resource = Resource::published(EndpointId::from_bytes([2; 16]));
            assert_eq!(policies.decide(resource, &caller, &context).is_allow(), allowed);
            group.bench_function(BenchmarkId::new(name, count), |bencher| {
                bencher
                    .iter(|| black_box(&policies).decide(resource, black_box(&caller), &context).is_allow());
            });
        }
        group.bench_function(BenchmarkId::new("compile", count), |bencher| {
            bencher.iter(|| PatternSet::compile(black_box(&access.patterns)));
        });
        group.bench_function(BenchmarkId::new("read", count), |bencher| {
            let json = access.to_json();
            bencher.iter(|| AccessConfiguration::parse(black_box(&json)));
        });
    }
    group.finish();

    criterion.bench_function("address", |bencher| {
        bencher.iter(|| Email::parse(black_box("Ada.Lovelace+news@Example.org")));
    });
}

criterion_group!(benches, verdicts);
criterion_main!(benches);
