//! Tests of the audit index: a log is searched completely, however far its index has come.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::support::{
    SECRET_WORD, beside, execute, keep, kill_while_recording, open, port, read, scope, tenant_id, texts,
};
use syft_space_conformance::audit::mixed::{check_pages, check_pages_from, mixed_events, record_all};
use syft_space_domain::audit::ports::{EventFilter, LogScope, LogWriteScope, Projection};
use syft_space_domain::audit::{Event, Log, Person, PrunedBlock};
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
    log_of(home, 20_000)
}

fn log_of(home: &Path, count: u64) -> Vec<Event> {
    let store = without_index(home);
    let recorded = mixed_events(&scope(1), count);
    for (piece, others) in
        recorded.chunks(recorded.len() / 20).zip(mixed_events(&scope(2), 2_000).chunks(100))
    {
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
    // A block that cannot be: nothing is looked for behind the end of the log.
    execute(&database, "UPDATE audit_blocks SET block = 8000000000000000 WHERE block = 0;");
    let store = without_index(home.path());
    assert_eq!(projection(&store).seq, 0);
    check_pages(port(&store), &scope(1), &recorded, 20);
}

/// How many parts of merged blocks there are.
fn parts(database: &Path) -> usize {
    texts(&mut beside(database), "SELECT CAST(part AS TEXT) AS text FROM audit_segments").len()
}

/// Waits until each 64 blocks are merged.
fn wait_for_segments(database: &Path, count: usize) {
    while parts(database) < count * 256 {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn u1_filtered_pages_are_those_of_the_whole_log_however_many_of_its_blocks_are_merged() {
    let home = TempDir::new().unwrap();
    let database = home.path().join("app.db");
    let recorded = log_of(home.path(), 140_000);
    {
        let store = open(home.path());
        wait_for_index(&store);
        wait_for_segments(&database, 2);
        check_pages(port(&store), &scope(1), &recorded, 200);
    }
    let merged = dump(&database);
    // As a process leaves it that ends while a segment is stored; without the older one; and with blocks that were lost.
    let states = [
        "DELETE FROM audit_segments WHERE segment = 1 AND part > 95;",
        "DELETE FROM audit_segments WHERE segment = 0;",
        "DELETE FROM audit_blocks WHERE block >= 70;",
    ];
    for state in states {
        execute(&database, state);
        check_pages(port(&without_index(home.path())), &scope(1), &recorded, 60);
    }
    execute(&database, "DELETE FROM audit_segments;");
    {
        let store = open(home.path());
        wait_for_index(&store);
        wait_for_segments(&database, 2);
    }
    assert_eq!(dump(&database), merged, "what was lost is made anew as it was");
}

#[test]
fn g2_merged_blocks_go_when_one_of_them_is_pruned() {
    let home = TempDir::new().unwrap();
    let database = home.path().join("app.db");
    let mut recorded = log_of(home.path(), 140_000);
    let store = open(home.path());
    wait_for_index(&store);
    wait_for_segments(&database, 2);
    let check = |store: &SqliteStore, recorded: &[Event], blocks: u64| {
        let kept = recorded.iter().skip(usize::try_from(blocks * EVENTS_PER_BLOCK).unwrap()).cloned();
        let kept: Vec<Event> = kept.collect();
        check_pages_from(port(store), &scope(1), blocks * EVENTS_PER_BLOCK + 1, &kept, 60);
    };
    prune(&store, 0..3);
    assert_eq!(parts(&database), 256, "the other one is there");
    check(&store, &recorded, 3);
    // Nor is it made anew when it is looked for what is to be merged.
    drop(store);
    let store = open(home.path());
    let more = mixed_events(&scope(1), 2 * EVENTS_PER_BLOCK);
    record_all(port(&store), &more);
    recorded.extend(more);
    wait_for_index(&store);
    assert_eq!(parts(&database), 256);
    check(&store, &recorded, 3);
    prune(&store, 3..67);
    assert_eq!(parts(&database), 0);
    check(&store, &recorded, 67);
}

/// Prunes some blocks of the first tenant's log.
fn prune(store: &SqliteStore, blocks: Range<u64>) {
    for number in blocks {
        let block = read(store, move |view| {
            Ok(PrunedBlock::read(view, LogScope::Tenant(&scope(1)), number).expect("the log is as it was"))
        });
        let block = block.unwrap();
        keep(store, move |tx| {
            let log = LogWriteScope::assume(Log::Tenant(tenant_id(1)), "a test plays the space");
            tx.prune(&log, &block).map(|pruned| assert_eq!(pruned, EVENTS_PER_BLOCK))
        });
    }
}

/// As text, to be compared.
fn dump(database: &Path) -> Vec<String> {
    let mut blocks = texts(
        &mut beside(database),
        "SELECT hex(log) || part || ' ' || segment || hex(postings) AS text FROM audit_segments ORDER BY log, part, segment",
    );
    blocks.extend(dump_blocks(database));
    blocks
}

fn dump_blocks(database: &Path) -> Vec<String> {
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
    let before = dump_blocks(&database);
    assert_eq!(before.len(), 19 + 1, "every full block of both logs");
    execute(&database, "DELETE FROM audit_blocks;");
    let store = open(home.path());
    wait_for_index(&store);
    check_pages(port(&store), &scope(1), &recorded, 60);
    drop(store);
    assert_eq!(dump_blocks(&database), before);
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
