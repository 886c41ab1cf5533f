//! How many chunks can have a text within.

use futures_executor::block_on;
use syft_space_domain::dataset::ports::SearchEngine;
use syft_space_domain::dataset::{Change, ChangeNumber};

use super::{apply, cjk, harbor_documents, index, put_changes};
use crate::documents::{document, document_id};
use crate::fixture::SearchFactory;
use crate::sample::{dataset_id, scope};

#[track_caller]
fn shares(engine: &dyn SearchEngine, tenant: u64, dataset: u64, texts: &[&str]) -> Vec<f32> {
    block_on(engine.shares(&scope(tenant), index(dataset), texts)).expect("shares are answered")
}

/// Asserts the shares of texts in dataset 1 of tenant 1: so many of so many chunks.
#[track_caller]
fn assert_shares(engine: &dyn SearchEngine, chunks: f32, expected: &[(&str, f32)], why: &str) {
    let texts: Vec<&str> = expected.iter().map(|(text, _)| *text).collect();
    let shares = shares(engine, 1, 1, &texts);
    assert_eq!(shares.len(), texts.len(), "each text has a share");
    for (share, (text, with)) in shares.iter().zip(expected) {
        assert!((share - with / chunks).abs() < 1e-6, "{why}: {text:?} has {share}, not {with} of {chunks}");
    }
}

/// The words of the title and the headings count, and each form of a word.
pub fn q2_a_texts_share_is_that_of_its_rarest_word(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    apply(engine, 1, &harbor_documents());
    let one_word = [("red", 3.0), ("fog", 2.0), ("weather", 1.0), ("sail", 2.0)];
    assert_shares(engine, 6.0, &one_word, "a word has those of all chunks that have it");
    let more = [("red boats", 2.0), ("weather red", 1.0), ("red, sail: north", 1.0), ("red-boats", 2.0)];
    assert_shares(engine, 6.0, &more, "of some words the rarest counts");
    assert_shares(engine, 6.0, &[("RED", 3.0), ("\"Red\"", 3.0)], "the case of letters does not matter");
    assert_shares(engine, 6.0, &[("boats", 2.0), ("notes", 2.0)], "the words of the title count");
    assert_shares(engine, 6.0, &[("fog", 2.0), ("red", 3.0), ("fog", 2.0)], "each text in its place");
    assert_eq!(shares(engine, 1, 1, &[]), [0.0; 0], "no text has no share");
}

/// Where a search would take another word for it, too.
pub fn q2_a_text_that_no_chunk_can_have_has_no_share(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    assert_shares(engine, 1.0, &[("red", 0.0), ("?", 0.0)], "a dataset without an index has none");
    apply(engine, 1, &harbor_documents());
    let unknown = [("zeppelin", 0.0), ("red zeppelin", 0.0), ("zeppelin red boats", 0.0)];
    assert_shares(engine, 6.0, &unknown, "what a text has that no chunk has is the rarest");
    assert_shares(engine, 6.0, &[("weathr", 0.0), ("weathr notes", 0.0)], "a misspelt word is another one");
    assert_shares(
        engine,
        6.0,
        &[("", 0.0), (" ", 0.0), ("?!", 0.0), ("--", 0.0)],
        "what is no word has none",
    );
}

/// Then they count however they are written; beside another word they say nothing.
pub fn q2_stop_words_have_a_share_where_a_text_has_no_others(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    let documents = [
        document("a", &["the crane lifts", "north of the pier", "fog"]),
        document("b", &["We met The Who at dawn", "rope"]),
    ];
    apply(engine, 1, &put_changes(1, documents));
    let alone = [("the", 3.0), ("The", 3.0), ("THE", 3.0), ("of the", 1.0), ("the who", 1.0)];
    assert_shares(engine, 5.0, &alone, "stop words alone are looked up");
    assert_shares(engine, 5.0, &[("the which", 0.0), ("the fog", 1.0)], "and no chunk has each of them");
    assert_shares(engine, 5.0, &[("of rope", 1.0), ("which crane", 1.0)], "beside another word they are not");
}

/// A run of characters is looked up as a search does.
pub fn q2_a_run_of_characters_has_the_share_of_its_rarest_part(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    let documents = [document("ja", &["東京都の猫", "京都の猫", "犬"]), document("zh", &["数据库"])];
    engine.apply(&scope(1), cjk(1), &put_changes(1, documents)).expect("changes are followed");
    let texts = ["京都", "東京都", "猫", "京東", "都の猫"];
    let shares = block_on(engine.shares(&scope(1), cjk(1), &texts)).expect("shares are answered");
    assert_eq!(shares, [0.5, 0.25, 0.5, 0.0, 0.5], "each part is one of its characters or two neighbours");
}

/// The next question already sees the change.
pub fn q2_a_share_follows_the_documents(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    apply(engine, 1, &harbor_documents());
    apply(engine, 1, &[Change::Removed(ChangeNumber(5), document_id("boats"))]);
    let removed = [("red", 1.0), ("sail", 0.0), ("fog", 2.0)];
    assert_shares(engine, 4.0, &removed, "what was removed does not count");
    apply(engine, 1, &put_changes(6, [document("crane", &["green winch", "rope winch"])]));
    let replaced = [("red", 0.0), ("winch", 2.0), ("rope winch", 1.0)];
    assert_shares(engine, 5.0, &replaced, "nor what was replaced");
    engine.destroy(&scope(1), dataset_id(1)).expect("an index is destroyed");
    assert_shares(engine, 1.0, &[("fog", 0.0)], "nor what was destroyed");
}

/// Two tenants have datasets with the same ids, and one has a second dataset.
pub fn z1_a_share_counts_the_chunks_of_its_own_tenants_dataset_only(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    apply(engine, 1, &put_changes(1, [document("a", &["amber lantern", "rope"])]));
    apply(engine, 2, &put_changes(1, [document("a", &["amber", "amber anchor", "anchor", "rope"])]));
    let beside = put_changes(1, [document("a", &["amber compass"])]);
    engine.apply(&scope(1), index(2), &beside).expect("changes are followed");
    let words = ["amber", "anchor", "compass"];
    assert_eq!(shares(engine, 1, 1, &words), [0.5, 0.0, 0.0], "a share is that of its own tenant's dataset");
    assert_eq!(shares(engine, 2, 1, &words), [0.5, 0.5, 0.0], "and each tenant has its own");
    assert_eq!(shares(engine, 1, 2, &words), [1.0, 0.0, 1.0], "each dataset for itself");
    assert_eq!(shares(engine, 2, 2, &words), [0.0; 3], "a dataset of another tenant is not there");
}
