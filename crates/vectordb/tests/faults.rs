//! Servers that are away, slow, wrong or forgetful.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests and their helpers may panic, and measure"
)]

mod support;

use std::time::{Duration, Instant};

use syft_space_conformance::sample::{dataset_id, scope};
use syft_space_domain::dataset::ChangeNumber;
use syft_space_domain::dataset::VectorDatabaseKind::{self, Chroma, Qdrant};
use syft_space_domain::dataset::ports::{VectorIndex, VectorIndexError};
use syft_space_domain::tenant::OperatorScope;
use syft_space_vectordb::{ExternalOptions, RoutedVectors, Swept};
use tempfile::TempDir;

use support::server::{Came, Fault, Server};
use support::{
    OnePlace, apply, at, database, encoded, find, hasty, index_in, key, leaning, outdate, removed,
};

const KINDS: [VectorDatabaseKind; 2] = [Chroma, Qdrant];

/// An index over a server, with three documents of six chunks.
struct Setting {
    index: RoutedVectors,
    server: Server,
    place: OnePlace,
    folder: TempDir,
}

impl Setting {
    fn new(kind: VectorDatabaseKind) -> Self {
        let (server, folder) = (Server::start(), TempDir::new().unwrap());
        let place = OnePlace::at(database(kind, &server.url(), Some("the-credential")));
        let index = index_in(folder.path(), &place, hasty());
        let changes = [
            encoded(1, "boats", &[0.9, 0.3]),
            encoded(2, "crane", &[0.6]),
            encoded(3, "pilot", &[0.8, 0.2, 0.1]),
        ];
        apply(&index, &changes).unwrap();
        Self { index, server, place, folder }
    }

    /// As after a crash and a start.
    fn restart(self) -> Self {
        let Self { index, server, place, folder } = self;
        drop(index);
        let index = index_in(folder.path(), &place, hasty());
        Self { index, server, place, folder }
    }

    fn sweep(&self) -> Swept {
        self.index.sweep(&OperatorScope::at_startup()).unwrap()
    }

    fn journal(&self) -> std::path::PathBuf {
        let home = syft_space_home::Home::prepare_without_database(self.folder.path()).unwrap();
        home.vector_points_db(scope(1).tenant(), dataset_id(1))
    }
}

fn all() -> Vec<(String, u32)> {
    at(&[("boats", 0), ("pilot", 0), ("crane", 0), ("boats", 1), ("pilot", 1), ("pilot", 2)])
}

fn damaged() -> VectorIndexError {
    VectorIndexError::Damaged(dataset_id(1))
}

#[track_caller]
fn assert_failed<T: std::fmt::Debug>(outcome: &Result<T, VectorIndexError>) {
    assert!(matches!(outcome, Err(VectorIndexError::Failed(_) | VectorIndexError::Busy)), "{outcome:?}");
}

/// What is wrong with an answer, and what it is called.
fn wrong_answers() -> Vec<(&'static str, Fault)> {
    let instead = |body: &str| Fault::Instead(200, body.to_owned());
    vec![
        ("nothing", Fault::Ignored),
        ("done and unanswered", Fault::Unanswered),
        ("half", Fault::Half),
        ("silence", Fault::Silence),
        ("500", Fault::Instead(500, "{}".to_owned())),
        ("503", Fault::Instead(503, "{}".to_owned())),
        ("a redirection", Fault::Instead(302, String::new())),
        ("401", Fault::Instead(401, "{}".to_owned())),
        ("a 404 of somebody else's", Fault::Instead(404, "<h1>Not found</h1>".to_owned())),
        ("no JSON", instead("<html>Sign in</html>")),
        ("null", instead("null")),
        ("an empty object", instead("{}")),
        ("a deep one", instead(&"[".repeat(100_000))),
        ("a long one", instead(&format!("[{}1]", "1,".repeat(20_000_000)))),
    ]
}

#[test]
fn q2_whatever_a_server_answers_a_question_fails_or_is_answered_as_ever() {
    for kind in KINDS {
        let setting = Setting::new(kind);
        for (what, fault) in wrong_answers() {
            setting.server.with_faults(move |_, _| Some(fault.clone()));
            let begun = Instant::now();
            assert_failed(&find(&setting.index, 9));
            assert!(begun.elapsed() < Duration::from_secs(10), "{kind} {what}");
            setting.server.without_faults();
            assert_eq!(find(&setting.index, 9), Ok(all()), "{kind} behind {what}");
        }
    }
}

#[test]
fn q2_whatever_a_server_answers_a_step_is_done_or_can_be_done_again() {
    for kind in KINDS {
        for (what, fault) in wrong_answers() {
            let setting = Setting::new(kind);
            let changes = [encoded(4, "boats", &[0.95]), removed(5, "pilot"), encoded(6, "whale", &[0.4])];
            let batch = setting.index.begin(&scope(1), key()).unwrap();
            setting.server.with_faults(move |_, _| Some(fault.clone()));
            assert_failed(&batch.apply(&changes));
            assert_failed(&apply(&setting.index, &changes));
            setting.server.without_faults();
            let setting = setting.restart();
            assert_eq!(find(&setting.index, 9), Ok(all()), "{kind} {what}: as before");
            apply(&setting.index, &changes).unwrap();
            let found = at(&[("boats", 0), ("crane", 0), ("whale", 0)]);
            assert_eq!(find(&setting.index, 9), Ok(found), "{kind} {what}: as it should be");
            assert_eq!(setting.server.counts(), [3], "{kind} {what}: and nothing more is there");
        }
    }
}

/// Each attempt has numbers of its own, and each must leave.
#[test]
fn q2_attempts_in_vain_do_not_pile_up() {
    for kind in KINDS {
        let setting = Setting::new(kind);
        let brings = |came: &Came| came.path.ends_with("/upsert") || came.method == "PUT";
        setting.server.with_faults(move |_, came| brings(came).then_some(Fault::Unanswered));
        for _ in 0..20 {
            assert_failed(&apply(&setting.index, &[encoded(4, "whale", &[0.5, 0.4])]));
            assert!(setting.server.counts()[0] <= 8, "{:?}", setting.server.counts());
        }
        setting.server.without_faults();
        apply(&setting.index, &[encoded(4, "whale", &[0.5, 0.4])]).unwrap();
        assert_eq!(setting.server.counts(), [8], "{kind}");
    }
}

#[test]
fn q2_a_server_that_is_away_is_told_of_at_once_and_then_left_in_peace() {
    for kind in KINDS {
        let (server, folder) = (Server::start(), TempDir::new().unwrap());
        let place = OnePlace::at(database(kind, &server.url(), None));
        let options = ExternalOptions { rest: Duration::from_secs(600), ..hasty() };
        let index = index_in(folder.path(), &place, options);
        apply(&index, &[encoded(1, "boats", &[0.9])]).unwrap();
        server.with_faults(|_, _| Some(Fault::Silence));
        assert_failed(&find(&index, 1));
        let asked = server.requests();
        for _ in 0..100 {
            assert_failed(&find(&index, 1));
            assert_failed(&apply(&index, &[encoded(2, "crane", &[0.9])]));
        }
        assert_eq!(server.requests(), asked, "it is not asked again and again");
        server.stop();
        let index = index_in(folder.path(), &place, hasty());
        assert_failed(&find(&index, 1));
        assert_eq!(index.encoded(&scope(1), key()), Ok(ChangeNumber(1)), "what is known here is known");
        assert_eq!(index.count(&scope(1), key()), Ok(1));
    }
}

#[test]
fn q2_what_is_outdated_while_the_server_is_away_is_found_by_nobody_and_leaves_later() {
    for kind in KINDS {
        for fault in [Fault::Ignored, Fault::Silence, Fault::Instead(500, String::new())] {
            let setting = Setting::new(kind);
            setting.server.with_faults(move |_, _| Some(fault.clone()));
            outdate(&setting.index, 4, "pilot").unwrap();
            assert_eq!(setting.sweep(), Swept { waiting: 1, ..Swept::default() }, "it cannot leave yet");
            setting.server.without_faults();
            assert_eq!(setting.server.counts(), [6], "it is still there");
            let expected = at(&[("boats", 0), ("crane", 0), ("boats", 1)]);
            assert_eq!(find(&setting.index, 9), Ok(expected.clone()), "and nobody finds it");
            let setting = setting.restart();
            assert_eq!(find(&setting.index, 2), Ok(expected[..2].to_vec()), "nor after a restart");
            assert_eq!(setting.sweep(), Swept { settled: 1, ..Swept::default() });
            assert_eq!(setting.server.counts(), [3], "now it is gone");
            assert_eq!(setting.sweep(), Swept::default(), "and nothing is left to do");
            assert_eq!(find(&setting.index, 9), Ok(expected));
        }
    }
}

/// It says yes to each request that removes something, and removes nothing.
#[test]
fn r4_nothing_is_taken_for_gone_because_a_server_says_so() {
    for kind in KINDS {
        let setting = Setting::new(kind);
        let yes =
            || Some(Fault::Instead(200, r#"{"result": true, "status": "ok", "deleted": 3}"#.to_owned()));
        let removes = |came: &Came| {
            came.method == "DELETE" || came.path.split('?').next().unwrap().ends_with("/delete")
        };
        setting.server.with_faults(move |_, came| removes(came).then(yes).flatten());
        outdate(&setting.index, 4, "pilot").unwrap();
        assert_eq!(setting.sweep(), Swept { waiting: 1, ..Swept::default() }, "vectors are looked for");
        assert_failed(&apply(&setting.index, &[encoded(5, "boats", &[0.9])]));
        assert_failed(&setting.index.destroy_all(&scope(1), dataset_id(1)));
        assert_failed(&setting.index.destroy_all(&scope(1), dataset_id(1)));
        assert!(setting.journal().exists(), "it is known what must leave");
        let setting = setting.restart();
        assert_failed(&setting.index.destroy_all(&scope(1), dataset_id(1)));
        assert_eq!(find(&setting.index, 9), Ok(vec![]), "though here it is gone at once");
        setting.server.without_faults();
        setting.index.destroy_all(&scope(1), dataset_id(1)).unwrap();
        assert_eq!(setting.server.counts(), [0; 0], "no collection is left");
        assert!(!setting.journal().exists(), "nor anything here");
        setting.index.destroy_all(&scope(1), dataset_id(1)).unwrap();
    }
}

#[test]
fn r4_a_dataset_whose_server_is_away_is_not_taken_for_removed() {
    for kind in KINDS {
        let setting = Setting::new(kind);
        setting.server.with_faults(|_, _| Some(Fault::Ignored));
        assert_failed(&setting.index.destroy_all(&scope(1), dataset_id(1)));
        assert_eq!(setting.index.revisions(&scope(1), dataset_id(1)), Ok(vec![]));
        let setting = setting.restart();
        assert_eq!(setting.sweep(), Swept { waiting: 1, ..Swept::default() });
        setting.server.without_faults();
        assert_eq!(setting.sweep(), Swept { settled: 1, ..Swept::default() });
        assert_eq!(setting.server.counts(), [0; 0]);
        assert!(!setting.journal().exists());
    }
}

#[test]
fn q2_a_server_that_lost_vectors_has_them_encoded_anew() {
    for kind in KINDS {
        // Some of them, which a question for all of them finds, and the first batch after a restart.
        let setting = Setting::new(kind);
        setting.server.change(|held| drop(held.points.pop_last()));
        assert_eq!(find(&setting.index, 9), Err(damaged()));
        let setting = setting.restart();
        assert_eq!(setting.index.begin(&scope(1), key()).map(drop), Err(damaged()));
        setting.index.destroy_all(&scope(1), dataset_id(1)).unwrap();
        assert_eq!(setting.index.encoded(&scope(1), key()), Ok(ChangeNumber(0)), "from the first change on");
        apply(&setting.index, &[encoded(1, "boats", &[0.9, 0.3])]).unwrap();
        assert_eq!(find(&setting.index, 9), Ok(at(&[("boats", 0), ("boats", 1)])));
        // And all of them.
        setting.server.state.collections.lock().unwrap().clear();
        assert_eq!(find(&setting.index, 1), Err(damaged()));
        assert_eq!(apply(&setting.index, &[encoded(2, "crane", &[0.5])]), Err(damaged()));
        setting.index.destroy_all(&scope(1), dataset_id(1)).unwrap();
        apply(&setting.index, &[encoded(1, "boats", &[0.9])]).unwrap();
        assert_eq!(find(&setting.index, 9), Ok(at(&[("boats", 0)])));
    }
}

#[test]
fn q2_vectors_that_others_put_beside_ours_are_no_hits_and_take_no_place() {
    for kind in KINDS {
        let setting = Setting::new(kind);
        setting.server.change(|held| {
            let nearest = leaning(1.0).as_slice().to_vec();
            for number in 0..300_u32 {
                let id = format!("{number:08x}-0000-4000-8000-000000000000");
                held.points.insert(id, nearest.clone());
                held.points.insert(number.to_string(), nearest.clone());
            }
            // A further chunk of a document that has fewer.
            let id = held.points.keys().find(|id| id.ends_with("-0002")).or(held.points.keys().next());
            let id = format!("{}-0000-000000000909", id.unwrap().split("-0000-").next().unwrap());
            held.points.insert(id, nearest.clone());
        });
        for limit in 1..=6 {
            assert_eq!(find(&setting.index, limit), Ok(all()[..usize::try_from(limit).unwrap()].to_vec()));
        }
        // Whoever counts finds that they are there, and goes to another collection.
        assert_eq!(apply(&setting.index, &[encoded(4, "whale", &[0.5])]), Err(damaged()));
        setting.index.destroy_all(&scope(1), dataset_id(1)).unwrap();
        assert_eq!(setting.server.counts(), [0; 0]);
    }
}

#[test]
fn z1_a_server_that_answers_of_another_tenants_collection_shows_nothing() {
    for kind in KINDS {
        let setting = Setting::new(kind);
        let batch = setting.index.begin(&scope(2), key()).unwrap();
        batch.apply(&[encoded(1, "boats", &[0.99]), encoded(2, "theirs", &[1.0])]).unwrap();
        let ids: Vec<(String, String)> = {
            let collections = setting.server.state.collections.lock().unwrap();
            let id = |tenant| collections.iter().find(|(name, _)| name.contains(&format!("{tenant}-")));
            let of = |n: u64| id(scope(n).tenant().to_string()).unwrap().1.id.clone();
            vec![(of(1), of(2))]
        };
        setting.server.state.instead.lock().unwrap().extend(ids);
        let found = find(&setting.index, 9);
        assert_eq!(found, Err(damaged()), "of this dataset there is nothing");
        // Of its own number of vectors that would not be told.
        setting.server.change_of(scope(2).tenant(), |held| {
            for number in 0..10 {
                let id = format!("{number:08x}-0000-4000-8000-000000000000");
                held.points.insert(id, leaning(1.0).as_slice().to_vec());
            }
        });
        assert_eq!(find(&setting.index, 5), Ok(vec![]), "and of the other nothing is shown");
    }
}

/// A vector for a number that is known, which is none of the model's.
#[test]
fn q2_vectors_that_are_none_of_the_models_are_an_error() {
    for kind in KINDS {
        for vector in [vec![], vec![0.0; support::DIMENSION], vec![1.0; support::DIMENSION + 1]] {
            let setting = Setting::new(kind);
            setting.server.change(|held| {
                for held in held.points.values_mut() {
                    held.clone_from(&vector);
                }
            });
            assert_failed(&find(&setting.index, 9));
        }
        for number in ["1e999", "1e39", "null", "\"NaN\"", "NaN"] {
            let setting = Setting::new(kind);
            let id = setting.server.state.collections.lock().unwrap().values().next().unwrap().clone();
            let id = id.points.keys().next().unwrap().clone();
            let vector = [number; support::DIMENSION].join(",");
            let body = match kind {
                Chroma => format!(r#"{{"ids": ["{id}"], "embeddings": [[{vector}]]}}"#),
                Qdrant => format!(r#"{{"result": [{{"id": "{id}", "vector": [{vector}]}}]}}"#),
            };
            setting.server.with_faults(move |_, came| {
                let asks = came.path.ends_with("/get") || came.path.ends_with("/points");
                asks.then(|| Fault::Instead(200, body.clone()))
            });
            assert_failed(&find(&setting.index, 9));
        }
        // More than was asked for.
        let setting = Setting::new(kind);
        let id = "00000000-0000-0000-0000-000000000000";
        let body = match kind {
            Chroma => format!(r#"{{"ids": [[{}]]}}"#, vec![format!("\"{id}\""); 90].join(",")),
            Qdrant => format!(
                r#"{{"result": {{"points": [{}]}}}}"#,
                vec![format!(r#"{{"id": "{id}", "vector": [1]}}"#); 90].join(",")
            ),
        };
        setting.server.with_faults(move |_, came| {
            came.path.ends_with("/query").then(|| Fault::Instead(200, body.clone()))
        });
        assert_failed(&find(&setting.index, 9));
    }
}

/// A collection of that name that is for other vectors is not used.
#[test]
fn q2_a_collection_with_other_settings_is_not_used() {
    let bodies = [
        (
            Chroma,
            r#"{"id": "00000000-0000-0000-0000-000000000001", "name": "NAME", "dimension": null,
            "configuration_json": {"hnsw": {"space": "l2"}}}"#,
        ),
        (
            Chroma,
            r#"{"id": "00000000-0000-0000-0000-000000000001", "name": "NAME", "dimension": 3,
            "configuration_json": {"hnsw": {"space": "cosine"}}}"#,
        ),
        (
            Chroma,
            r#"{"id": "00000000-0000-0000-0000-000000000001", "name": "another", "dimension": null,
            "configuration_json": {"hnsw": {"space": "cosine"}}}"#,
        ),
        (
            Chroma,
            r#"{"id": "../../../v2/reset", "name": "NAME", "dimension": null,
            "configuration_json": {"hnsw": {"space": "cosine"}}}"#,
        ),
        (Qdrant, r#"{"result": {"config": {"params": {"vectors": {"size": 8, "distance": "Dot"}}}}}"#),
        (Qdrant, r#"{"result": {"config": {"params": {"vectors": {"size": 9, "distance": "Cosine"}}}}}"#),
    ];
    for (kind, body) in bodies {
        let (server, folder) = (Server::start(), TempDir::new().unwrap());
        let place = OnePlace::at(database(kind, &server.url(), None));
        let index = index_in(folder.path(), &place, hasty());
        server.with_faults(move |_, came| {
            let asked: serde_json::Value = serde_json::from_slice(&came.body).unwrap_or_default();
            let name = asked["name"].as_str().unwrap_or_default();
            Some(Fault::Instead(200, body.replace("NAME", name)))
        });
        assert_failed(&apply(&index, &[encoded(1, "boats", &[0.9])]));
        let came = server.state.came.lock().unwrap().clone();
        assert!(came.iter().all(|came| !came.body.is_empty() || came.method == "GET"), "{came:?}");
        assert!(came.len() <= 2, "nothing is sent there: {came:?}");
    }
}

#[test]
fn q2_a_journal_that_cannot_be_read_is_made_anew_and_nothing_stays_at_the_server() {
    for kind in KINDS {
        for bytes in [&b"no database"[..], b"", &[b"SQLite format 3\0".as_slice(), &[7; 4_000]].concat()] {
            let setting = Setting::new(kind);
            let journal = setting.journal();
            let Setting { index, server, place, folder } = setting;
            drop(index);
            std::fs::write(&journal, bytes).unwrap();
            for beside in ["-wal", "-shm"] {
                drop(std::fs::remove_file(format!("{}{beside}", journal.display())));
            }
            let index = index_in(folder.path(), &place, hasty());
            assert_eq!(find(&index, 9), Err(damaged()));
            assert_eq!(index.begin(&scope(1), key()).map(drop), Err(damaged()));
            assert_eq!(outdate(&index, 4, "pilot"), Err(damaged()));
            index.destroy_all(&scope(1), dataset_id(1)).unwrap();
            assert_eq!(server.counts(), [0; 0]);
            apply(&index, &[encoded(1, "boats", &[0.9])]).unwrap();
            assert_eq!(find(&index, 9), Ok(at(&[("boats", 0)])));
        }
    }
}
