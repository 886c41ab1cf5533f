//! The suite of [`SearchEngine`].
//!
//! Unless they say so, the queries use plain English words that no stemmer changes and no list of stop words contains:
//! the suite does not test how well an engine knows a language.

use futures_executor::block_on;
use syft_space_domain::dataset::ports::SearchEngine;
use syft_space_domain::dataset::{
    AnalyzerSettings, Change, ChangeNumber, Document, Highlight, Hit, IndexKey, SearchQuery, Tokenizer,
    chunks,
};

mod named;
mod shares;
mod spellings;
mod stop_words;

pub use self::named::{
    q2_a_named_chunk_is_as_a_search_would_show_it, q2_a_named_chunk_is_found_among_many,
    q2_named_chunks_are_answered_in_the_order_in_which_they_are_named,
    q2_named_chunks_that_the_index_does_not_have_are_left_out, q2_no_more_chunks_are_named_than_one_call_may,
    z1_named_chunks_are_those_of_their_own_tenants_dataset_only,
};
pub use self::shares::{
    q2_a_run_of_characters_has_the_share_of_its_rarest_part, q2_a_share_follows_the_documents,
    q2_a_text_that_no_chunk_can_have_has_no_share, q2_a_texts_share_is_that_of_its_rarest_word,
    q2_stop_words_have_a_share_where_a_text_has_no_others,
    z1_a_share_counts_the_chunks_of_its_own_tenants_dataset_only,
};
pub use self::spellings::{
    q2_a_hyphen_in_a_question_hides_no_word_without_it, q2_what_looks_alike_is_alike_where_runs_are_cut,
};
pub use self::stop_words::{
    q2_a_name_that_is_a_stop_word_is_found_beside_words_that_no_chunk_has,
    q2_a_question_of_stop_words_is_asked_with_all_its_words, q2_capitals_are_a_preference_and_no_filter,
    stop_words_do_not_count_where_the_dataset_says_so,
};
use crate::check::{Check, checks, run_all};
use crate::documents::{document, document_id};
use crate::fixture::{Fixture, SearchFactory};
use crate::sample::{dataset_id, scope};

/// Every promise of [`SearchEngine`].
pub const CHECKS: &[Check<SearchFactory>] = checks![
    a_hit_shows_the_chunk_and_its_document,
    q2_a_chunk_with_all_words_scores_at_least_a_half,
    q2_a_word_that_no_chunk_has_counts_against_every_chunk,
    q2_a_misspelt_word_is_taken_for_a_known_one_and_scores_lower,
    q2_scores_are_between_0_and_1_and_the_closest_come_first,
    the_limit_and_the_threshold_are_kept,
    stop_words_do_not_count_where_the_dataset_says_so,
    q2_a_question_of_stop_words_is_asked_with_all_its_words,
    q2_capitals_are_a_preference_and_no_filter,
    q2_a_name_that_is_a_stop_word_is_found_beside_words_that_no_chunk_has,
    q2_languages_without_spaces_are_found_where_the_dataset_says_so,
    q2_what_looks_alike_is_alike_where_runs_are_cut,
    q2_a_hyphen_in_a_question_hides_no_word_without_it,
    q2_a_chunk_is_found_by_its_title_and_headings_too,
    a_question_may_hold_anything,
    a_document_that_is_replaced_is_found_by_its_new_words_only,
    a_document_that_is_removed_is_not_found,
    an_index_knows_the_last_change_it_has_seen,
    the_same_changes_again_change_nothing,
    z1_a_search_finds_its_own_tenants_dataset_only,
    q2_named_chunks_are_answered_in_the_order_in_which_they_are_named,
    q2_a_named_chunk_is_as_a_search_would_show_it,
    q2_named_chunks_that_the_index_does_not_have_are_left_out,
    q2_a_named_chunk_is_found_among_many,
    q2_no_more_chunks_are_named_than_one_call_may,
    z1_named_chunks_are_those_of_their_own_tenants_dataset_only,
    q2_a_texts_share_is_that_of_its_rarest_word,
    q2_a_text_that_no_chunk_can_have_has_no_share,
    q2_stop_words_have_a_share_where_a_text_has_no_others,
    q2_a_run_of_characters_has_the_share_of_its_rarest_part,
    q2_a_share_follows_the_documents,
    z1_a_share_counts_the_chunks_of_its_own_tenants_dataset_only,
    what_is_destroyed_is_not_found_and_can_be_built_again,
    what_was_indexed_is_found_after_a_restart,
];

/// Checks every promise.
pub fn suite(make: &SearchFactory) {
    run_all("the search engine", CHECKS, make);
}

fn index(n: u64) -> IndexKey {
    IndexKey { dataset: dataset_id(n), analyzer: AnalyzerSettings::default() }
}

/// An index with the tokenizer for Chinese, Japanese and Korean.
fn cjk(n: u64) -> IndexKey {
    let analyzer = AnalyzerSettings { tokenizer: Tokenizer::Cjk, ..AnalyzerSettings::PLAIN };
    IndexKey { dataset: dataset_id(n), analyzer }
}

/// Changes that put these documents in, numbered from `from` on.
fn put_changes(from: u64, documents: impl IntoIterator<Item = Document>) -> Vec<Change> {
    (from..).zip(documents).map(|(n, document)| Change::Put(ChangeNumber(n), document)).collect()
}

#[track_caller]
fn apply(engine: &dyn SearchEngine, tenant: u64, changes: &[Change]) {
    engine.apply(&scope(tenant), index(1), changes).expect("changes are followed");
}

#[track_caller]
fn search(
    engine: &dyn SearchEngine,
    tenant: u64,
    index: IndexKey,
    text: &str,
    limit: u64,
    threshold: f32,
) -> Vec<Hit> {
    let query = SearchQuery::new(text, limit, threshold).expect("a valid question");
    block_on(engine.search(&scope(tenant), index, &query)).expect("a question is answered")
}

/// The documents that a query to dataset 1 of tenant 1 finds, with any score.
#[track_caller]
fn find(engine: &dyn SearchEngine, text: &str) -> Vec<String> {
    let mut ids: Vec<_> =
        search(engine, 1, index(1), text, 100, 0.0).into_iter().map(|hit| hit.document.to_string()).collect();
    ids.sort();
    ids
}

/// Documents whose chunks share some words.
fn harbor_documents() -> Vec<Change> {
    put_changes(
        1,
        [
            document("boats", &["red boats sail north", "blue boats sail south past red rock"]),
            document("crane", &["a tall crane lifts red crates"]),
            document("notes", &["harbor master notes weather", "fog wind rain"]),
            document("pilot", &["pilot boards at dawn with fog lamp and long coat and old map and warm hat"]),
        ],
    )
}

/// A hit has the chunk's text and the document's metadata unchanged.
pub fn a_hit_shows_the_chunk_and_its_document(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    assert_eq!(search(engine, 1, index(1), "boats", 9, 0.0), [], "a dataset without an index has no hit");
    apply(engine, 1, &harbor_documents());
    let hits = search(engine, 1, index(1), "north", 9, 0.0);
    let [hit] = &*hits else {
        panic!("one chunk has the word: {hits:?}");
    };
    assert_eq!(&*hit.content, "red boats sail north", "a hit shows its chunk");
    assert_eq!(hit.document, document_id("boats"), "and its document");
    assert_eq!(*hit.metadata, document("boats", &[]).metadata, "and what the owner says about it");
    let boats = document("boats", &["red boats sail north", "blue boats sail south past red rock"]);
    for (number, (question, chunk)) in (0..).zip(["north", "south"].into_iter().zip(&boats.chunks)) {
        let hits = search(engine, 1, index(1), question, 9, 0.0);
        let places: Vec<_> = hits.iter().map(|hit| (hit.chunk, &*hit.location)).collect();
        assert_eq!(places, [(number, &chunk.location)], "and where it stands in the document");
    }
    for (question, expected) in [("NORTH", &["north"][..]), ("rock, blue boats", &["blue", "boats", "rock"])]
    {
        let hits = search(engine, 1, index(1), question, 1, 0.0);
        let number = |n: u32| usize::try_from(n).expect("a small number");
        let shown = hits.iter().flat_map(|hit| {
            let word = |part: &Highlight| -> String {
                hit.content.chars().take(number(part.end)).skip(number(part.start)).collect()
            };
            hit.highlight.iter().map(word)
        });
        let shown: Vec<String> = shown.collect();
        assert_eq!(shown, expected, "and which of its words were asked for");
    }
    assert_eq!(find(engine, "NORTH"), ["boats"], "the case of letters does not matter");
}

/// Whatever else a chunk has.
pub fn q2_a_chunk_with_all_words_scores_at_least_a_half(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    apply(engine, 1, &harbor_documents());
    for question in ["red", "red boats", "fog lamp", "blue red rock", "pilot hat fog map"] {
        let hits = search(engine, 1, index(1), question, 9, 0.0);
        let has_all =
            |hit: &&Hit| question.split(' ').all(|word| hit.content.split(' ').any(|part| part == word));
        let whole: Vec<&Hit> = hits.iter().filter(has_all).collect();
        assert!(!whole.is_empty(), "a chunk with all words of {question:?} is found");
        for hit in whole {
            assert!(hit.score >= 0.5, "a chunk with all words of {question:?} scores {}, not 0.5", hit.score);
        }
    }
}

/// What is asked is then about something else, the more the less of it is known.
pub fn q2_a_word_that_no_chunk_has_counts_against_every_chunk(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    apply(engine, 1, &harbor_documents());
    assert_eq!(find(engine, "zeppelin quokka"), Vec::<String>::new(), "words that no chunk has find nothing");
    let questions = ["weather", "weather zeppelin", "weather zeppelin quokka"];
    let best = |question| search(engine, 1, index(1), question, 9, 0.0).first().map(|hit| hit.score);
    let scores = questions.map(|question| best(question).expect("the word that is known finds a chunk"));
    assert!(
        scores.is_sorted_by(|score, next| score > next),
        "each unknown word lowers the score: {scores:?}"
    );
    assert!(scores[1] < 0.5, "a chunk with one of two words scores {}, not below 0.5", scores[1]);
}

/// One edit makes it another word of the dataset: a letter too many, too few, another one, or two changed about.
pub fn q2_a_misspelt_word_is_taken_for_a_known_one_and_scores_lower(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    apply(engine, 1, &harbor_documents());
    let ask = |text: &str| search(engine, 1, index(1), text, 9, 0.5);
    let right = ask("weather notes");
    for misspelt in ["weathher", "weathr", "weether", "wetaher"] {
        let hits = ask(&format!("{misspelt} notes"));
        let contents = |hits: &[Hit]| hits.iter().map(|hit| hit.content.to_string()).collect::<Vec<_>>();
        assert_eq!(contents(&hits), contents(&right), "{misspelt} is one edit away from weather");
        assert!(hits.iter().zip(&right).all(|(hit, right)| hit.score < right.score), "and scores lower");
    }
    for other in ["wheatherr", "fgo", "zeather"] {
        assert_eq!(find(engine, other), Vec::<String>::new(), "{other} is another word");
    }
}

/// A chunk with more of the words comes before one with fewer.
pub fn q2_scores_are_between_0_and_1_and_the_closest_come_first(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    apply(engine, 1, &harbor_documents());
    apply(
        engine,
        1,
        &put_changes(5, [document("echo", &["echo echo echo echo echo echo echo echo", "echo"])]),
    );
    for question in ["red boats north", "fog", "echo", "echo fog", "red boats crane pilot fog echo weather"] {
        let hits = search(engine, 1, index(1), question, 100, 0.0);
        let scores: Vec<f32> = hits.iter().map(|hit| hit.score).collect();
        assert!(!scores.is_empty(), "{question:?} finds something");
        assert!(
            scores.iter().all(|score| *score > 0.0 && *score <= 1.0),
            "scores are between 0 and 1: {scores:?}"
        );
        assert!(scores.is_sorted_by(|score, next| score >= next), "the closest come first: {scores:?}");
    }
    let first = search(engine, 1, index(1), "red boats north", 100, 0.0).into_iter().next();
    assert_eq!(
        first.as_ref().map(|hit| &*hit.content),
        Some("red boats sail north"),
        "all words before some"
    );
}

/// There are no more hits than the limit, and none below the threshold.
pub fn the_limit_and_the_threshold_are_kept(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    apply(engine, 1, &harbor_documents());
    let all = search(engine, 1, index(1), "red boats fog", 100, 0.0);
    assert!(all.len() >= 4, "each chunk with one of the words is found without a threshold: {all:?}");
    for limit in 1..=3 {
        let hits = search(engine, 1, index(1), "red boats fog", limit, 0.0);
        let expected = all.iter().map(|hit| hit.score).take(hits.len());
        assert_eq!(u64::try_from(hits.len()), Ok(limit), "no more hits than asked for");
        assert!(hits.iter().map(|hit| hit.score).eq(expected), "the closest are kept");
    }
    for threshold in all.iter().map(|hit| hit.score).chain([0.5, 1.0]) {
        let hits = search(engine, 1, index(1), "red boats fog", 100, threshold);
        let expected = all.iter().filter(|hit| hit.score >= threshold).count();
        assert_eq!(hits.len(), expected, "a hit is kept if its score is at least {threshold}");
    }
}

/// Any part of a run of characters is found, even a single character.
pub fn q2_languages_without_spaces_are_found_where_the_dataset_says_so(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    let cjk = cjk(1);
    let documents = [
        document("zh", &["数据库管理员每天晚上备份所有数据。"]),
        document("ja", &["東京都のサーバーは毎晩バックアップされます。猫が好き。"]),
        document("ko", &["서울에서 데이터를 매일 백업합니다."]),
        document("mixed", &["PostgreSQL15で索引を作る方法"]),
    ];
    engine.apply(&scope(1), cjk, &put_changes(1, documents)).expect("changes are followed");
    let hits = |text| -> Vec<String> {
        search(engine, 1, cjk, text, 9, 0.5).into_iter().map(|hit| hit.document.to_string()).collect()
    };
    for (question, found) in [
        ("备份数据", "zh"),
        ("管理员", "zh"),
        ("サーバー", "ja"),
        ("バックアップ", "ja"),
        ("猫", "ja"),
        ("서울", "ko"),
        ("데이터 백업", "ko"),
        ("postgresql15", "mixed"),
        ("索引", "mixed"),
    ] {
        assert_eq!(hits(question), [found], "{question} is found in a run of characters");
    }
    assert_eq!(hits("京东"), Vec::<String>::new(), "characters in another order are another word");
}

/// A hit still shows only the chunk.
pub fn q2_a_chunk_is_found_by_its_title_and_headings_too(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    let content = "# Crane\nIt lifts crates.\n\n## Winch\nOiled weekly.\n\n# Pier\nClosed at dawn.";
    let mut manual = document("manual", &[]);
    manual.content = content.to_owned();
    manual.chunks = chunks(content);
    manual.metadata.insert("title".to_owned(), "Harbor manual".into());
    apply(engine, 1, &put_changes(1, [manual]));
    let contents = |text| -> Vec<String> {
        search(engine, 1, index(1), text, 9, 0.5).into_iter().map(|hit| hit.content.to_string()).collect()
    };
    assert_eq!(
        contents("crane oiled"),
        ["## Winch\nOiled weekly."],
        "a chunk has the words of the heading above"
    );
    assert_eq!(contents("harbor pier dawn"), ["# Pier\nClosed at dawn."], "and of the title");
    assert_eq!(contents("winch dawn crates").len(), 0, "and of no heading beside it");
}

/// No character is an operator.
pub fn a_question_may_hold_anything(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    apply(engine, 1, &harbor_documents());
    for question in [
        "\"",
        "(",
        ")",
        "red AND NOT boats)",
        "content:*",
        "*",
        "+red -boats",
        "red^9~2",
        "[a TO z]",
        "' OR 1=1 --",
        "\u{1f980}",
        "\u{202e}\u{0}",
        "\\",
        "/.*/",
        "<red>",
        "a\u{301}",
        "{\"red\":1}",
    ] {
        search(engine, 1, index(1), question, 5, 0.0);
    }
    let long = "red ".repeat(SearchQuery::MAX_TEXT / 4);
    let hits = search(engine, 1, index(1), &long, 9, 0.5);
    assert!(!hits.is_empty(), "a long question is answered like a short one");
    let unknown = |count: u16| (0..count).map(|n| format!("w{n} ")).collect::<String>() + "red";
    search(engine, 1, index(1), &unknown(3_000), 9, 0.0);
    let hits = search(engine, 1, index(1), &unknown(400), 9, 0.0);
    assert!(!hits.is_empty(), "words that no chunk has do not hide the one that some have");
    assert_eq!(
        find(engine, "red -boats"),
        ["boats", "boats", "crane"],
        "no character of a question is a command"
    );
}

/// The next search already sees the change.
pub fn a_document_that_is_replaced_is_found_by_its_new_words_only(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    apply(engine, 1, &harbor_documents());
    apply(engine, 1, &put_changes(5, [document("crane", &["green winch", "rope winch"])]));
    assert_eq!(find(engine, "winch"), ["crane", "crane"], "a document is found by its new words at once");
    assert_eq!(find(engine, "tall lifts"), Vec::<String>::new(), "and not by its old ones");
    assert_eq!(find(engine, "red"), ["boats", "boats"], "another document is found as before");
}

/// The next search already sees the change.
pub fn a_document_that_is_removed_is_not_found(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    apply(engine, 1, &harbor_documents());
    let removals = [
        Change::Removed(ChangeNumber(5), document_id("boats")),
        Change::Removed(ChangeNumber(6), document_id("never-there")),
    ];
    apply(engine, 1, &removals);
    assert_eq!(find(engine, "boats sail red"), ["crane"], "a document that is removed is not found");
    let scores =
        |text| search(engine, 1, index(1), text, 9, 0.0).iter().map(|hit| hit.score).collect::<Vec<_>>();
    assert_eq!(scores("red boats"), scores("red yurts"), "a word that only it had is not known any more");
}

/// The number is 0 before the first change.
pub fn an_index_knows_the_last_change_it_has_seen(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    let indexed = |tenant, n| engine.indexed(&scope(tenant), index(n));
    assert_eq!(indexed(1, 1), Ok(ChangeNumber(0)), "an index that is not there has seen nothing");
    apply(engine, 1, &harbor_documents());
    assert_eq!(indexed(1, 1), Ok(ChangeNumber(4)), "an index knows the last change it has seen");
    apply(engine, 1, &[Change::Removed(ChangeNumber(9), document_id("boats"))]);
    assert_eq!(indexed(1, 1), Ok(ChangeNumber(9)), "of any kind, whatever numbers are left out");
    assert_eq!(
        [indexed(2, 1), indexed(1, 2)],
        [Ok(ChangeNumber(0)), Ok(ChangeNumber(0))],
        "each index for itself"
    );
}

/// So an interrupted update can simply run again.
pub fn the_same_changes_again_change_nothing(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    apply(engine, 1, &harbor_documents());
    let before = search(engine, 1, index(1), "red boats fog", 100, 0.0);
    apply(engine, 1, &harbor_documents());
    apply(engine, 1, &[]);
    assert_eq!(
        search(engine, 1, index(1), "red boats fog", 100, 0.0),
        before,
        "the same changes again change nothing"
    );
    assert_eq!(engine.indexed(&scope(1), index(1)), Ok(ChangeNumber(4)));
}

/// Two tenants have datasets and documents with the same ids, and one has a second dataset.
pub fn z1_a_search_finds_its_own_tenants_dataset_only(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    apply(engine, 1, &put_changes(1, [document("a", &["amber lantern"])]));
    apply(engine, 2, &put_changes(1, [document("a", &["amber anchor"]), document("b", &["amber"])]));
    let beside = put_changes(1, [document("a", &["amber compass"])]);
    engine.apply(&scope(1), index(2), &beside).expect("changes are followed");
    let contents = |tenant, n, text| -> Vec<String> {
        search(engine, tenant, index(n), text, 9, 0.0)
            .into_iter()
            .map(|hit| hit.content.to_string())
            .collect()
    };
    assert_eq!(contents(1, 1, "amber"), ["amber lantern"], "a search finds its own tenant's dataset");
    assert_eq!(contents(1, 1, "anchor compass"), Vec::<String>::new(), "and no other");
    assert_eq!(contents(1, 2, "amber"), ["amber compass"], "each dataset for itself");
    assert_eq!(contents(2, 2, "amber"), Vec::<String>::new(), "a dataset of another tenant is not there");
    let score = search(engine, 1, index(1), "amber anchor", 9, 0.0).first().map(|hit| hit.score);
    let nowhere = search(engine, 1, index(1), "amber walrus", 9, 0.0).first().map(|hit| hit.score);
    assert!(score.is_some());
    assert_eq!(score, nowhere, "what others hold does not show in a score");
    engine.destroy(&scope(1), dataset_id(1)).expect("an index is destroyed");
    assert_eq!(contents(2, 1, "anchor"), ["amber anchor"], "another tenant's index is not destroyed");
    assert_eq!(contents(1, 2, "amber"), ["amber compass"], "nor another dataset's");
}

/// The operation is idempotent.
pub fn what_is_destroyed_is_not_found_and_can_be_built_again(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    engine.destroy(&scope(1), dataset_id(1)).expect("what is not there is destroyed already");
    apply(engine, 1, &harbor_documents());
    let before = search(engine, 1, index(1), "red boats fog", 100, 0.0);
    for _ in 0..2 {
        engine.destroy(&scope(1), dataset_id(1)).expect("an index is destroyed");
        assert_eq!(find(engine, "red boats fog"), Vec::<String>::new(), "what is destroyed is not found");
        assert_eq!(engine.indexed(&scope(1), index(1)), Ok(ChangeNumber(0)), "it has seen nothing");
    }
    apply(engine, 1, &harbor_documents());
    let after = search(engine, 1, index(1), "red boats fog", 100, 0.0);
    assert_eq!(after, before, "an index that is built again answers as before");
}

/// Only persistent adapters are checked.
pub fn what_was_indexed_is_found_after_a_restart(make: &SearchFactory) {
    let Fixture { adapter, reopen } = make();
    apply(&*adapter, 1, &harbor_documents());
    let before = search(&*adapter, 1, index(1), "red boats fog", 100, 0.0);
    drop(adapter);
    let Some(reopen) = reopen else {
        return;
    };
    let again = reopen();
    let after = search(&*again.adapter, 1, index(1), "red boats fog", 100, 0.0);
    assert_eq!(after, before, "what was indexed is found after a restart");
    assert_eq!(again.adapter.indexed(&scope(1), index(1)), Ok(ChangeNumber(4)), "and the number is known");
}
