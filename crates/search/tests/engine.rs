//! What the engine promises to whoever puts documents in and asks for them.
#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_executor::block_on;
use syft_space_domain::dataset::ports::{SearchEngine as _, SearchError};
use syft_space_domain::dataset::{
    AnalyzerSettings, Change, ChangeNumber, ChunkRef, ContentHash, Document, DocumentId, Hits, IndexKey,
    Metadata, SearchQuery, Stemming, StopWords, Tokenizer, chunks,
};
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::tenant::TenantScope;
use syft_space_domain::time::Timestamp;
use syft_space_home::Home;
use syft_space_search::{Options, TantivySearch};

const PLAIN: AnalyzerSettings = AnalyzerSettings::PLAIN;

struct Space {
    home: tempfile::TempDir,
    engine: TantivySearch,
}

impl Space {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let engine =
            TantivySearch::new(Home::prepare_without_database(home.path()).unwrap(), Options::default());
        Self { home, engine }
    }

    fn restarted(self) -> Self {
        let engine =
            TantivySearch::new(Home::prepare_without_database(self.home.path()).unwrap(), Options::default());
        Self { engine, ..self }
    }

    fn apply(&self, changes: &[Change]) {
        self.engine.apply(&tenant(1), index(1), changes).unwrap();
    }

    fn find(&self, question: &str) -> Vec<String> {
        ids(&self.ask(question, 100, 0.0).unwrap())
    }

    fn ask(&self, question: &str, limit: u64, threshold: f32) -> Result<Hits, SearchError> {
        let query = SearchQuery::new(question, limit, threshold).unwrap();
        block_on(self.engine.search(&tenant(1), index(1), &query))
    }

    /// The errors of what is asked besides a search, of an index with this key.
    fn other_errors(&self, index: IndexKey) -> [Option<SearchError>; 2] {
        let chunk = [ChunkRef { document: DocumentId::parse("a").unwrap(), chunk: 0 }];
        let chunks = block_on(self.engine.chunks(&tenant(1), index, "apples", &chunk));
        [chunks.err(), block_on(self.engine.shares(&tenant(1), index, &["apples"])).err()]
    }

    fn folder(&self) -> PathBuf {
        let index = Path::new("tenants")
            .join(tenant(1).tenant().to_string())
            .join("datasets")
            .join(index(1).dataset.to_string())
            .join("index");
        self.home.path().join(index)
    }

    fn files(&self) -> Vec<PathBuf> {
        fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    fn files_contain(&self, text: &str) -> bool {
        let has = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        self.files().iter().any(|file| has(&fs::read(file).unwrap()))
    }
}

fn tenant(number: u8) -> TenantScope {
    TenantScope::assume(TenantId::from_bytes([number; 16]), "a test of its own")
}

fn index(number: u8) -> IndexKey {
    IndexKey { dataset: DatasetId::from_bytes([number; 16]), analyzer: AnalyzerSettings::default() }
}

fn ids(hits: &Hits) -> Vec<String> {
    hits.iter().map(|hit| hit.document.to_string()).collect()
}

fn document(id: &str, content: &str) -> Document {
    let mut metadata = Metadata::new();
    metadata.insert("title".to_owned(), format!("About {id}").into());
    Document {
        id: DocumentId::parse(id).unwrap(),
        content: content.to_owned(),
        metadata,
        chunks: chunks(content),
        sha256: ContentHash::of_file(content.as_bytes()),
        reader: None,
        created_at: Timestamp::from_unix_micros(0),
    }
}

fn put(number: u64, id: &str, content: &str) -> Change {
    Change::Put(ChangeNumber(number), document(id, content))
}

fn removed(number: u64, id: &str) -> Change {
    Change::Removed(ChangeNumber(number), DocumentId::parse(id).unwrap())
}

/// A text of many chunks that all have the word.
fn long(word: &str) -> String {
    (0..400).map(|at| format!("Sentence {at} speaks of {word} and of little else. ")).collect()
}

#[test]
fn what_was_put_in_is_found_with_its_text_and_metadata() {
    let space = Space::new();
    space.apply(&[put(1, "keys", "Rotate the keys yearly."), put(2, "users", "Invite users by e-mail.")]);
    let hits = space.ask("How do I rotate a key?", 5, 0.5).unwrap();
    assert_eq!(ids(&hits), ["keys"]);
    assert_eq!(&*hits[0].content, "Rotate the keys yearly.");
    assert_eq!(*hits[0].metadata, document("keys", "").metadata);
}

#[test]
fn every_chunk_of_a_document_comes_with_its_metadata_even_when_asked_for_again() {
    let space = Space::new();
    space.apply(&[put(1, "a", &long("keys")), put(2, "b", &long("keys"))]);
    for _ in 0..2 {
        let hits = space.ask("keys", 100, 0.0).unwrap();
        assert!(hits.len() > 20);
        for hit in &hits {
            assert_eq!(*hit.metadata, document(hit.document.as_str(), "").metadata);
        }
    }
}

#[test]
fn a_hit_that_was_found_before_is_handed_out_without_a_copy() {
    let space = Space::new();
    space.apply(&[put(1, "a", &long("keys"))]);
    let first = space.ask("keys", 3, 0.0).unwrap();
    let second = space.ask("keys", 3, 0.0).unwrap();
    assert!(Arc::ptr_eq(&first[2].content, &second[2].content));
    assert!(Arc::ptr_eq(&first[0].metadata, &second[2].metadata));
}

#[test]
fn without_room_for_hits_they_are_read_anew_and_are_the_same() {
    let space = Space::new();
    space.apply(&[put(1, "a", &long("keys"))]);
    let options = Options { chunk_cache_bytes: 0, open_indexes: 1, ..Options::default() };
    let tight = TantivySearch::new(Home::prepare_without_database(space.home.path()).unwrap(), options);
    let query = SearchQuery::new("keys", 50, 0.0).unwrap();
    let hits = block_on(tight.search(&tenant(1), index(1), &query)).unwrap();
    assert_eq!(hits, space.ask("keys", 50, 0.0).unwrap());
}

#[test]
fn the_same_id_again_replaces() {
    let space = Space::new();
    space.apply(&[put(1, "a", "apples")]);
    assert_eq!(space.find("apples"), ["a"]);
    space.apply(&[put(2, "a", "pears")]);
    assert_eq!(space.find("apples"), [""; 0]);
    assert_eq!(space.find("pears"), ["a"]);
}

#[test]
fn the_changes_of_one_batch_act_in_order() {
    let space = Space::new();
    let changes = [
        put(1, "a", "apples"),
        removed(2, "a"),
        put(3, "b", "apples"),
        put(4, "b", "pears"),
        put(5, "c", "plums"),
    ];
    space.apply(&changes);
    assert_eq!(space.find("apples pears plums"), ["b", "c"]);
}

#[test]
fn a_removed_document_is_not_found_while_others_are() {
    let space = Space::new();
    space.apply(&[put(1, "a", "apples"), put(2, "ab", "apples"), put(3, "b", "apples")]);
    space.apply(&[removed(4, "a")]);
    assert_eq!(space.find("apples"), ["ab", "b"]);
    space.apply(&[removed(5, "ab"), removed(6, "b"), removed(7, "never-there")]);
    assert_eq!(space.find("apples"), [""; 0]);
}

#[test]
fn nothing_of_a_removed_or_replaced_document_stays_in_the_files() {
    let space = Space::new();
    let marks = ["zyxwvutsrq", "qponmlkjih"];
    let content = |mark: &str| format!("The word {mark} stands here. {}", long("keys"));
    space.apply(&[put(1, "removed", &content(marks[0])), put(2, "replaced", &content(marks[1]))]);
    space.apply(&[put(3, "kept", &long("keys"))]);
    for mark in marks {
        assert!(space.files_contain(mark), "{mark} cannot be seen in the files, so nothing is proved");
        assert_eq!(space.find(mark).len(), 1);
    }
    space.apply(&[removed(4, "removed"), put(5, "replaced", &long("keys"))]);
    for mark in marks {
        assert!(!space.files_contain(mark), "{mark}");
    }
    space.apply(&[removed(6, "replaced"), removed(7, "kept")]);
    assert!(!space.files_contain("kept"));
    assert!(!space.files_contain("keys"));
}

#[test]
fn additions_one_by_one_leave_few_files() {
    let space = Space::new();
    for number in 1..=40 {
        space.apply(&[put(number, &format!("d{number}"), "apples")]);
    }
    assert_eq!(space.find("apples").len(), 40);
    // A segment has at most 8 files.
    assert!(space.files().len() < 8 * 6, "{}", space.files().len());
}

#[test]
fn no_more_than_the_limit_and_nothing_below_the_threshold_is_found() {
    let space = Space::new();
    space.apply(&[
        put(1, "both", "red apples"),
        put(2, "apples", "green apples and pears"),
        put(3, "red", "red roses and violets"),
        put(4, "neither", "blue sky"),
    ]);
    assert_eq!(ids(&space.ask("red apples", 100, 0.0).unwrap()).len(), 3);
    assert_eq!(ids(&space.ask("red apples", 1, 0.0).unwrap()), ["both"]);
    let hits = space.ask("red apples", 100, 0.0).unwrap();
    assert_eq!(hits[0].document.as_str(), "both");
    let threshold = hits[1].score;
    assert_eq!(space.ask("red apples", 100, threshold).unwrap().len(), 3, "equal to the threshold is enough");
    assert_eq!(ids(&space.ask("red apples", 100, threshold + 0.001).unwrap()), ["both"]);
}

#[test]
fn equal_scores_are_ordered_by_document_and_place() {
    let space = Space::new();
    for (number, id) in (1..).zip(["c", "a", "b", "e", "d"]) {
        space.apply(&[put(number, id, "# One\napples\n# Two\napples\n# Three\napples")]);
    }
    for limit in 1..=15_usize {
        let hits = space.ask("apples", u64::try_from(limit).unwrap(), 0.0).unwrap();
        let found: Vec<_> =
            hits.iter().map(|hit| format!("{} {}", hit.document, &hit.content[2..5])).collect();
        let all =
            ["a", "b", "c", "d", "e"].map(|id| ["One", "Two", "Thr"].map(|part| format!("{id} {part}")));
        assert_eq!(found, all.as_flattened()[..limit]);
    }
}

#[test]
fn words_that_occur_nowhere_count_against_a_chunk() {
    let space = Space::new();
    space.apply(&[put(1, "a", "red apples"), put(2, "b", "the bakery opens at dawn")]);
    assert_eq!(space.find("zebras and giraffes"), [""; 0]);
    let score = |question| space.ask(question, 1, 0.0).unwrap()[0].score;
    assert_eq!(score("red apples").to_bits(), score("apples red apples APPLES").to_bits());
    assert!(score("red apples") > score("red apples, zebras"));
    assert!(score("red apples, zebras") > score("red apples, zebras, giraffes"));
    for about_something_else in ["When does the cafeteria open?", "red giraffes", "the dawn of astronomy"] {
        assert_eq!(space.ask(about_something_else, 5, 0.5).unwrap().len(), 0, "{about_something_else}");
    }
}

#[test]
fn a_question_of_stop_words_is_asked_with_all_its_words() {
    let space = Space::new();
    space.apply(&[
        put(1, "question", "What is this and how are they?"),
        put(2, "staff", "The IT staff is on the second floor."),
        put(3, "health", "The WHO recommends washing, and so do we."),
        put(4, "month", "Peaches ripen in May."),
        put(5, "letter", "Group A meets first."),
        put(6, "test", "The tool DOES measures emissions of engines."),
    ]);
    for (question, first) in [
        ("What is this, and how are they?", "question"),
        ("IT", "staff"),
        ("What is IT?", "staff"),
        ("what is it", "staff"),
        ("Who is the WHO?", "health"),
        ("WHO", "health"),
        ("May", "month"),
        ("a", "letter"),
        ("What is DOES?", "test"),
        ("does", "test"),
    ] {
        let hits = space.ask(question, 5, 0.0).unwrap();
        assert_eq!(ids(&hits).first().map(String::as_str), Some(first), "{question}");
    }
    for question in ["IT", "What is IT?", "Who is the WHO?", "May", "a"] {
        assert_eq!(space.ask(question, 5, 0.5).unwrap().len(), 1, "{question}");
    }
    assert_eq!(space.find("floor of it"), ["staff"], "beside another word they do not count");
    assert_eq!(space.find("?"), [""; 0]);
}

#[test]
fn a_misspelt_word_is_taken_for_a_known_one_and_scores_lower() {
    let space = Space::new();
    space.apply(&[
        put(1, "rivers", "Bridges over rivers need inspection."),
        put(2, "roads", "Roads and railways are repaired in spring."),
    ]);
    for misspelt in ["inspecton", "insepction", "inspectiom", "inspectioon", "INSPECTON"] {
        let hits = space.ask(&format!("bridges {misspelt}"), 5, 0.5).unwrap();
        assert_eq!(ids(&hits), ["rivers"], "{misspelt}");
        let right = space.ask("bridges inspection", 5, 0.5).unwrap();
        assert!(hits[0].score < right[0].score, "{misspelt}");
    }
    for other in ["inspxctoon", "rivrs", "xnspection", "sprung2"] {
        assert_eq!(space.find(other), [""; 0], "{other}: two edits, a short word, the first letter, a digit");
    }
}

#[test]
fn the_words_of_a_long_question_that_are_searched_for_are_bounded() {
    let space = Space::new();
    let word = |n: usize| format!("{}q{n}", "x".repeat(n % 5));
    let text: String = (0..200).map(|n| word(n) + " ").collect();
    space.apply(&[put(1, "a", &text), put(2, "b", "needle")]);
    let unknown: String = (0..400).map(|n| format!("unknown{n} ")).collect();
    assert_eq!(space.find(&format!("{unknown} needle")), ["b"]);
    let beyond: String = (0..600).map(|n| format!("unknown{n} ")).collect();
    assert_eq!(space.find(&format!("{beyond} needle")), [""; 0], "words beyond the first 512 do not count");
    assert_eq!(space.find(&format!("needle {beyond}")), ["b"]);
    assert!(space.find(&text).contains(&"a".to_owned()));
}

#[test]
fn stems_and_stop_words_are_as_the_dataset_says() {
    let space = Space::new();
    let with = |analyzer| {
        let index = IndexKey { analyzer, ..index(1) };
        space.engine.destroy(&tenant(1), index.dataset).unwrap();
        space.engine.apply(&tenant(1), index, &[put(1, "a", "The keys were rotated")]).unwrap();
        ["rotation", "the", "the unlocking"].map(|question| {
            let query = SearchQuery::new(question, 5, 0.0).unwrap();
            !block_on(space.engine.search(&tenant(1), index, &query)).unwrap().is_empty()
        })
    };
    let set =
        |stemming, stop_words| with(AnalyzerSettings { tokenizer: Tokenizer::Words, stemming, stop_words });
    assert_eq!(set(Stemming::English, StopWords::English), [true, true, false]);
    assert_eq!(set(Stemming::English, StopWords::None), [true, true, true]);
    assert_eq!(set(Stemming::None, StopWords::English), [false, true, false]);
    assert_eq!(set(Stemming::None, StopWords::None), [false, true, true]);
}

#[test]
fn no_question_is_an_error() {
    let space = Space::new();
    space.apply(&[put(1, "a", "apples 🍏 日本語 naïve C++"), put(2, "b", &long("keys"))]);
    let questions = [
        "?!*()[]{}\"'\\^~:-+/&|<>".to_owned(),
        "apples AND (pears OR".to_owned(),
        "\"unclosed field:value^2 ~".to_owned(),
        "🍏🍏🍏 👩‍👩‍👧‍👦 \u{301}\u{200d}".to_owned(),
        "\u{0}\u{1}\u{feff}".to_owned(),
        "x".repeat(SearchQuery::MAX_TEXT),
        "a b c d ".repeat(SearchQuery::MAX_TEXT / 8),
        (0..5000).map(|n| format!("w{n} ")).collect(),
        (0..400).map(|at| format!("Sentence {at} of keys else ")).collect(),
    ];
    for question in questions {
        space.ask(&question, 100, 0.0).unwrap();
    }
    assert_eq!(space.find("日本語"), ["a"]);
    assert_eq!(space.find("NAÏVE"), ["a"]);
}

#[test]
fn all_is_there_after_a_restart() {
    let space = Space::new();
    space.apply(&[put(1, "a", "apples"), put(2, "b", "pears")]);
    space.apply(&[removed(3, "b")]);
    let space = space.restarted();
    assert_eq!(space.engine.indexed(&tenant(1), index(1)), Ok(ChangeNumber(3)));
    assert_eq!(space.find("apples pears"), ["a"]);
}

#[test]
fn the_last_change_is_kept_even_when_nothing_is_left() {
    let space = Space::new();
    assert_eq!(space.engine.indexed(&tenant(1), index(1)), Ok(ChangeNumber(0)));
    assert!(!space.folder().exists(), "asking makes no folder");
    space.apply(&[removed(8, "a")]);
    assert_eq!(space.engine.indexed(&tenant(1), index(1)), Ok(ChangeNumber(8)));
    space.apply(&[]);
    assert_eq!(space.engine.indexed(&tenant(1), index(1)), Ok(ChangeNumber(8)));
    space.apply(&[put(9, "a", "apples"), removed(10, "a")]);
    let space = space.restarted();
    assert_eq!(space.engine.indexed(&tenant(1), index(1)), Ok(ChangeNumber(10)));
    assert_eq!(space.find("apples"), [""; 0]);
}

#[test]
fn a_document_without_chunks_is_only_a_change() {
    let space = Space::new();
    space.apply(&[put(1, "a", "apples")]);
    space.apply(&[put(2, "a", "")]);
    assert_eq!(space.find("apples"), [""; 0]);
    assert_eq!(space.engine.indexed(&tenant(1), index(1)), Ok(ChangeNumber(2)));
}

#[test]
fn a_dataset_without_an_index_has_no_hits() {
    let space = Space::new();
    assert_eq!(space.find("apples"), [""; 0]);
    assert!(!space.folder().exists());
    space.apply(&[put(1, "a", "apples")]);
    assert_eq!(space.find("apples"), ["a"]);
}

#[test]
fn a_destroyed_index_is_gone_from_disk_and_from_memory() {
    let space = Space::new();
    space.apply(&[put(1, "a", "apples")]);
    assert_eq!(space.find("apples"), ["a"]);
    for _ in 0..2 {
        space.engine.destroy(&tenant(1), index(1).dataset).unwrap();
        assert!(!space.folder().exists());
        assert_eq!(space.find("apples"), [""; 0]);
        assert_eq!(space.engine.indexed(&tenant(1), index(1)), Ok(ChangeNumber(0)));
    }
    space.apply(&[put(1, "b", "apples")]);
    assert_eq!(space.find("apples"), ["b"]);
}

#[test]
fn z1_tenants_with_equal_dataset_ids_do_not_see_each_other() {
    let space = Space::new();
    let find = |tenant_number| {
        let query = SearchQuery::new("apples", 5, 0.0).unwrap();
        ids(&block_on(space.engine.search(&tenant(tenant_number), index(1), &query)).unwrap())
    };
    space.engine.apply(&tenant(1), index(1), &[put(1, "mine", "apples")]).unwrap();
    assert_eq!((find(1), find(2)), (vec!["mine".to_owned()], vec![]));
    space.engine.apply(&tenant(2), index(1), &[put(1, "yours", "apples"), put(2, "too", "apples")]).unwrap();
    assert_eq!((find(1), find(2)), (vec!["mine".to_owned()], vec!["too".to_owned(), "yours".to_owned()]));
    assert_eq!(space.engine.indexed(&tenant(1), index(1)), Ok(ChangeNumber(1)));
    space.engine.destroy(&tenant(1), index(1).dataset).unwrap();
    assert_eq!((find(1).len(), find(2).len()), (0, 2));
}

#[test]
fn datasets_of_one_tenant_do_not_see_each_other() {
    let space = Space::new();
    space.engine.apply(&tenant(1), index(2), &[put(1, "other", "apples")]).unwrap();
    assert_eq!(space.find("apples"), [""; 0]);
}

#[test]
#[cfg(unix)]
fn folders_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let space = Space::new();
    space.apply(&[put(1, "a", "apples")]);
    let index = space.folder();
    for folder in index.ancestors().take_while(|folder| *folder != space.home.path()) {
        assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700, "{}", folder.display());
    }
}

/// What `indexed`, `search` and `apply` answer.
type Answers = (Result<ChangeNumber, SearchError>, Result<Hits, SearchError>, Result<(), SearchError>);

/// Breaks an index in a way, and tells what an engine that starts on it answers.
fn broken(how: impl Fn(&Space)) -> Answers {
    let space = Space::new();
    space.apply(&[put(1, "a", &long("apples")), put(2, "b", &long("pears"))]);
    how(&space);
    let space = space.restarted();
    let found = space.ask("apples pears", 100, 0.0);
    let applied = space.engine.apply(&tenant(1), index(1), &[put(3, "a", "plums"), removed(4, "b")]);
    (space.engine.indexed(&tenant(1), index(1)), found, applied)
}

#[test]
fn an_index_that_cannot_be_read_is_told_as_damaged() {
    let damaged = || SearchError::Damaged(index(1).dataset);
    let no_json = broken(|space| fs::write(space.folder().join("meta.json"), "{ no json").unwrap());
    assert_eq!(no_json, (Err(damaged()), Err(damaged()), Err(damaged())));
    let no_number = broken(|space| {
        let meta = space.folder().join("meta.json");
        let text = fs::read_to_string(&meta).unwrap().replace("\"payload\": \"2\"", "\"payload\": \"two\"");
        fs::write(meta, text).unwrap();
    });
    assert_eq!((no_number.0, no_number.2), (Err(damaged()), Err(damaged())));
    let a_file = broken(|space| {
        fs::remove_dir_all(space.folder()).unwrap();
        fs::write(space.folder(), "no folder").unwrap();
    });
    assert_eq!(a_file, (Err(damaged()), Err(damaged()), Err(damaged())));
}

#[test]
fn an_index_of_which_files_are_cut_or_missing_is_told_as_damaged() {
    let each_file = |change: fn(&Path)| {
        move |space: &Space| {
            let segment_files = space.files().into_iter().filter(|file| {
                let name = file.file_name().unwrap().to_str().unwrap();
                !name.starts_with('.') && !name.ends_with(".json")
            });
            segment_files.for_each(|file| change(&file));
        }
    };
    let damaged = || SearchError::Damaged(index(1).dataset);
    let missing = broken(each_file(|file| fs::remove_file(file).unwrap()));
    assert_eq!((missing.1, missing.2), (Err(damaged()), Err(damaged())));
    let cut = broken(each_file(|file| {
        let bytes = fs::read(file).unwrap();
        fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    }));
    assert_eq!((cut.1, cut.2), (Err(damaged()), Err(damaged())));
    let empty = broken(each_file(|file| fs::write(file, "").unwrap()));
    assert_eq!((empty.1, empty.2), (Err(damaged()), Err(damaged())));
}

#[test]
fn an_index_with_wrong_bytes_takes_no_changes_and_ends_no_process() {
    for position in 1..12 {
        let (_, _, applied) = broken(|space| {
            for file in space.files() {
                let name = file.file_name().unwrap().to_str().unwrap();
                if !name.starts_with('.') && !name.ends_with(".json") {
                    let mut bytes = fs::read(&file).unwrap();
                    let at = bytes.len() * position / 16;
                    bytes[at] ^= 0xff;
                    fs::write(&file, bytes).unwrap();
                }
            }
        });
        assert_eq!(applied, Err(SearchError::Damaged(index(1).dataset)), "at {position}/16");
    }
}

#[test]
fn an_index_made_with_other_settings_is_told_as_damaged() {
    let space = Space::new();
    space.apply(&[put(1, "a", "apples")]);
    let other = IndexKey { analyzer: PLAIN, ..index(1) };
    let damaged = SearchError::Damaged(index(1).dataset);
    let query = SearchQuery::new("apples", 5, 0.0).unwrap();
    for _ in 0..2 {
        assert_eq!(block_on(space.engine.search(&tenant(1), other, &query)), Err(damaged.clone()));
        assert_eq!(space.other_errors(other), [Some(damaged.clone()), Some(damaged.clone())]);
        assert_eq!(space.engine.indexed(&tenant(1), other), Err(damaged.clone()));
        assert_eq!(space.engine.apply(&tenant(1), other, &[put(2, "b", "pears")]), Err(damaged.clone()));
        assert_eq!(space.find("apples"), ["a"], "and the index is as it was");
    }
}

#[test]
fn a_damaged_index_is_mended_by_destroying_and_filling_it() {
    let space = Space::new();
    space.apply(&[put(1, "a", "apples")]);
    fs::write(space.folder().join("meta.json"), "{}").unwrap();
    let space = space.restarted();
    assert!(space.ask("apples", 5, 0.0).is_err());
    let damaged = SearchError::Damaged(index(1).dataset);
    assert_eq!(space.other_errors(index(1)), [Some(damaged.clone()), Some(damaged)]);
    space.engine.destroy(&tenant(1), index(1).dataset).unwrap();
    space.apply(&[put(1, "a", "apples")]);
    assert_eq!(space.find("apples"), ["a"]);
    assert_eq!(space.other_errors(index(1)), [None, None]);
}

#[test]
fn what_a_cut_short_creation_or_removal_left_is_cleared_away() {
    let space = Space::new();
    space.apply(&[put(1, "a", "zyxwvutsrq")]);
    fs::remove_file(space.folder().join("meta.json")).unwrap();
    let space = space.restarted();
    assert_eq!(space.engine.indexed(&tenant(1), index(1)), Ok(ChangeNumber(0)));
    assert_eq!(space.find("zyxwvutsrq"), [""; 0]);
    space.apply(&[put(1, "b", "pears")]);
    assert_eq!(space.find("zyxwvutsrq pears"), ["b"]);
    assert!(!space.files_contain("zyxwvutsrq"));
}

#[test]
fn searches_beside_changes_see_one_commit_or_the_next() {
    let space = Space::new();
    space.apply(&[put(1, "a", "first shared"), put(2, "b", "first shared")]);
    let change = || {
        for number in 1..=20_u64 {
            let content = format!("{number} shared");
            space.apply(&[put(number * 2 + 1, "a", &content), put(number * 2 + 2, "b", &content)]);
            let now = space.ask("shared", 5, 0.0).unwrap();
            assert_eq!(*now[0].content, content, "an answered change is not seen");
        }
    };
    std::thread::scope(|threads| {
        let changes = Arc::new(threads.spawn(change));
        for _ in 0..2 {
            let (space, changes) = (&space, Arc::clone(&changes));
            threads.spawn(move || {
                let mut last = 0;
                while !changes.is_finished() {
                    let hits = space.ask("shared", 5, 0.0).unwrap();
                    let texts: Vec<&str> = hits.iter().map(|hit| &*hit.content).collect();
                    assert_eq!(texts.len(), 2);
                    assert_eq!(texts[0], texts[1], "half a commit was seen");
                    let number = texts[0].split(' ').next().unwrap().parse::<u64>().unwrap_or(0);
                    assert!(number >= last, "an older commit came back");
                    last = number;
                }
            });
        }
    });
}
