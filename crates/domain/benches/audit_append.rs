//! Benchmarks: what an event costs on its way into a log, and what verifying a log costs.
#![expect(clippy::unwrap_used, reason = "a benchmark fails as a test does")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use syft_space_domain::access::Role;
use syft_space_domain::audit::{
    Action, Actor, Event, Log, LogHead, LogVerifier, Object, ObjectKind, Outcome, Person,
};
use syft_space_domain::ids::{AccountId, EndpointId, EventId, RequestId, TenantId};
use syft_space_domain::time::Timestamp;

/// The event of an ordinary query.
fn query() -> Event {
    Event {
        id: EventId::from_bytes([2; 16]),
        salt: [3; 16],
        log: Log::Tenant(TenantId::from_bytes([1; 16])),
        time: Timestamp::from_unix_micros(1_764_000_000_000_000),
        action: Action::EndpointQuery,
        outcome: Outcome::Success,
        actor: Actor::Account { id: AccountId::from_bytes([4; 16]), role: Some(Role::User) },
        object: Some(Object::new(ObjectKind::Endpoint, EndpointId::from_bytes([5; 16]))),
        reason_code: None,
        request: Some(RequestId::from_bytes([6; 16])),
        count: 1,
        policy: None,
        person: Person { address: Some([192, 0, 2, 17].into()), ..Person::default() },
    }
}

fn appending(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("audit");
    group.throughput(Throughput::Elements(1));
    group.bench_function("without_a_tree", |bencher| {
        bencher.iter(|| {
            let event = query();
            let person = event.person.canonical();
            black_box(Person::commitment(&event.salt, &person));
        });
    });
    group.bench_function("append", |bencher| {
        let mut head = LogHead::default();
        bencher.iter(|| black_box(head.append(query())));
    });
    const EVENTS: u64 = 10_000;
    let mut head = LogHead::default();
    let log: Vec<_> = (0..EVENTS).map(|_| head.append(query()).recorded).collect();
    group.throughput(Throughput::Elements(EVENTS));
    group.bench_function("verify", |bencher| {
        bencher.iter(|| {
            let mut verifier = LogVerifier::new(Vec::new()).unwrap();
            log.iter().for_each(|event| verifier.take(event, false).unwrap());
            black_box(verifier.finish().unwrap())
        });
    });
    group.finish();
}

criterion_group!(benches, appending);
criterion_main!(benches);
