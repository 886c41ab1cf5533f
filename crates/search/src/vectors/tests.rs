//! What is on the disk: nothing of what is gone, and nothing that is trusted.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_executor::block_on;
use syft_space_domain::dataset::ports::{VectorIndex as _, VectorIndexError};
use syft_space_domain::dataset::{ChangeNumber, DocumentId, VectorChange, VectorKey, VectorQuery};
use syft_space_domain::encoder::{Embedding, EncoderModel, ModelId, ModelRevision};
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::tenant::TenantScope;
use syft_space_home::Home;

use super::index::{FlatVectors, VectorOptions};
use super::place::{MANIFEST, Place, VectorFolder};
use super::quantised::push_row;
use super::segment::Segment;
use super::snapshot::Snapshot;

const DIMENSION: usize = 64;

/// Segments of eight vectors, so that there are many.
const OPTIONS: VectorOptions =
    VectorOptions { open_indexes: 8, threads: 2, writers: 2, segment_bytes: 8 * DIMENSION, at_once_bytes: 0 };

struct Space {
    home: tempfile::TempDir,
    index: FlatVectors,
}

impl Space {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        Self { index: flat(home.path()), home }
    }

    fn restarted(self) -> Self {
        Self { index: flat(self.home.path()), ..self }
    }

    fn apply(&self, changes: &[VectorChange]) -> Result<(), VectorIndexError> {
        self.index.begin(&tenant(1), key(1))?.apply(changes)
    }

    fn find(&self) -> Result<Vec<String>, VectorIndexError> {
        let question = random(1);
        let query = VectorQuery::new(&question, 1_000, -1.0).unwrap();
        let found = block_on(self.index.nearest(&tenant(1), key(1), query))?;
        let mut ids: Vec<String> = found.into_iter().map(|found| found.document.to_string()).collect();
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    fn folder(&self) -> PathBuf {
        let home = Home::prepare_without_database(self.home.path()).unwrap();
        let place = Place::new(&tenant(1), key(1).dataset(), key(1).revision());
        VectorFolder::new(&home, place).path().to_owned()
    }

    fn files(&self) -> Vec<PathBuf> {
        fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    fn segments(&self) -> Vec<PathBuf> {
        let is_segment = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "seg");
        self.files().into_iter().filter(is_segment).collect()
    }

    fn has_bytes(&self, bytes: &[u8]) -> bool {
        let has = |file: &PathBuf| fs::read(file).unwrap().windows(bytes.len()).any(|window| window == bytes);
        self.files().iter().any(has)
    }
}

fn flat(home: &Path) -> FlatVectors {
    FlatVectors::new(Home::prepare_without_database(home).unwrap(), OPTIONS)
}

fn tenant(number: u8) -> TenantScope {
    TenantScope::assume(TenantId::from_bytes([number; 16]), "a test of its own")
}

fn key(revision: u8) -> VectorKey {
    let id = ModelId::parse("test").unwrap();
    let model = EncoderModel::new(id, ModelRevision::from_bytes([revision; 32]), DIMENSION, 32).unwrap();
    VectorKey::new(DatasetId::from_bytes([7; 16]), &model)
}

fn random(number: u64) -> Embedding {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let components = (0..DIMENSION).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f32::from(u16::try_from(state >> 48).unwrap()) / 65_535.0 - 0.5
    });
    Embedding::of_direction(components.collect()).unwrap()
}

fn row(number: u64) -> Vec<u8> {
    let mut row = Vec::new();
    push_row(&random(number), &mut row);
    row
}

fn id(text: &str) -> DocumentId {
    DocumentId::parse(text).unwrap()
}

fn encoded(number: u64, document: &str, vectors: impl IntoIterator<Item = u64>) -> VectorChange {
    VectorChange::Encoded(ChangeNumber(number), id(document), vectors.into_iter().map(random).collect())
}

fn removed(number: u64, document: &str) -> VectorChange {
    VectorChange::Removed(ChangeNumber(number), id(document))
}

/// Twelve documents of three chunks: vectors 100 to 135, in segments of eight.
fn twelve() -> Vec<VectorChange> {
    (0..12).map(|n| encoded(n + 1, &format!("document-{n:02}"), 100 + n * 3..103 + n * 3)).collect()
}

/// The segments of an index.
pub(crate) fn segments() -> Vec<Arc<Segment>> {
    let space = filled();
    let home = Home::prepare_without_database(space.home.path()).unwrap();
    let folder = VectorFolder::new(&home, Place::new(&tenant(1), key(1).dataset(), key(1).revision()));
    Snapshot::open(&folder).unwrap().unwrap().segments
}

fn filled() -> Space {
    let space = Space::new();
    space.apply(&twelve()).unwrap();
    space
}

#[test]
fn q2_nothing_of_vectors_that_were_removed_replaced_or_outdated_stays_on_the_disk() {
    let space = filled();
    assert_eq!(space.segments().len(), 5, "36 vectors in segments of eight");
    let gone = [("document-03", 109_u64..112), ("document-05", 115..118), ("document-08", 124..127)];
    for (document, vectors) in gone.clone() {
        assert!(space.has_bytes(document.as_bytes()), "{document} cannot be seen, so nothing is proved");
        assert!(vectors.into_iter().all(|vector| space.has_bytes(&row(vector))));
    }
    space.apply(&[removed(13, "document-03"), encoded(14, "document-05", [200])]).unwrap();
    space.index.outdate(&tenant(1), key(1).dataset(), &[(ChangeNumber(15), id("document-08"))]).unwrap();
    for (document, vectors) in gone {
        assert_eq!(space.has_bytes(document.as_bytes()), document == "document-05", "{document}");
        assert!(!vectors.into_iter().any(|vector| space.has_bytes(&row(vector))), "{document}");
    }
    assert!(space.has_bytes(&row(200)) && space.has_bytes(&row(100)) && space.has_bytes(&row(135)));
    assert_eq!(space.find().unwrap().len(), 10);
    assert_eq!(space.index.count(&tenant(1), key(1)), Ok(36 - 9 + 1));
}

#[test]
fn q2_what_is_outdated_is_gone_of_every_revision_however_far_each_is() {
    let space = filled();
    space.index.begin(&tenant(1), key(2)).unwrap().apply(&twelve()[..4]).unwrap();
    space.index.outdate(&tenant(1), key(1).dataset(), &[(ChangeNumber(13), id("document-02"))]).unwrap();
    let mut files = space.files();
    files.extend(
        fs::read_dir(space.folder().with_file_name(key(2).revision().to_string()))
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let has = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
        assert!(!has(b"document-02") && !has(&row(106)), "{}", file.display());
    }
}

#[test]
fn q2_additions_one_by_one_leave_few_segments_and_no_other_file() {
    let options = VectorOptions { segment_bytes: 64 * DIMENSION, ..OPTIONS };
    let home = tempfile::tempdir().unwrap();
    let index = FlatVectors::new(Home::prepare_without_database(home.path()).unwrap(), options);
    let space = Space { home, index };
    for number in 0..200 {
        space.apply(&[encoded(number + 1, &format!("d{number}"), [number])]).unwrap();
    }
    assert_eq!(space.find().unwrap().len(), 200);
    assert!(space.segments().len() <= 3 + 7, "{}", space.segments().len());
    assert_eq!(space.files().len(), space.segments().len() + 1);
}

#[test]
fn q2_a_document_with_more_chunks_than_a_segment_is_found_and_removed_as_a_whole() {
    let space = Space::new();
    space.apply(&[encoded(1, "a", [50]), encoded(2, "long", 100..140), encoded(3, "z", [51])]).unwrap();
    for chunk in 0..40_u32 {
        let question = random(100 + u64::from(chunk));
        let query = VectorQuery::new(&question, 1, 0.9).unwrap();
        let found = block_on(space.index.nearest(&tenant(1), key(1), query)).unwrap();
        assert_eq!((found[0].document.as_str(), found[0].chunk), ("long", chunk));
    }
    space.apply(&[removed(4, "long")]).unwrap();
    assert_eq!(space.find().unwrap(), ["a", "z"]);
    assert!(!space.has_bytes(&row(117)));
}

#[test]
fn q2_what_a_step_left_that_was_cut_short_counts_as_nothing_and_is_removed_by_the_next() {
    for step in ["apply", "the same again", "outdate"] {
        let space = filled();
        let folder = space.folder();
        // Written, but never named by a manifest; replaced, but not unlinked; and the draft of a manifest.
        fs::write(folder.join("99.seg"), row(300)).unwrap();
        fs::write(folder.join("6.seg"), row(301)).unwrap();
        fs::write(folder.join(format!("{MANIFEST}.1-1.new")), row(302)).unwrap();
        let space = space.restarted();
        assert_eq!(space.find().unwrap().len(), 12, "{step}");
        match step {
            "apply" => space.apply(&[encoded(13, "more", [400])]).unwrap(),
            "outdate" => space.index.outdate(&tenant(1), key(1).dataset(), &[]).unwrap(),
            _ => space.apply(&twelve()).unwrap(),
        }
        assert!((300..303).all(|vector| !space.has_bytes(&row(vector))), "{step}");
        assert_eq!(space.files().len(), space.segments().len() + 1, "{step}");
    }
}

#[test]
fn q2_a_creation_or_removal_that_was_cut_short_counts_as_no_index() {
    let space = filled();
    fs::remove_file(space.folder().join(MANIFEST)).unwrap();
    let space = space.restarted();
    assert_eq!(space.find(), Ok(vec![]));
    assert_eq!(space.index.encoded(&tenant(1), key(1)), Ok(ChangeNumber(0)));
    assert_eq!(space.index.revisions(&tenant(1), key(1).dataset()), Ok(vec![]));
    space.apply(&[encoded(1, "new", [500])]).unwrap();
    assert!(!space.has_bytes(&row(100)), "what was left is cleared away");
    let space = filled();
    fs::remove_file(space.folder().join(MANIFEST)).unwrap();
    space.index.destroy_all(&tenant(1), key(1).dataset()).unwrap();
    assert!(!space.folder().parent().unwrap().exists());
}

/// What a start on files that were changed answers: to a question, and to a change.
fn broken(
    how: impl Fn(&Path, &Space),
) -> (Result<Vec<String>, VectorIndexError>, Result<(), VectorIndexError>) {
    let space = filled();
    how(&space.folder(), &space);
    let space = space.restarted();
    let found = space.find();
    let applied = space.apply(&[encoded(13, "document-00", [600])]);
    (found, applied)
}

fn damaged<T>() -> Result<T, VectorIndexError> {
    Err(VectorIndexError::Damaged(key(1).dataset()))
}

#[test]
fn q2_a_manifest_that_is_damaged_or_foreign_is_told_as_damaged() {
    let texts = |change: fn(&str) -> String| {
        move |folder: &Path, _: &Space| {
            let manifest = folder.join(MANIFEST);
            let text = fs::read_to_string(&manifest).unwrap();
            fs::write(manifest, change(&text)).unwrap();
        }
    };
    // As one would write it who knows how.
    fn summed(json: &str) -> String {
        format!("{json}\n{:08x}\n", crc32fast::hash(json.as_bytes()))
    }
    fn json(text: &str) -> &str {
        &text[..text.len() - 10]
    }
    let changes: [fn(&str) -> String; 9] = [
        |_| String::new(),
        |_| "{}".to_owned(),
        |text| text[..text.len() / 2].to_owned(),
        |text| text.replace("\"encoded\":12", "\"encoded\":13"),
        |text| summed(&json(text).replace("\"version\":1", "\"version\":2")),
        |text| summed(&json(text).replace("\"dimension\":64", "\"dimension\":18446744073709551615")),
        |text| summed(&json(text).replace("\"dimension\":64", "\"dimension\":65")),
        |text| summed(&json(text).replace(&key(1).revision().to_string(), &key(2).revision().to_string())),
        |text| summed(&json(text).replace("\"rows\":8", "\"rows\":4294967295")),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        assert_eq!(broken(texts(change)), (damaged(), damaged()), "change {number}");
    }
    let large = broken(|folder, _| fs::write(folder.join(MANIFEST), vec![b'['; 3 << 20]).unwrap());
    assert_eq!(large, (damaged(), damaged()));
    let no_file = broken(|folder, _| {
        fs::remove_file(folder.join(MANIFEST)).unwrap();
        fs::create_dir(folder.join(MANIFEST)).unwrap();
    });
    assert_eq!(no_file, (damaged(), damaged()));
}

#[test]
fn q2_a_segment_that_is_damaged_or_foreign_is_told_as_damaged() {
    let each =
        |change: &dyn Fn(&Path)| broken(|_, space| space.segments().iter().for_each(|file| change(file)));
    assert_eq!(each(&|file| fs::remove_file(file).unwrap()), (damaged(), damaged()), "missing");
    assert_eq!(each(&|file| fs::write(file, "").unwrap()), (damaged(), damaged()), "empty");
    for part in 1..16 {
        let cut = each(&|file| {
            let bytes = fs::read(file).unwrap();
            fs::write(file, &bytes[..bytes.len() * part / 16]).unwrap();
        });
        assert_eq!(cut, (damaged(), damaged()), "cut at {part}/16");
        let changed = each(&|file| {
            let mut bytes = fs::read(file).unwrap();
            let at = bytes.len() * part / 16;
            bytes[at] ^= 1;
            fs::write(file, bytes).unwrap();
        });
        assert_eq!(changed, (damaged(), damaged()), "a bit at {part}/16");
    }
    let longer = each(&|file| {
        let mut bytes = fs::read(file).unwrap();
        bytes.push(0);
        fs::write(file, bytes).unwrap();
    });
    assert_eq!(longer, (damaged(), damaged()), "longer");
    #[cfg(unix)]
    {
        let link = each(&|file| {
            let elsewhere = file.with_extension("moved");
            fs::rename(file, &elsewhere).unwrap();
            std::os::unix::fs::symlink(&elsewhere, file).unwrap();
        });
        assert_eq!(link, (damaged(), damaged()), "a link");
    }
}

#[test]
fn z1_a_segment_of_another_tenant_is_told_as_damaged() {
    let space = filled();
    space.index.begin(&tenant(2), key(1)).unwrap().apply(&twelve()).unwrap();
    let (mine, home) = (space.folder(), space.home.path().to_owned());
    let names = (tenant(1).tenant().to_string(), tenant(2).tenant().to_string());
    let theirs = PathBuf::from(mine.to_str().unwrap().replace(&names.0, &names.1));
    assert!(theirs.starts_with(home) && theirs != mine);
    fs::copy(theirs.join("1.seg"), mine.join("1.seg")).unwrap();
    let space = space.restarted();
    assert_eq!(space.find(), damaged());
    fs::copy(theirs.join(MANIFEST), mine.join(MANIFEST)).unwrap();
    let space = space.restarted();
    assert_eq!((space.find(), space.apply(&[])), (damaged(), damaged()));
}

#[test]
fn q2_damaged_vectors_are_mended_by_destroying_and_encoding_anew() {
    let space = filled();
    fs::write(space.folder().join(MANIFEST), "{}").unwrap();
    let space = space.restarted();
    assert_eq!(space.find(), damaged());
    assert_eq!(space.index.outdate(&tenant(1), key(1).dataset(), &[]), damaged());
    space.index.destroy(&tenant(1), key(1).dataset(), key(1).revision()).unwrap();
    assert!(!space.folder().exists());
    space.apply(&twelve()).unwrap();
    assert_eq!(space.find().unwrap().len(), 12);
}

#[test]
fn q2_a_step_that_fails_leaves_vectors_as_they_were() {
    let space = filled();
    // Nothing can be removed or written in the place of a folder that has something in it.
    let in_the_way = space.folder().join("6.seg");
    fs::create_dir(&in_the_way).unwrap();
    fs::write(in_the_way.join("file"), "").unwrap();
    let change = [encoded(13, "document-00", [600]), removed(14, "document-01")];
    let failed = space.apply(&change);
    assert!(failed.is_err(), "{failed:?}");
    for space in [&space, &Space { index: flat(space.home.path()), home: tempfile::tempdir().unwrap() }] {
        assert_eq!(space.find().unwrap().len(), 12);
        assert_eq!(space.index.encoded(&tenant(1), key(1)), Ok(ChangeNumber(12)));
    }
    fs::remove_dir_all(&in_the_way).unwrap();
    space.apply(&change).unwrap();
    assert_eq!(space.find().unwrap().len(), 11);
}

#[test]
#[cfg(target_os = "linux")]
fn q2_nothing_that_was_replaced_stays_mapped() {
    let mapped = |space: &Space, what: &str| {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let home = space.home.path().to_str().unwrap();
        maps.lines().filter(|line| line.contains(home) && line.ends_with(what)).count()
    };
    let space = filled();
    for number in 13..40 {
        space.apply(&[encoded(number, &format!("document-{:02}", number % 12), [number])]).unwrap();
        assert!(!space.find().unwrap().is_empty());
    }
    assert_eq!(mapped(&space, ".seg"), space.segments().len(), "what is there is mapped, once");
    assert_eq!(mapped(&space, "(deleted)"), 0);
    space.index.destroy_all(&tenant(1), key(1).dataset()).unwrap();
    assert_eq!(mapped(&space, ".seg") + mapped(&space, "(deleted)"), 0);
}

#[test]
#[cfg(unix)]
fn q2_vectors_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let space = filled();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = space.folder();
    assert!(space.files().iter().all(|file| mode(file) == 0o600));
    assert!(
        folder
            .ancestors()
            .take_while(|folder| *folder != space.home.path())
            .all(|folder| mode(folder) == 0o700)
    );
}

#[test]
fn q2_questions_beside_changes_see_one_step_or_the_next() {
    let space = filled();
    std::thread::scope(|threads| {
        let changes = Arc::new(threads.spawn(|| {
            for number in 20..80 {
                let pair =
                    [encoded(number * 2, "document-00", [number]), encoded(number * 2 + 1, "new", [number])];
                space.apply(&pair).unwrap();
            }
        }));
        for _ in 0..2 {
            let (space, changes) = (&space, Arc::clone(&changes));
            threads.spawn(move || {
                while !changes.is_finished() {
                    let question = random(1);
                    let query = VectorQuery::new(&question, 1_000, -1.0).unwrap();
                    let found = block_on(space.index.nearest(&tenant(1), key(1), query)).unwrap();
                    let cosine = |id| {
                        found.iter().find(|found| found.document.as_str() == id).map(|found| found.cosine)
                    };
                    if let Some(new) = cosine("new") {
                        assert_eq!(cosine("document-00"), Some(new), "half a step was seen");
                    }
                }
            });
        }
    });
}
