//! Tests of the audit index: a log is searched completely, however far its index has come.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::support::{
    SECRET_WORD, beside, execute, kill_while_recording, open, port, read, scope, tenant_id, texts,
};
use syft_space_conformance::audit::mixed::{check_pages, mixed_events, record_all};
use syft_space_domain::audit::ports::{EventFilter, Projection};
use syft_space_domain::audit::{Event, Log, Person};
use syft_space_domain::page::PageRequest;
use syft_space_domain::store::NoopHook;
use syft_space_sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

const EVENTS_PER_BLOCK: u64 = 1_024;

/// A store whose index stays as it is.
fn without_index(home: &Path) -> SqliteStore {
    let options = SqliteOptions { index_audit: false, ..SqliteOptions::default() };
    SqliteStore::open(home, options, Arc::new(NoopHook)).unwrap()
}

fn projection(store: &SqliteStore) -> Projection {
    let page = read(store, |view| view.events(&scope(1), &EventFilter::default(), PageRequest::default()));
    page.unwrap().projection
}

/// Waits until the index holds every full block.
fn wait_for_index(store: &SqliteStore) -> Projection {
    loop {
        let now = projection(store);
        if now.lag < EVENTS_PER_BLOCK {
            return now;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// A log of 20,000 events of a tenant's, with some of another's between them, and no index yet.
fn long_log(home: &Path) -> Vec<Event> {
    let store = without_index(home);
    let recorded = mixed_events(&scope(1), 20_000);
    for (piece, others) in recorded.chunks(1_000).zip(mixed_events(&scope(2), 2_000).chunks(100)) {
        record_all(port(&store), piece);
        record_all(port(&store), others);
    }
    recorded
}

#[test]
fn u1_filtered_pages_are_those_of_the_whole_log_at_any_state_of_the_index() {
    let home = TempDir::new().unwrap();
    let database = home.path().join("app.db");
    let recorded = long_log(home.path());
    {
        let store = without_index(home.path());
        assert_eq!(projection(&store), Projection { seq: 0, lag: 20_000 });
        check_pages(port(&store), &scope(1), &recorded, 60);
    }
    {
        // While the index is being made, and when it is.
        let store = open(home.path());
        check_pages(port(&store), &scope(1), &recorded, 60);
        assert_eq!(
            wait_for_index(&store),
            Projection { seq: 19 * EVENTS_PER_BLOCK, lag: 20_000 - 19 * EVENTS_PER_BLOCK }
        );
        check_pages(port(&store), &scope(1), &recorded, 200);
    }
    for blocks in [18, 7, 1] {
        execute(&database, &format!("DELETE FROM audit_blocks WHERE block >= {blocks};"));
        let store = without_index(home.path());
        assert_eq!(projection(&store).seq, blocks * EVENTS_PER_BLOCK);
        check_pages(port(&store), &scope(1), &recorded, 60);
    }
}

/// As text, to be compared.
fn dump(database: &Path) -> Vec<String> {
    let blocks = "SELECT hex(log) || block || ' ' || first_time || ' ' || last_time || hex(actions) || hex(outcomes) || \
                  hex(accounts) || hex(times) AS text FROM audit_blocks ORDER BY log, block";
    texts(&mut beside(database), blocks)
}

#[test]
fn u1_an_index_that_was_lost_is_made_anew_as_it_was() {
    let home = TempDir::new().unwrap();
    let database = home.path().join("app.db");
    let recorded = long_log(home.path());
    wait_for_index(&open(home.path()));
    let before = dump(&database);
    assert_eq!(before.len(), 19 + 1, "every full block of both logs");
    execute(&database, "DELETE FROM audit_blocks;");
    let store = open(home.path());
    wait_for_index(&store);
    check_pages(port(&store), &scope(1), &recorded, 60);
    drop(store);
    assert_eq!(dump(&database), before);
}

#[test]
fn g3_the_index_holds_nothing_of_a_person_but_ids() {
    let home = TempDir::new().unwrap();
    let recorded: Vec<Event> = long_log(home.path());
    let store = open(home.path());
    let personal = Person {
        address: Some([192, 0, 2, 77].into()),
        email: Some(SECRET_WORD.to_owned()),
        user_agent: Some("a client of its own".to_owned()),
        ..Person::default()
    };
    let events: Vec<Event> =
        recorded.into_iter().take(2_000).map(|event| Event { person: personal.clone(), ..event }).collect();
    record_all(port(&store), &events);
    wait_for_index(&store);
    drop(store);
    let index = dump(&home.path().join("app.db"));
    assert_eq!(index.len(), 21 + 1, "the new events are in the index");
    for personal in [SECRET_WORD, "192.0.2.77", "a client of its own"] {
        let hex: String = personal.bytes().map(|byte| format!("{byte:02X}")).collect();
        assert!(!index.iter().any(|block| block.contains(&hex)), "{personal} is not in the index");
    }
}

const CHILD_VARIABLE: &str = "SYFT_SPACE_TEST_INDEX_CHILD";

#[test]
fn r1_u1_the_index_goes_on_where_it_was_after_a_kill_at_any_moment() {
    if let Some(home) = std::env::var_os(CHILD_VARIABLE) {
        // This is the process that will be killed: it records as fast as it can, and its index follows.
        let store = open(Path::new(&home));
        println!("recording");
        loop {
            record_all(port(&store), &mixed_events(&scope(1), 300));
        }
    }
    let rounds = std::env::var("SYFT_SPACE_PROVE_ROUNDS").map_or(4, |rounds| rounds.parse().unwrap());
    let home = TempDir::new().unwrap();
    for round in 0..rounds {
        let name = "audit_index::r1_u1_the_index_goes_on_where_it_was_after_a_kill_at_any_moment";
        kill_while_recording(name, CHILD_VARIABLE, home.path(), round);
        let recorded = {
            let store = without_index(home.path());
            let recorded: Vec<Event> = crate::support::log(&store, Log::Tenant(tenant_id(1)))
                .into_iter()
                .map(|recorded| recorded.event)
                .collect();
            check_pages(port(&store), &scope(1), &recorded, 20);
            recorded
        };
        let store = open(home.path());
        wait_for_index(&store);
        check_pages(port(&store), &scope(1), &recorded, 20);
        assert!(!recorded.is_empty());
    }
}
