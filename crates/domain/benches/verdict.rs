//! How long a verdict takes, and compiling the rules it comes from: 60 % addresses, 35 % domains, 5 % globs.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot start has nothing to measure")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use serde_json::json;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{EndpointId, PolicyId};
use syft_space_domain::policy::{
    AccessConfiguration, Caller, CompiledPolicy, DecisionContext, Facts, Finding, PatternSet, PolicySet,
    PolicyTypes, QueryFacts, Resource, Subject,
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

/// The dearest schedule that can be: all spans are looked at, and all go past midnight.
fn schedules(criterion: &mut Criterion) {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let span = json!({ "days": days, "from": "22:00", "until": "01:00" });
    let dates: Vec<String> =
        (0..400).map(|n| format!("{}-{:02}-{:02}", 2025 + n / 200, n / 20 % 10 + 1, n % 20 + 1)).collect();
    let most = json!({ "zone": "Europe/Berlin", "open": vec![span; 50], "closed": dates });
    let office = json!({ "days": &days[..5], "from": "08:00", "until": "18:00" });
    let usual = json!({ "zone": "Europe/Berlin", "open": [office], "closed": ["2026-12-24"] });
    let types = PolicyTypes::default();
    let mut group = criterion.benchmark_group("schedule");
    for (name, configuration) in [("usual", usual), ("dearest", most)] {
        let rule = types.compile(&types.parse("schedule", &configuration).unwrap()).unwrap();
        let query =
            QueryFacts { principal: None, key: None, address: None, conversation: None, purpose: None };
        let facts = Facts {
            policy: PolicyId::from_bytes([1; 16]),
            endpoint: EndpointId::from_bytes([2; 16]),
            subject: Subject::Guest,
            now: Timestamp::parse("2026-11-24T20:30:00Z").unwrap(),
            query: Some(query),
        };
        assert!(matches!(rule.evaluate(&facts), Finding::Matched(_)));
        group.bench_function(name, |bencher| bencher.iter(|| black_box(&rule).evaluate(black_box(&facts))));
        let parse = || types.parse("schedule", black_box(&configuration)).unwrap();
        group.bench_function(BenchmarkId::new("read", name), |bencher| bencher.iter(parse));
    }
    let misspelt = json!({ "zone": "Europe/Berlim".repeat(4), "open": [] });
    group.bench_function("unknown zone", |bencher| {
        bencher.iter(|| types.parse("schedule", black_box(&misspelt)).is_err());
    });
    group.finish();
}

criterion_group!(benches, verdicts, schedules);
criterion_main!(benches);
