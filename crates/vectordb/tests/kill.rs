//! The space is killed at each request that it makes, before the server does anything and after: whatever that leaves is
//! mended by doing the same again.
#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use syft_space_conformance::sample::{dataset_id, scope};
use syft_space_domain::dataset::VectorDatabaseKind::{self, Chroma, Qdrant};
use syft_space_domain::dataset::ports::{VectorIndex, VectorIndexError};
use syft_space_domain::tenant::OperatorScope;
use syft_space_vectordb::{RoutedVectors, Swept};
use tempfile::TempDir;

use support::server::{Fault, Server};
use support::{OnePlace, apply, at, database, encoded, find, hasty, index_in, outdate, removed};

const HOME: &str = "SYFT_SPACE_TEST_HOME";
const URL: &str = "SYFT_SPACE_TEST_URL";
const KIND: &str = "SYFT_SPACE_TEST_KIND";

/// All that can be done to a dataset's vectors, but destroying them.
fn steps(index: &RoutedVectors) -> Result<(), VectorIndexError> {
    let all = [
        encoded(1, "boats", &[0.9, 0.3]),
        encoded(2, "crane", &[0.6]),
        encoded(3, "pilot", &[0.8, 0.2, 0.1]),
        encoded(4, "boats", &[0.7]),
        removed(5, "pilot"),
        encoded(6, "whale", &[0.5, 0.4]),
    ];
    for some in all.chunks(2) {
        // What was followed already is not brought again.
        apply(index, some)?;
    }
    outdate(index, 7, "crane")
}

fn index_at(home: &Path, kind: VectorDatabaseKind, url: &str) -> RoutedVectors {
    index_in(home, &OnePlace::at(database(kind, url, None)), hasty())
}

#[test]
#[ignore = "it is run, and killed, by the test below"]
fn takes_steps_until_it_is_killed() {
    let Ok(home) = std::env::var(HOME) else { return };
    let kind: VectorDatabaseKind = std::env::var(KIND).unwrap().parse().unwrap();
    let index = index_at(Path::new(&home), kind, &std::env::var(URL).unwrap());
    steps(&index).unwrap();
    index.destroy_all(&scope(1), dataset_id(1)).unwrap();
}

#[test]
fn q2_a_space_that_is_killed_at_any_request_leaves_nothing_that_is_not_mended() {
    for kind in [Chroma, Qdrant] {
        let mut kills = 0;
        // After the last request nothing is left to be killed.
        'requests: for request in 0.. {
            for fault in [Fault::Ignored, Fault::Unanswered] {
                let (server, home) = (Server::start(), TempDir::new().unwrap());
                if !kill_at(request, &fault, kind, &server, home.path()) {
                    break 'requests;
                }
                kills += 1;
                let what = format!("{kind}, request {request}, {fault:?}");
                let index = index_at(home.path(), kind, &server.url());
                // What was destroyed is not brought back by anything but bringing it again.
                match steps(&index) {
                    Err(VectorIndexError::Damaged(_)) => panic!("{what}: nothing was lost"),
                    done => done.unwrap(),
                }
                let swept = index.sweep(&OperatorScope::at_startup()).unwrap();
                assert_eq!(swept, Swept { settled: 1, ..Swept::default() }, "{what}");
                let found = at(&[("boats", 0), ("whale", 0), ("whale", 1)]);
                assert_eq!(find(&index, 9).unwrap(), found, "{what}");
                assert_eq!(server.counts(), [3], "{what}: and nothing else lies there");
                index.destroy_all(&scope(1), dataset_id(1)).unwrap();
                assert_eq!(server.counts(), [0; 0], "{what}");
            }
        }
        assert!(kills > 30, "{kind}: {kills} kills");
    }
}

/// Has a process take all steps, and kills it when it makes this request. `false` when it does not get that far.
fn kill_at(request: usize, fault: &Fault, kind: VectorDatabaseKind, server: &Server, home: &Path) -> bool {
    let child: Arc<Mutex<Option<Child>>> = Arc::default();
    let (killed, fault) = (Arc::clone(&child), fault.clone());
    server.with_faults(move |number, _| {
        if number < request {
            return None;
        }
        // The process may not be noted yet: whoever notes it has the lock.
        if let Some(mut child) = killed.lock().unwrap().take() {
            child.kill().unwrap();
            child.wait().unwrap();
            return Some(fault.clone());
        }
        Some(Fault::Ignored)
    });
    let mut slot = child.lock().unwrap();
    let started = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "takes_steps_until_it_is_killed", "--ignored"])
        .env(HOME, home)
        .env(URL, server.url())
        .env(KIND, kind.as_str())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let id = started.id();
    *slot = Some(started);
    drop(slot);
    // It ends by itself or is killed. Whoever kills it takes it out, so it is looked for without waiting for it.
    let ended = loop {
        let mut slot = child.lock().unwrap();
        match slot.as_mut() {
            None => break false,
            Some(child) => {
                if let Some(status) = child.try_wait().unwrap() {
                    assert!(status.success(), "process {id} failed by itself");
                    break true;
                }
            }
        }
        drop(slot);
        std::thread::yield_now();
    };
    server.without_faults();
    !ended
}
