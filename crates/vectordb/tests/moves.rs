//! Datasets that move from one vector database to another, or into the space.
#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

mod support;

use syft_space_conformance::sample::{dataset_id, scope};
use syft_space_domain::dataset::VectorDatabaseKind::{Chroma, Qdrant};
use syft_space_domain::dataset::ports::{LostDatabases, VectorIndex, VectorIndexError};
use syft_space_domain::dataset::{ChangeNumber, VectorDatabase};
use syft_space_domain::tenant::OperatorScope;
use syft_space_vectordb::{RoutedVectors, Swept};
use tempfile::TempDir;

use support::server::{Fault, Server};
use support::{OnePlace, apply, at, database, encoded, find, hasty, index_in, key, outdate};

fn sweep(index: &RoutedVectors) -> Swept {
    index.sweep(&OperatorScope::at_startup()).unwrap()
}

fn settled() -> Swept {
    Swept { settled: 1, ..Swept::default() }
}

fn waiting() -> Swept {
    Swept { waiting: 1, ..Swept::default() }
}

#[test]
fn q2_a_dataset_that_moves_is_encoded_anew_and_leaves_nothing_behind() {
    let (first, second, folder) = (Server::start(), Server::start(), TempDir::new().unwrap());
    let place = OnePlace::at(database(Chroma, &first.url(), None));
    let index = index_in(folder.path(), &place, hasty());
    let changes = [encoded(1, "boats", &[0.9, 0.3])];
    let found = Ok(at(&[("boats", 0), ("boats", 1)]));
    apply(&index, &changes).unwrap();
    // To another server, and another kind of it.
    place.move_to(Some(database(Qdrant, &second.url(), Some("of-the-second"))));
    assert_eq!(find(&index, 9), Ok(vec![]), "nothing lies there yet");
    assert_eq!(index.encoded(&scope(1), key()), Ok(ChangeNumber(0)));
    apply(&index, &changes).unwrap();
    assert_eq!(find(&index, 9), found);
    assert_eq!(sweep(&index), settled());
    assert_eq!((first.counts(), second.counts()), (vec![], vec![2]), "the first has nothing any more");
    let told = first.state.came.lock().unwrap().iter().any(|came| came.head.contains("of-the-second"));
    assert!(!told, "what one knows the space by is told to no other");
    // Into the space.
    second.with_faults(|_, came| {
        (!came.head.contains("of-the-second")).then(|| Fault::Instead(401, "{}".to_owned()))
    });
    place.move_to(None);
    apply(&index, &changes).unwrap();
    assert_eq!(find(&index, 9), found);
    assert_eq!(sweep(&index).waiting, 1, "the second refuses whoever has no credential");
    place.move_to(Some(database(Qdrant, &second.url(), Some("of-the-second"))));
    apply(&index, &changes).unwrap();
    assert_eq!(find(&index, 9), found, "and back");
    assert_eq!(sweep(&index), settled());
    assert_eq!(second.counts(), [2]);
}

#[test]
fn q2_a_dataset_that_moved_away_from_a_server_that_is_gone_is_searched_all_the_same() {
    let (first, second, folder) = (Server::start(), Server::start(), TempDir::new().unwrap());
    let place = OnePlace::at(database(Chroma, &first.url(), None));
    let index = index_in(folder.path(), &place, hasty());
    apply(&index, &[encoded(1, "boats", &[0.9])]).unwrap();
    first.with_faults(|_, _| Some(Fault::Ignored));
    place.move_to(Some(database(Chroma, &second.url(), None)));
    apply(&index, &[encoded(1, "boats", &[0.9]), encoded(2, "crane", &[0.5])]).unwrap();
    outdate(&index, 3, "crane").unwrap();
    assert_eq!(find(&index, 9), Ok(at(&[("boats", 0)])));
    assert_eq!(sweep(&index), waiting());
    assert!(index.destroy_all(&scope(1), dataset_id(1)).is_err(), "what may lie there is not forgotten");
    assert_eq!(second.counts(), [0; 0], "what can go is gone");
    first.without_faults();
    index.destroy_all(&scope(1), dataset_id(1)).unwrap();
    assert_eq!(first.counts(), [0; 0]);
}

/// Whoever knows that a server never comes back says so.
#[test]
fn r4_what_lies_at_a_server_that_never_comes_back_is_forgotten_by_name() {
    let (server, folder) = (Server::start(), TempDir::new().unwrap());
    let place = OnePlace::at(database(Qdrant, &server.url(), None));
    let index = index_in(folder.path(), &place, hasty());
    apply(&index, &[encoded(1, "boats", &[0.9])]).unwrap();
    server.stop();
    assert!(index.destroy_all(&scope(1), dataset_id(1)).is_err());
    assert_eq!(
        index.forget(&scope(1), dataset_id(1), LostDatabases::Provisioned),
        Ok(vec![]),
        "it is somebody's"
    );
    let forgotten = index.forget(&scope(1), dataset_id(1), LostDatabases::All).unwrap();
    let named = format!("qdrant at {}: syft-{}-{}-", server.url(), scope(1).tenant(), dataset_id(1));
    assert!(forgotten.len() == 1 && forgotten.iter().all(|told| told.starts_with(&named)), "{forgotten:?}");
    index.destroy_all(&scope(1), dataset_id(1)).unwrap();
    assert_eq!(sweep(&index).waiting, 0);
}

/// A database that the space made for the dataset: it is the same one wherever it is started anew.
fn provisioned(server: &Server, credential: &str) -> VectorDatabase {
    VectorDatabase { is_provisioned: true, ..database(Chroma, &server.url(), Some(credential)) }
}

#[test]
fn r4_a_database_of_the_spaces_making_is_known_by_its_dataset_and_not_by_its_address() {
    let (server, folder) = (Server::start(), TempDir::new().unwrap());
    let place = OnePlace::at(provisioned(&server, "one"));
    let index = index_in(folder.path(), &place, hasty());
    apply(&index, &[encoded(1, "boats", &[0.9])]).unwrap();
    let found = Ok(at(&[("boats", 0)]));
    assert_eq!(find(&index, 9), found);
    // Another name of the same server stands for another address of the same database.
    let elsewhere = server.url().replace("127.0.0.1", "[::ffff:127.0.0.1]");
    let moved = VectorDatabase { is_provisioned: true, ..database(Chroma, &elsewhere, Some("one")) };
    place.move_to(Some(moved));
    assert_eq!(find(&index, 9), found);
    outdate(&index, 2, "boats").unwrap();
    assert_eq!(sweep(&index), settled());
    assert_eq!(server.counts(), [0], "its vectors have left, and their collection is used on");
    // One of somebody's at the very same address is another place.
    place.move_to(Some(database(Chroma, &server.url(), Some("one"))));
    assert_eq!(index.encoded(&scope(1), key()), Ok(ChangeNumber(0)));
}

#[test]
fn r4_what_lay_in_a_database_of_the_spaces_making_is_forgotten_once_that_is_gone_and_nothing_else_is() {
    let (own, other, folder) = (Server::start(), Server::start(), TempDir::new().unwrap());
    let place = OnePlace::at(database(Qdrant, &other.url(), None));
    let index = index_in(folder.path(), &place, hasty());
    apply(&index, &[encoded(1, "boats", &[0.9])]).unwrap();
    other.with_faults(|_, _| Some(Fault::Ignored));
    place.move_to(Some(provisioned(&own, "one")));
    apply(&index, &[encoded(1, "boats", &[0.9])]).unwrap();
    own.stop();
    let batch = index.begin(&scope(1), key());
    index.forget(&scope(1), dataset_id(1), LostDatabases::Provisioned).unwrap();
    assert!(batch.map_or(true, |batch| batch.apply(&[encoded(2, "crane", &[0.5])]).is_err()));
    assert_eq!(index.encoded(&scope(1), key()), Ok(ChangeNumber(0)));
    assert!(
        index.destroy_all(&scope(1), dataset_id(1)).is_err(),
        "what may lie in the other is not forgotten"
    );
    other.without_faults();
    index.destroy_all(&scope(1), dataset_id(1)).unwrap();
    assert_eq!(other.counts(), [0; 0]);
    index.forget(&scope(1), dataset_id(1), LostDatabases::Provisioned).unwrap();
}

/// The database that the space made for the dataset, at this address.
fn own(server: &Server) -> VectorDatabase {
    VectorDatabase { is_provisioned: true, ..database(Chroma, &server.url(), None) }
}

#[test]
fn r4_no_vector_reaches_another_database_whenever_the_engine_gives_its_address_away() {
    let (others, own_server, folder) = (Server::start(), Server::start(), TempDir::new().unwrap());
    let place = OnePlace::at(own(&others));
    let index = index_in(folder.path(), &place, hasty());
    // Its address was confirmed, and is another's by the time at which a collection is made there.
    let (moved, now) = (place.clone(), own(&own_server));
    others.with_faults(move |_, came| {
        if came.method == "POST" && came.path.ends_with("/collections") {
            moved.move_to(Some(now.clone()));
        }
        None
    });
    let changes = [encoded(1, "boats", &[0.9, 0.3])];
    let sent = apply(&index, &changes);
    assert!(matches!(sent, Err(VectorIndexError::NotReady(_))), "{sent:?}");
    assert_eq!(others.counts(), [0; 0], "nor does a collection stay there");
    apply(&index, &changes).unwrap();
    assert_eq!(own_server.counts(), [2]);
    assert_eq!(others.counts(), [0; 0]);
    assert_eq!(find(&index, 9), Ok(at(&[("boats", 0), ("boats", 1)])));
}

#[test]
fn r4_another_database_that_knows_nothing_of_a_collection_does_not_say_that_it_is_gone() {
    let (others, own_server, folder) = (Server::start(), Server::start(), TempDir::new().unwrap());
    let place = OnePlace::at(own(&own_server));
    let index = index_in(folder.path(), &place, hasty());
    apply(&index, &[encoded(1, "boats", &[0.9, 0.3])]).unwrap();
    let (moved, now) = (place.clone(), own(&own_server));
    others.with_faults(move |_, _| {
        moved.move_to(Some(now.clone()));
        None
    });
    let nobody_certifies = || {
        assert_eq!(own_server.counts(), [2]);
        assert_eq!(index.awaits_removals(&scope(1), dataset_id(1)), Ok(true));
    };
    place.move_to(Some(own(&others)));
    index.destroy_all(&scope(1), dataset_id(1)).unwrap_err();
    nobody_certifies();
    place.move_to(Some(own(&others)));
    assert_eq!(sweep(&index), waiting());
    nobody_certifies();
    assert_eq!(sweep(&index), settled());
    assert_eq!(own_server.counts(), [0; 0]);
}
