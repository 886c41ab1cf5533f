//! Tests of the tree over a log in `app.db`: after a kill, over logs from before there was one, and when it is damaged.

use std::path::Path;

use crate::support::{beside, execute, kill_while_recording, log, open, port, read, scope, tenant_id, texts};
use syft_space_conformance::audit::mixed::{mixed_events, record_all};
use syft_space_domain::audit::ports::LogScope;
use syft_space_domain::audit::tree::{BLOCK_LEAVES, Frontier};
use syft_space_domain::audit::{Log, LogTree, RecordedEvent};
use syft_space_domain::store::StoreError;
use syft_space_sqlite::SqliteStore;
use tempfile::TempDir;

/// The tree over the events that are stored.
fn tree_of(events: &[RecordedEvent]) -> Frontier {
    let mut tree = Frontier::default();
    for event in events {
        let _ = tree.push(event.leaf());
    }
    tree
}

/// Asserts that what is kept of a tenant's tree is what its events give. Answers how many there are.
fn assert_fits(store: &SqliteStore, tenant: u64) -> u64 {
    let events = log(store, Log::Tenant(tenant_id(tenant)));
    let head = read(store, move |view| view.log_head(LogScope::Tenant(&scope(tenant)))).unwrap();
    assert_eq!(*head.tree(), tree_of(&events), "the head is that of the events");
    let size = head.seq();
    let proved = read(store, move |view| {
        let scope = scope(tenant);
        let mut tree = LogTree::open(view, LogScope::Tenant(&scope)).unwrap();
        for (seq, of) in [(1, size), (size, size), (size.div_ceil(2), size), (1, size.div_ceil(2))] {
            tree.inclusion(seq, of).unwrap();
            tree.consistency(seq, of).unwrap();
        }
        Ok(size)
    });
    proved.unwrap()
}

const TREE: &str = "SELECT hex(log) || block || hex(root) AS text FROM audit_tree_blocks UNION ALL \
     SELECT hex(log) || last_seq || hex(frontier) FROM audit_logs ORDER BY text";

/// Makes a database one of before there were trees, as the migration finds it.
const WITHOUT_TREES: &str = "DELETE FROM audit_tree_blocks; UPDATE audit_logs SET frontier = x''; \
     INSERT INTO audit_tree_backlog SELECT log, 0, x'' FROM audit_logs WHERE last_seq > 0;";

#[test]
fn u1_logs_from_before_get_their_trees_when_the_database_is_opened() {
    let home = TempDir::new().unwrap();
    let database = home.path().join("app.db");
    {
        let store = open(home.path());
        for piece in mixed_events(&scope(1), 19_000).chunks(1_000) {
            record_all(port(&store), piece);
        }
        record_all(port(&store), &mixed_events(&scope(2), 1_024));
        record_all(port(&store), &mixed_events(&scope(3), 5));
    }
    let before = texts(&mut beside(&database), TREE);
    assert_eq!(before.len(), 18 + 1 + 3, "the full blocks, and the heads");
    execute(&database, WITHOUT_TREES);
    assert_ne!(texts(&mut beside(&database), TREE), before);
    drop(open(home.path()));
    assert_eq!(texts(&mut beside(&database), TREE), before, "the trees are as if they had always been there");

    // A start that was cut short has filled the first part.
    let of_one = "FROM audit_logs WHERE last_seq = 19000";
    let events = log(&open(home.path()), Log::Tenant(tenant_id(1)));
    let frontier = hex(&tree_of(&events[..16 * 1_024]).to_bytes());
    execute(
        &database,
        &format!(
            "DELETE FROM audit_tree_blocks WHERE log = (SELECT log {of_one}) AND block >= 16;
             INSERT INTO audit_tree_backlog SELECT log, 16384, x'{frontier}' {of_one};
             UPDATE audit_logs SET frontier = x'' WHERE last_seq = 19000;"
        ),
    );
    assert_eq!(assert_fits(&open(home.path()), 1), 19_000);
    assert_eq!(texts(&mut beside(&database), TREE), before, "it goes on where it was cut short");
    let left = texts(&mut beside(&database), "SELECT 'a log' AS text FROM audit_tree_backlog");
    assert_eq!(left, Vec::<String>::new());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[test]
fn u1_a_head_that_does_not_fit_its_log_is_an_error_and_never_made_anew() {
    let home = TempDir::new().unwrap();
    let database = home.path().join("app.db");
    record_all(port(&open(home.path())), &mixed_events(&scope(1), 100));
    for damage in ["x''", "zeroblob(32)", "zeroblob(97)"] {
        execute(&database, &format!("UPDATE audit_logs SET frontier = {damage} WHERE last_seq = 100;"));
        let store = open(home.path());
        let head = read(&store, move |view| view.log_head(LogScope::Tenant(&scope(1))));
        assert!(matches!(head, Err(StoreError::Failed(_))), "{head:?}");
        let event = mixed_events(&scope(1), 1).remove(0);
        let recorded = port(&store).record(event).wait();
        assert!(matches!(recorded, Err(StoreError::Failed(_))), "nothing is put behind it: {recorded:?}");
        record_all(port(&store), &mixed_events(&scope(2), 1));
    }
    let seen = texts(&mut beside(&database), "SELECT CAST(MAX(seq) AS TEXT) AS text FROM audit_events");
    assert_eq!(seen, ["100"]);
}

#[test]
fn u1_a_log_that_lacks_an_event_or_a_block_is_not_proved() {
    let home = TempDir::new().unwrap();
    let database = home.path().join("app.db");
    {
        let store = open(home.path());
        for piece in mixed_events(&scope(1), 2 * BLOCK_LEAVES + 9).chunks(1_000) {
            record_all(port(&store), piece);
        }
    }
    for damage in [
        "DELETE FROM audit_events WHERE seq = 2050;",
        "UPDATE audit_events SET count = 2 WHERE seq = 2051;",
        "UPDATE audit_tree_blocks SET root = zeroblob(32) WHERE block = 1;",
        "DELETE FROM audit_tree_blocks WHERE block = 0;",
    ] {
        execute(&database, damage);
        let store = open(home.path());
        let proved = read(&store, move |view| {
            let scope = scope(1);
            let mut tree = LogTree::open(view, LogScope::Tenant(&scope))?;
            Ok((tree.inclusion(2_052, 2_057), tree.consistency(2_052, 2_057)))
        });
        let (inclusion, consistency) = proved.unwrap();
        assert!(inclusion.is_err() && consistency.is_err(), "{damage}: {inclusion:?} {consistency:?}");
    }
}

const CHILD_VARIABLE: &str = "SYFT_SPACE_TEST_TREE_CHILD";

#[test]
fn r1_u1_after_a_kill_at_any_moment_the_head_is_that_of_the_events() {
    if let Some(home) = std::env::var_os(CHILD_VARIABLE) {
        // This is the process that will be killed.
        let store = open(Path::new(&home));
        println!("recording");
        loop {
            record_all(port(&store), &mixed_events(&scope(1), 30));
            record_all(port(&store), &mixed_events(&scope(2), 1));
        }
    }
    let rounds = std::env::var("SYFT_SPACE_PROVE_ROUNDS").map_or(4, |rounds| rounds.parse().unwrap());
    let home = TempDir::new().unwrap();
    for round in 0..rounds {
        let name = "audit_tree::r1_u1_after_a_kill_at_any_moment_the_head_is_that_of_the_events";
        kill_while_recording(name, CHILD_VARIABLE, home.path(), round);
        let store = open(home.path());
        assert!(assert_fits(&store, 1) > 0);
        assert!(assert_fits(&store, 2) > 0);
    }
}
