//! The index of vectors, held against one that keeps them as they came: through random changes, restarts and kills.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests and their helpers may panic")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use futures_executor::block_on;
use proptest::prelude::*;
use syft_space_domain::dataset::ports::VectorIndex;
use syft_space_domain::dataset::{
    ChangeNumber, ChunkRef, DocumentId, Neighbour, VectorChange, VectorKey, VectorQuery,
};
use syft_space_domain::encoder::{Embedding, EncoderModel, ModelId, ModelRevision};
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::tenant::TenantScope;
use syft_space_home::Home;
use syft_space_memory::MemoryVectors;
use syft_space_search::{FlatVectors, VectorOptions};

const DIMENSION: usize = 48;
const DOCUMENTS: u64 = 12;
/// The most that a cosine is off, for vectors of 48 components between -1/2 and 1/2: half a step in each component is no
/// more than a 254th of the largest, which is no more than 0.35 of such a vector's length, times the root of 48.
const MAX_ERROR: f32 = 0.01;

fn flat_in(home: &Path) -> FlatVectors {
    // Rows of 64 bytes, segments of ten: there are many.
    let options =
        VectorOptions { segment_bytes: 640, at_once_bytes: 0, threads: 2, ..VectorOptions::default() };
    FlatVectors::new(Home::prepare_without_database(home).unwrap(), options)
}

fn both<'a>(flat: &'a FlatVectors, exact: &'a MemoryVectors) -> [&'a dyn VectorIndex; 2] {
    [flat, exact]
}

fn scope() -> TenantScope {
    TenantScope::assume(TenantId::from_bytes([1; 16]), "a test of its own")
}

fn dataset() -> DatasetId {
    DatasetId::from_bytes([2; 16])
}

fn key() -> VectorKey {
    let id = ModelId::parse("test").unwrap();
    let model = EncoderModel::new(id, ModelRevision::from_bytes([3; 32]), DIMENSION, 32).unwrap();
    VectorKey::new(dataset(), &model)
}

fn random(number: u64) -> Embedding {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let components = (0..DIMENSION).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f32::from(u16::try_from(state >> 48).unwrap()) / 65_535.0 - 0.5
    });
    Embedding::of_direction(components.collect()).unwrap()
}

fn document(number: u64) -> DocumentId {
    DocumentId::parse(&format!("document-{}", number % DOCUMENTS)).unwrap()
}

/// The change with a number: of a document, with so many chunks; without any it was removed.
fn change(number: u64, of: u64, chunks: u64) -> VectorChange {
    if chunks == 0 {
        return VectorChange::Removed(ChangeNumber(number), document(of));
    }
    let embeddings = (0..chunks).map(|chunk| random(number * 100 + chunk)).collect();
    VectorChange::Encoded(ChangeNumber(number), document(of), embeddings)
}

fn ask(index: &dyn VectorIndex, question: &Embedding, limit: u64, min_cosine: f32) -> Vec<Neighbour> {
    let query = VectorQuery::new(question, limit, min_cosine).unwrap();
    block_on(index.nearest(&scope(), key(), query)).unwrap()
}

/// Whether two indexes hold the same, but for rounding.
fn check_same(
    flat: &dyn VectorIndex,
    exact: &dyn VectorIndex,
    question: &Embedding,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(flat.encoded(&scope(), key()), exact.encoded(&scope(), key()));
    prop_assert_eq!(flat.count(&scope(), key()), exact.count(&scope(), key()));
    let mut all = ask(flat, question, 1_000, -1.0);
    let expected = ask(exact, question, 1_000, -1.0);
    prop_assert_eq!(all.len(), expected.len());
    for limit in [1, 3, 10] {
        prop_assert_eq!(
            &ask(flat, question, limit, -1.0)[..],
            &all[..all.len().min(usize::try_from(limit).unwrap())]
        );
    }
    let name =
        |neighbour: &Neighbour| ChunkRef { document: neighbour.document.clone(), chunk: neighbour.chunk };
    let mut named: Vec<ChunkRef> = expected.iter().rev().step_by(3).map(name).collect();
    named.extend((0..4).map(|chunk| ChunkRef { document: document(chunk * 5), chunk: 13 }));
    let query = VectorQuery::new(question, 3, -1.0).and_then(|query| query.also(&named)).unwrap();
    let also = block_on(flat.nearest(&scope(), key(), query)).unwrap();
    let is_wanted = |(at, neighbour): &(usize, &Neighbour)| *at < 3 || named.contains(&name(neighbour));
    let wanted: Vec<_> = all.iter().enumerate().filter(is_wanted).map(|(_, neighbour)| neighbour).collect();
    prop_assert_eq!(also.iter().collect::<Vec<_>>(), wanted);
    // The same chunk is next wherever the others are further away than rounding moves them.
    for (at, exact) in expected.iter().enumerate() {
        let is_clear = |other: Option<&Neighbour>| {
            other.is_none_or(|other| (other.cosine - exact.cosine).abs() > 2.0 * MAX_ERROR)
        };
        if is_clear(at.checked_sub(1).and_then(|before| expected.get(before)))
            && is_clear(expected.get(at + 1))
        {
            prop_assert_eq!((&all[at].document, all[at].chunk), (&exact.document, exact.chunk));
        }
    }
    let place = |neighbour: &Neighbour| (neighbour.document.clone(), neighbour.chunk);
    let mut expected = expected;
    all.sort_by_key(place);
    expected.sort_by_key(place);
    for (rounded, exact) in all.iter().zip(&expected) {
        prop_assert_eq!(place(rounded), place(exact));
        prop_assert!((rounded.cosine - exact.cosine).abs() <= MAX_ERROR, "{rounded:?} for {exact:?}");
    }
    Ok(())
}

#[derive(Debug, Clone)]
enum Action {
    /// Documents, each with its chunks, are encoded in one batch; meanwhile some are outdated.
    Batch(Vec<(u64, u64)>, Vec<u64>),
    Outdate(Vec<u64>),
    /// The batch before is brought again.
    Again,
    Restart,
    Destroy,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let documents = || prop::collection::vec(0..DOCUMENTS, 0..3);
    let batch = (prop::collection::vec((0..DOCUMENTS, 0_u64..14), 0..6), documents());
    let action = prop_oneof![
        6 => batch.prop_map(|(changes, outdated)| Action::Batch(changes, outdated)),
        3 => documents().prop_map(Action::Outdate),
        1 => Just(Action::Again),
        1 => Just(Action::Restart),
        1 => Just(Action::Destroy),
    ];
    prop::collection::vec(action, 1..16)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn q2_whatever_changes_come_the_index_holds_what_an_exact_one_holds(actions in actions(), seed in any::<u64>()) {
        let home = tempfile::tempdir().unwrap();
        let mut flat = flat_in(home.path());
        let exact = MemoryVectors::new();
        let (mut number, mut before) = (0, Vec::new());
        for action in actions {
            let mut next = || {
                number += 1;
                number
            };
            match action {
                Action::Batch(changes, outdated) => {
                    let changes: Vec<VectorChange> =
                        changes.into_iter().map(|(of, chunks)| change(next(), of, chunks)).collect();
                    let outdated: Vec<_> =
                        outdated.into_iter().map(|of| (ChangeNumber(next()), document(of))).collect();
                    for index in both(&flat, &exact) {
                        let batch = index.begin(&scope(), key()).unwrap();
                        index.outdate(&scope(), dataset(), &outdated).unwrap();
                        batch.apply(&changes).unwrap();
                    }
                    before = changes;
                }
                Action::Outdate(documents) => {
                    let outdated: Vec<_> =
                        documents.into_iter().map(|of| (ChangeNumber(next()), document(of))).collect();
                    for index in both(&flat, &exact) {
                        index.outdate(&scope(), dataset(), &outdated).unwrap();
                    }
                }
                Action::Again => {
                    for index in both(&flat, &exact) {
                        index.begin(&scope(), key()).unwrap().apply(&before).unwrap();
                    }
                }
                Action::Restart => flat = flat_in(home.path()),
                Action::Destroy => {
                    for index in both(&flat, &exact) {
                        index.destroy(&scope(), dataset(), key().revision()).unwrap();
                    }
                }
            }
            check_same(&flat, &exact, &random(seed))?;
        }
        check_same(&flat_in(home.path()), &exact, &random(seed))?;
    }
}

/// Takes the step with a number: what it does hangs on the number alone.
fn take_step(index: &dyn VectorIndex, number: u64) {
    let of = number.wrapping_mul(7);
    if number.is_multiple_of(5) {
        index.outdate(&scope(), dataset(), &[(ChangeNumber(number), document(of))]).unwrap();
    } else {
        let chunks = if number.is_multiple_of(7) { 0 } else { number % 13 + 1 };
        index.begin(&scope(), key()).unwrap().apply(&[change(number, of, chunks)]).unwrap();
    }
}

/// Which steps an index has taken, of those up to a number or the next one; `None` when it is something in between.
fn steps_taken(index: &dyn VectorIndex, acknowledged: u64) -> Option<u64> {
    let exact = MemoryVectors::new();
    (1..=acknowledged).for_each(|number| take_step(&exact, number));
    [acknowledged, acknowledged + 1].into_iter().find(|number| {
        if *number > acknowledged {
            take_step(&exact, *number);
        }
        check_same(index, &exact, &random(1)).is_ok()
    })
}

const HOME: &str = "SYFT_SPACE_TEST_HOME";
const FROM: &str = "SYFT_SPACE_TEST_FROM";

#[test]
#[ignore = "the test below runs it, in a process that is killed"]
fn takes_steps_until_it_is_killed() {
    let (Ok(home), Ok(from)) = (std::env::var(HOME), std::env::var(FROM)) else { return };
    let index = flat_in(Path::new(&home));
    for number in from.parse().unwrap().. {
        take_step(&index, number);
        let mut output = std::io::stdout().lock();
        writeln!(output, "\ntaken {number}").unwrap();
        output.flush().unwrap();
    }
}

/// `SYFT_SPACE_TEST_KILLS` says how often, if not 25 times.
#[test]
fn q2_a_process_that_is_killed_leaves_vectors_as_they_were_or_as_they_should_be() {
    let kills = std::env::var("SYFT_SPACE_TEST_KILLS").map_or(25, |kills| kills.parse().unwrap());
    let home = tempfile::tempdir().unwrap();
    let (mut taken, mut in_between) = (0, 0);
    for round in 0..kills {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "takes_steps_until_it_is_killed", "--ignored", "--nocapture"])
            .env(HOME, home.path())
            .env(FROM, (taken + 1).to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let number = |line: String| line.strip_prefix("taken ").and_then(|number| number.parse::<u64>().ok());
        let enough = taken + 1 + round % 4;
        let mut acknowledged =
            lines.by_ref().find_map(|line| number(line).filter(|number| *number >= enough)).unwrap();
        // At any moment of the next steps.
        std::thread::sleep(Duration::from_micros(round * 977 % 16_000));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = lines.filter_map(number).last().unwrap_or(acknowledged);
        let index = flat_in(home.path());
        let steps = steps_taken(&index, acknowledged);
        assert!(
            steps.is_some(),
            "round {round}: neither as after step {acknowledged}, nor as after the next"
        );
        taken = steps.unwrap();
        in_between += u64::from(taken > acknowledged);
        // What a step left is gone with the next one: there are as many files as the manifest names, and itself.
        index.outdate(&scope(), dataset(), &[]).unwrap();
        let folder =
            Home::prepare_without_database(home.path()).unwrap().vectors(scope().tenant(), dataset());
        let folder = folder.join(key().revision().to_string());
        let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
        let files = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, manifest.matches("\"number\"").count() + 1, "round {round}");
    }
    println!("{taken} steps, {kills} kills, {in_between} of them between a step and its answer");
}
