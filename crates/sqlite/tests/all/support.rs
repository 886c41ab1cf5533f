//! The values that the tests write, each with a number, and a few steps that many tests share.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query, sql_types};
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::audit::{Action, Actor, Event, Log, Outcome, Person, RecordedEvent};
use syft_space_domain::dataset::{
    AnalyzerSettings, Chunk, ContentHash, Dataset, DatasetState, Document, DocumentId, Location,
};
use syft_space_domain::endpoint::{Endpoint, ResponseType, Slug};
use syft_space_domain::ids::{DatasetId, EndpointId, EventId, JobId, RequestId, TenantId};
use syft_space_domain::page::{PageLimit, PageRequest};
use syft_space_domain::store::{Flow, NoopHook, Store, StoreError, Tx, View};
use syft_space_domain::tenant::{OperatorScope, Tenant, TenantLimits, TenantName, TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;
use syft_space_domain::unit::{Receipt, Recorded};
use syft_space_home::Home;
use syft_space_memory::SeededEntropy;
use syft_space_sqlite::{SqliteDocuments, SqliteOptions, SqliteStore};

pub(crate) const SECRET_WORD: &str = "person-17@example.org";

fn bytes(n: u64) -> [u8; 16] {
    (u128::from(n) | 0x7000_8000_0000_0000_0000).to_be_bytes()
}

pub(crate) fn tenant_id(n: u64) -> TenantId {
    TenantId::from_bytes(bytes(n))
}

pub(crate) fn dataset_id(n: u64) -> DatasetId {
    DatasetId::from_bytes(bytes(n))
}

pub(crate) fn job_id(n: u64) -> JobId {
    JobId::from_bytes(bytes(n))
}

pub(crate) fn endpoint_id(n: u64) -> EndpointId {
    EndpointId::from_bytes(bytes(n))
}

/// The right to write in a tenant, made inside a unit.
pub(crate) fn write_scope(n: u64) -> WriteScope {
    WriteScope::assume(&scope(n), "a test plays the tenant")
}

pub(crate) fn scope(n: u64) -> TenantScope {
    TenantScope::assume(tenant_id(n), "a test plays every tenant")
}

/// The documents in a home, as the next start opens them.
pub(crate) fn documents_of(home: &Home) -> SqliteDocuments {
    static STARTS: AtomicU64 = AtomicU64::new(0);
    let entropy = SeededEntropy::new(STARTS.fetch_add(1, Ordering::Relaxed));
    SqliteDocuments::new(home, &entropy).unwrap()
}

pub(crate) fn time(n: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_764_000_000_000_000 + n)
}

pub(crate) fn tenant(n: u64) -> Tenant {
    Tenant {
        id: tenant_id(n),
        name: TenantName::parse(&format!("tenant-{n}")).unwrap(),
        max_key_days: Tenant::DEFAULT_MAX_KEY_DAYS,
        end: None,
        second_factor_roles: [].into(),
        limits: TenantLimits::default(),
        version: 0,
        revision: 1,
        created_at: time(1),
    }
}

pub(crate) fn dataset(n: u64) -> Dataset {
    named_dataset(n, &format!("dataset {n}"))
}

pub(crate) fn named_dataset(n: u64, name: &str) -> Dataset {
    Dataset {
        id: dataset_id(n),
        name: name.to_owned(),
        summary: String::new(),
        tags: String::new(),
        analyzer: AnalyzerSettings::default(),
        retrieval: Default::default(),
        vectors: Default::default(),
        state: DatasetState::Active,
        revision: 1,
        created_at: time(2),
        updated_at: time(2),
    }
}

pub(crate) fn endpoint(n: u64, dataset: u64) -> Endpoint {
    Endpoint {
        id: endpoint_id(n),
        name: format!("Endpoint {n}"),
        slug: Slug::parse(&format!("endpoint-{n}")).unwrap(),
        summary: String::new(),
        description: "What there is to say about it, in a sentence or two of a usual length.".to_owned(),
        tags: String::new(),
        dataset: dataset_id(dataset),
        response_type: ResponseType::Raw,
        published: true,
        revision: 1,
        created_at: time(3),
        updated_at: time(3),
    }
}

pub(crate) fn event(log: impl Into<Log>) -> Event {
    Event {
        id: EventId::from_bytes(bytes(1)),
        salt: [7; 16],
        log: log.into(),
        time: time(4),
        action: Action::EndpointQuery,
        outcome: Outcome::Success,
        actor: Actor::System,
        object: None,
        reason_code: None,
        request: Some(RequestId::from_bytes(bytes(9))),
        count: 1,
        policy: None,
        person: Person {
            address: Some([192, 0, 2, 1].into()),
            email: Some(SECRET_WORD.to_owned()),
            user_agent: Some("a client".to_owned()),
            ..Person::default()
        },
    }
}

pub(crate) fn document(id: &str, content: &str) -> Document {
    Document {
        id: DocumentId::parse(id).unwrap(),
        content: content.to_owned(),
        metadata: serde_json::Map::new(),
        chunks: vec![Chunk { text: content.to_owned(), location: Location::default() }],
        sha256: ContentHash::of_file(content.as_bytes()),
        reader: None,
        created_at: time(5),
    }
}

pub(crate) fn open(home: &Path) -> SqliteStore {
    SqliteStore::open(home, SqliteOptions::default(), Arc::new(NoopHook)).unwrap()
}

/// The store as its users see it.
pub(crate) fn port(store: &SqliteStore) -> &dyn Store {
    store
}

/// Reads from a new snapshot.
pub(crate) fn read<T: Send + 'static>(
    store: &SqliteStore,
    work: impl FnOnce(&mut dyn View) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    port(store).read(Flow::Installation, work).wait()
}

/// Submits a unit whose rows are kept, with one event in the installation's log.
pub(crate) fn submit<T: Send + 'static>(
    store: &SqliteStore,
    mut work: impl FnMut(&mut dyn Tx) -> Result<T, StoreError> + Send + 'static,
) -> Receipt<T, StoreError> {
    port(store).write(move |tx| Ok(Recorded::new(work(tx)?, event(Log::Installation))))
}

pub(crate) fn keep(
    store: &SqliteStore,
    work: impl FnMut(&mut dyn Tx) -> Result<(), StoreError> + Send + 'static,
) {
    submit(store, work).wait().unwrap();
}

/// Submits a unit that holds the writer up until something is sent, so that other units gather behind it.
pub(crate) fn hold_up(store: &SqliteStore) -> (Sender<()>, Receipt<(), StoreError>) {
    let (entered, inside) = channel();
    let (release, gate): (Sender<()>, Receiver<()>) = channel();
    let receipt = submit(store, move |_| {
        entered.send(()).unwrap();
        gate.recv().unwrap();
        Ok(())
    });
    inside.recv().unwrap();
    (release, receipt)
}

/// Every event of a log, the oldest first.
pub(crate) fn log(store: &SqliteStore, log: Log) -> Vec<RecordedEvent> {
    let events = read(store, move |view| {
        let mut events = Vec::new();
        let mut after = None;
        loop {
            let request = PageRequest { limit: PageLimit::LARGEST, after };
            let any = EventFilter::default();
            let page = match log {
                Log::Installation => view.installation_events(&OperatorScope::at_startup(), &any, request),
                Log::Tenant(id) => {
                    view.events(&TenantScope::assume(id, "a test reads every log"), &any, request)
                }
            };
            let page = page?.events;
            events.extend(page.items);
            after = page.next;
            if after.is_none() {
                events.reverse();
                return Ok(events);
            }
        }
    });
    events.unwrap()
}

/// Asserts that a log counts 1, 2, 3 … up to its length, and answers the length.
pub(crate) fn gap_free(store: &SqliteStore, of: Log) -> u64 {
    let numbers: Vec<u64> = log(store, of).iter().map(|event| event.seq).collect();
    let count = u64::try_from(numbers.len()).unwrap();
    assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
    count
}

/// A connection beside the store's own.
pub(crate) fn beside(database: &Path) -> SqliteConnection {
    SqliteConnection::establish(database.to_str().unwrap()).unwrap()
}

pub(crate) fn execute(database: &Path, statements: &str) {
    beside(database).batch_execute(statements).unwrap();
}

#[derive(QueryableByName)]
struct Text {
    #[diesel(sql_type = sql_types::Text)]
    text: String,
}

/// The column `text` of each row.
pub(crate) fn texts(connection: &mut SqliteConnection, query: &str) -> Vec<String> {
    sql_query(query).load::<Text>(connection).unwrap().into_iter().map(|row| row.text).collect()
}

/// Runs a test in a process of its own, which finds the home in the variable, says when it begins to record, and records until it is
/// killed: at another moment in each round.
pub(crate) fn kill_while_recording(test: &str, variable: &str, home: &Path, round: u64) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(variable, home)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("recording")), "the child began to record");
    // The moment is what this is about.
    thread::sleep(Duration::from_millis(97 + 61 * round % 400));
    child.kill().unwrap();
    child.wait().unwrap();
}
