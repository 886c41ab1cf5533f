//! How long a verdict takes, and compiling the rules it comes from: 60 % addresses, 35 % domains, 5 % globs; and the dearest
//! verdict that an owner can bring about. Besides criterion's estimates it prints how long single verdicts take.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "it measures durations and tells them, and has nothing to measure where it cannot start"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use syft_space_domain::access::Role;
use syft_space_domain::endpoint::{Conversation, Message, MessageRole};
use syft_space_domain::group::{GroupMemberships, GroupName, GroupSnapshot};
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{EndpointId, GroupId, HubId, PolicyId};
use syft_space_domain::policy::{
    AccessConfiguration, Caller, CompiledPolicy, DecisionContext, Facts, Finding, MAX_ATTACHED, PatternSet,
    PolicySet, PolicyTypes, QueryFacts, Resource, Subject,
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

/// Policies with these configurations, compiled.
fn policies(configurations: &[Value]) -> PolicySet {
    let types = PolicyTypes::default();
    PolicySet::new(configurations.iter().zip(1..).map(|(json, number)| {
        let stored = types.parse("access", json).unwrap();
        Arc::new(CompiledPolicy::compile(&types, PolicyId::from_bytes([number; 16]), 1, &stored))
    }))
}

fn is_let_in(policies: &PolicySet, email: &Email) -> bool {
    is_let_in_with(policies, &GroupMemberships::default(), email)
}

fn is_let_in_with(policies: &PolicySet, groups: &GroupMemberships, email: &Email) -> bool {
    let caller = Caller::HubUser {
        hub: Some(HubId::from_bytes([7; 16])),
        subject: Subject::Identified { email: Some(email) },
    };
    let context =
        DecisionContext { groups: Some(groups), ..DecisionContext::at(Timestamp::from_unix_micros(0)) };
    policies.decide(Resource::published(EndpointId::from_bytes([2; 16])), &caller, &context).is_allow()
}

/// How long single verdicts on these addresses take, in turn.
fn percentiles(name: &str, policies: &PolicySet, emails: &[Email], verdicts: usize) {
    let mut times: Vec<Duration> = emails
        .iter()
        .cycle()
        .take(verdicts)
        .map(|email| {
            let begun = Instant::now();
            black_box(is_let_in(black_box(policies), black_box(email)));
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |of_a_thousand: usize| times[(times.len() * of_a_thousand / 1_000).min(times.len() - 1)];
    println!("single verdicts, {name}: p50 {:?}, p99 {:?}, p99.9 {:?}", at(500), at(990), at(999));
}

fn verdicts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("verdict");
    for count in [10, 1_000, 10_000] {
        let access = configuration(count);
        let policies = policies(&[access.to_json()]);
        let mut emails = Vec::new();
        for (name, email, allowed) in [
            ("address", "person0@company0.example.com", true),
            ("domain", "ada@department1.example.org", true),
            ("glob", "team3-ada@company3.example.net", true),
            ("miss", "stranger@example.com", false),
            ("near miss", "stranger@lab.region3.example.net", false),
        ] {
            let email = Email::parse(email).unwrap();
            assert_eq!(is_let_in(&policies, &email), allowed);
            group.bench_function(BenchmarkId::new(name, count), |bencher| {
                bencher.iter(|| is_let_in(black_box(&policies), black_box(&email)));
            });
            emails.push(email);
        }
        // Of each pattern somebody, so that no look-up finds what the one before has left in the cache.
        let of_patterns =
            access.patterns.iter().map(|one| Email::parse(&one.as_str().replace('*', "ada")).unwrap());
        emails.extend(of_patterns);
        percentiles(&format!("{count} patterns"), &policies, &emails, 1_000_000);
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

/// Groups of few and of as many as may be, one and as many as a policy may name.
fn groups(criterion: &mut Criterion) {
    let member = |n: usize| Email::parse(&format!("member{n}@company{}.example.com", n % 97)).unwrap();
    let mut group = criterion.benchmark_group("verdict by group");
    for (count, members) in [(1, 10), (1, 10_000), (AccessConfiguration::MAX_GROUPS, 1_000)] {
        let mut groups = GroupMemberships::default();
        let mut names = Vec::new();
        for (number, n) in (1..).zip(0..count) {
            let name = GroupName::parse(&format!("group-{n}")).unwrap();
            names.push(name.reference());
            let of_it = (0..members).map(|one| member(n * members + one));
            groups.put(name, GroupSnapshot::of(GroupId::from_bytes([number; 16]), 1, of_it));
        }
        let policies = policies(&[json!({ "mode": "allow", "patterns": names })]);
        let (last, stranger) = (member(count * members - 1), Email::parse("stranger@example.com").unwrap());
        for (name, email, allowed) in [("member", last, true), ("miss", stranger, false)] {
            assert_eq!(is_let_in_with(&policies, &groups, &email), allowed);
            group.bench_function(BenchmarkId::new(name, format!("{count} of {members}")), |bencher| {
                bencher.iter(|| is_let_in_with(black_box(&policies), black_box(&groups), black_box(&email)));
            });
        }
    }
    group.finish();
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
        let query = QueryFacts::default();
        let facts = Facts {
            policy: PolicyId::from_bytes([1; 16]),
            tenant: None,
            endpoint: EndpointId::from_bytes([2; 16]),
            subject: Subject::Guest,
            now: Timestamp::parse("2026-11-24T20:30:00Z").unwrap(),
            query: Some(query),
            groups: None,
            marketplaces: None,
            hub: None,
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

/// As many patterns as may be of those that are tried one by one, in as many policies as an endpoint may have, against the
/// longest address, which each of them nearly matches.
fn dearest(criterion: &mut Criterion) {
    let email = Email::parse(&format!("{0}@{1}.{1}.{2}.aa", "a".repeat(64), "a".repeat(63), "a".repeat(58)));
    let email = email.unwrap();
    assert_eq!(email.as_str().len(), Email::MAX);
    let mut group = criterion.benchmark_group("dearest verdict");
    for (name, pattern) in dearest_patterns() {
        let configurations: Vec<_> = (0..MAX_ATTACHED)
            .map(|policy| {
                let one = |n: usize| pattern(policy * AccessConfiguration::MAX_MIXED_PATTERNS + n);
                let patterns: Vec<_> = (0..AccessConfiguration::MAX_MIXED_PATTERNS).map(one).collect();
                json!({ "mode": "deny", "patterns": patterns })
            })
            .collect();
        let policies = policies(&configurations);
        assert!(is_let_in(&policies, &email), "{name}");
        percentiles(name, &policies, std::slice::from_ref(&email), 10_000);
        group.bench_function(name, |bencher| {
            bencher.iter(|| is_let_in(black_box(&policies), black_box(&email)));
        });
    }
    group.finish();
}

type Pattern = fn(usize) -> String;

/// Patterns that are dear to try, each with a number to tell it from the others: no address of a's matches one. Together they
/// have as many `*` as such patterns of one policy may have.
fn dearest_patterns() -> [(&'static str, Pattern); 4] {
    /// So many a's, and a number that no address of a's has.
    fn run(length: usize, number: usize) -> String {
        format!("{}{number}", "a".repeat(length))
    }
    [
        ("an end that fails", |n| format!("*a*a*{}@*", run(n % 58 + 1, n))),
        ("long pieces that are looked for everywhere", |n| format!("*@*{}*", run(58, n))),
        ("pieces of all lengths", |n| format!("*a*@*{}*", run(n % 58 + 1, n))),
        ("many pieces", |n| format!("*@*a.a*{}*", run(n % 58 + 1, n))),
    ]
}

/// Nearly the longest conversation that is looked through, and as many policies as an endpoint may have that look into it.
fn long_conversations(criterion: &mut Criterion) {
    let types = PolicyTypes::default();
    let policies = PolicySet::new((0..MAX_ATTACHED).zip(1..).map(|(policy, number)| {
        let phrases: Vec<_> = (0..1_000).map(|n| format!("some phrase {policy} {n}")).collect();
        let stored = types.parse("content", &json!({ "block": phrases })).unwrap();
        Arc::new(CompiledPolicy::compile(&types, PolicyId::from_bytes([number; 16]), 1, &stored))
    }));
    let caller = Caller::Member { role: Role::User, email: None };
    let mut group = criterion.benchmark_group("verdict on 128 KiB");
    group.sample_size(10);
    for (name, text, times) in [
        ("words", "And what does some phrase 1 mean, in a few words? ", 2_500),
        ("accents", "Été où l’on rêvait d’une forêt à Zürich — ça va? ", 2_000),
        ("Japanese", "ペンギンはどこに住んでいますか。", 2_500),
        ("a character that stands for eighteen", "\u{fdfa}", 3_700),
    ] {
        let system = text.repeat(times);
        let before = Message { role: MessageRole::System, content: system };
        let question = Message { role: MessageRole::User, content: "When does it open?".to_owned() };
        let messages = vec![before, question];
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || Conversation::of_messages(messages.clone()).unwrap(),
                |conversation| {
                    let facts = QueryFacts { conversation: Some(&conversation), ..QueryFacts::default() };
                    let context = DecisionContext::at(Timestamp::from_unix_micros(0)).of_query(facts);
                    let resource = Resource::published(EndpointId::from_bytes([2; 16]));
                    assert!(policies.decide(resource, &caller, &context).is_allow());
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, verdicts, groups, dearest, long_conversations, schedules);
criterion_main!(benches);
