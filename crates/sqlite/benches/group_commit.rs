//! Benchmarks: the events durably recorded in a second, and the time of a read.
#![expect(clippy::unwrap_used, reason = "a benchmark fails as a test does")]

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use syft_space_domain::access::Role;
use syft_space_domain::audit::{Action, Actor, Event, Log, Object, ObjectKind, Outcome, Person};
use syft_space_domain::dataset::{AnalyzerSettings, Dataset, DatasetState};
use syft_space_domain::endpoint::{Endpoint, ResponseType, Slug};
use syft_space_domain::ids::{AccountId, DatasetId, EndpointId, EventId, RequestId, TenantId};
use syft_space_domain::store::{NoopHook, Store, StoreError, View};
use syft_space_domain::tenant::{Tenant, TenantLimits, TenantName, TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;
use syft_space_domain::unit::{Receipt, Recorded};
use syft_space_sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

const TENANT: [u8; 16] = [1; 16];
const IN_FLIGHT: usize = 64;

fn write_scope() -> WriteScope {
    WriteScope::assume(&scope(), "a benchmark plays the tenant")
}

fn scope() -> TenantScope {
    TenantScope::assume(TenantId::from_bytes(TENANT), "a benchmark plays a tenant")
}

/// The event of an ordinary query.
fn query() -> Event {
    Event {
        id: EventId::from_bytes([2; 16]),
        salt: [3; 16],
        log: Log::from(&scope()),
        time: Timestamp::from_unix_micros(1_764_000_000_000_000),
        action: Action::EndpointQuery,
        outcome: Outcome::Success,
        actor: Actor::Account { id: AccountId::from_bytes([4; 16]), role: Some(Role::User) },
        object: Some(Object::new(ObjectKind::Endpoint, EndpointId::from_bytes([5; 16]))),
        reason_code: None,
        request: Some(RequestId::from_bytes([6; 16])),
        count: 1,
        policy: None,
        person: Person {
            address: Some([192, 0, 2, 17].into()),
            email: None,
            user_agent: Some(
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
            ),
            ..Person::default()
        },
    }
}

fn port(store: &SqliteStore) -> &dyn Store {
    store
}

fn record(store: &SqliteStore) -> Receipt<(), StoreError> {
    port(store).record(query())
}

/// Records events from some threads, each of which keeps some on their way, and measures until all are durable.
fn record_from(threads: usize, store: &SqliteStore, events: u64) -> Duration {
    let each = events.div_ceil(u64::try_from(threads).unwrap());
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    let start = Instant::now();
    thread::scope(|running| {
        for _ in 0..threads {
            running.spawn(|| {
                let mut on_their_way = VecDeque::new();
                for _ in 0..each {
                    if on_their_way.len() == IN_FLIGHT / threads {
                        let oldest: Option<Receipt<(), StoreError>> = on_their_way.pop_front();
                        oldest.unwrap().wait().unwrap();
                    }
                    on_their_way.push_back(record(store));
                }
                on_their_way.into_iter().for_each(|receipt| receipt.wait().unwrap());
            });
        }
    });
    start.elapsed()
}

fn furnish(store: &SqliteStore) {
    let (dataset, now) = (DatasetId::from_bytes([7; 16]), Timestamp::from_unix_micros(1));
    let furnished: Receipt<(), StoreError> = port(store).write(move |tx| {
        tx.add_tenant(&Tenant {
            id: scope().tenant(),
            name: TenantName::parse("acme").unwrap(),
            max_key_days: Tenant::DEFAULT_MAX_KEY_DAYS,
            end: None,
            second_factor_roles: [].into(),
            revision: 1,
            limits: TenantLimits::default(),
            version: 0,
            created_at: now,
        })?;
        tx.add_dataset(
            &write_scope(),
            &Dataset {
                id: dataset,
                name: "docs".to_owned(),
                summary: String::new(),
                tags: String::new(),
                analyzer: AnalyzerSettings::default(),
                retrieval: Default::default(),
                vectors: Default::default(),
                state: DatasetState::Active,
                revision: 1,
                created_at: now,
                updated_at: now,
            },
        )?;
        for n in 0..100_u8 {
            tx.add_endpoint(
                &write_scope(),
                &Endpoint {
                    id: EndpointId::from_bytes([n; 16]),
                    name: format!("Endpoint {n}"),
                    slug: Slug::parse(&format!("endpoint-{n}")).unwrap(),
                    summary: "What it is about.".to_owned(),
                    description: "All there is to say about it.".to_owned(),
                    tags: String::new(),
                    dataset,
                    response_type: ResponseType::Raw,
                    published: true,
                    revision: 1,
                    created_at: now,
                    updated_at: now,
                },
            )?;
        }
        Ok(Recorded::new((), query()))
    });
    furnished.wait().unwrap();
}

fn benches(criterion: &mut Criterion) {
    let home = TempDir::new().unwrap();
    let store = SqliteStore::open(home.path(), SqliteOptions::default(), Arc::new(NoopHook)).unwrap();
    furnish(&store);

    let mut group = criterion.benchmark_group("record");
    group.throughput(Throughput::Elements(1)).measurement_time(Duration::from_secs(10)).sample_size(20);
    group.bench_function("64 threads", |bencher| bencher.iter_custom(|n| record_from(64, &store, n)));
    group.bench_function("2 threads, 64 on their way", |bencher| {
        bencher.iter_custom(|n| record_from(2, &store, n));
    });
    group.bench_function("one at a time", |bencher| bencher.iter(|| record(&store).wait().unwrap()));
    group.finish();

    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Elements(1));
    let reader: &dyn Store = &store;
    let endpoint = |view: &mut dyn View| view.endpoint(&scope(), EndpointId::from_bytes([50; 16]));
    group.bench_function("an endpoint", |bencher| {
        bencher.iter(|| reader.read(&scope(), endpoint).wait().unwrap().unwrap());
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
