//! Words that are written in several ways.

use super::{apply, cjk, index, put_changes, search};
use crate::documents::document;
use crate::fixture::SearchFactory;
use crate::sample::scope;

/// Checks half-width and full-width forms, decomposed syllables, and words with a hyphen.
pub fn q2_what_looks_alike_is_alike_where_runs_are_cut(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    let documents = [
        document("a", &["ｶﾞﾗｽとＡＢＣ１２３"]),
        document("b", &["\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"]),
        document("c", &["Die Werk-statt"]),
    ];
    engine.apply(&scope(1), cjk(1), &put_changes(1, documents)).expect("changes are followed");
    for (question, found) in [
        ("ガラス", "a"),
        ("abc123", "a"),
        ("한글", "b"),
        ("Werkstatt", "c"),
        ("Werk-statt", "c"),
        ("statt", "c"),
    ] {
        let hits = search(engine, 1, cjk(1), question, 9, 0.5);
        let hits: Vec<_> = hits.iter().map(|hit| hit.document.as_str()).collect();
        assert_eq!(hits, [found], "{question} is found in another form of it");
    }
}

/// What is joined in a text is found as well as what has a hyphen there, and scores as if it had all parts.
pub fn q2_a_hyphen_in_a_question_hides_no_word_without_it(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    let documents = [
        document("one", &["the exharbormaster sails"]),
        document("two", &["the ex-harbormaster rows"]),
        document("three", &["a harbormaster notes fog"]),
        document("four", &["midship lamp"]),
        document("five", &["crewmen resign"]),
        document("six", &["gobetweenboat"]),
        document("seven", &["crates and more crates"]),
    ];
    apply(engine, 1, &put_changes(1, documents));
    let hits = |text| {
        let mut hits = search(engine, 1, index(1), text, 9, 0.5);
        hits.sort_by(|hit, other| hit.document.cmp(&other.document));
        hits.iter().map(|hit| hit.document.to_string()).collect::<Vec<_>>()
    };
    for (question, found) in [
        ("ex-harbormaster", &["one", "two"][..]),
        ("Ex\u{2010}Harbormaster", &["one", "two"]),
        ("exharbormaster", &["one", "two"]),
        ("mid-ship lamp", &["four"]),
        ("mid-ship", &["four"]),
        ("re-sign", &["five"]),
        ("go-between-boat", &["six"]),
        ("mid-crates", &[]),
    ] {
        assert_eq!(hits(question), found, "{question}");
    }
    let score = |text| search(engine, 1, index(1), text, 1, 0.0).first().map(|hit| hit.score);
    assert_eq!(score("mid-ship lamp fog"), score("mid-ship lamp fog mid-ship"), "it is asked for once");
    assert!(score("mid-ship") >= score("midship"), "and is no unknown word");
}
