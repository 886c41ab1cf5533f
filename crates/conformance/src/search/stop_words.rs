//! Stop words, and the names that look like one.

use syft_space_domain::dataset::{AnalyzerSettings, IndexKey, StopWords};

use super::{apply, find, index, put_changes, search};
use crate::documents::document;
use crate::fixture::SearchFactory;
use crate::sample::{dataset_id, scope};

/// Without a list of stop words, they count like any word.
pub fn stop_words_do_not_count_where_the_dataset_says_so(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    let indexes = [StopWords::English, StopWords::None]
        .map(|stop_words| AnalyzerSettings { stop_words, ..AnalyzerSettings::PLAIN });
    let [english, none] =
        [(1, indexes[0]), (2, indexes[1])].map(|(n, analyzer)| IndexKey { dataset: dataset_id(n), analyzer });
    let documents = [document("a", &["crane lifts"]), document("b", &["the crew and the mate"])];
    for index in [english, none] {
        engine.apply(&scope(1), index, &put_changes(1, documents.clone())).expect("changes are followed");
    }
    let hits = |index, text| -> Vec<String> {
        search(engine, 1, index, text, 9, 0.5).into_iter().map(|hit| hit.document.to_string()).collect()
    };
    assert_eq!(hits(english, "and the crane"), ["a"], "stop words of a question do not count");
    assert_eq!(hits(none, "and the"), ["b"], "where no word is a stop word, each counts");
}

/// A stop word in capitals, among other words that are not, is a name.
pub fn q2_a_question_of_stop_words_is_asked_with_all_its_words(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    let documents = [
        document("song", &["to be or not to be"]),
        document("staff", &["the IT staff lifts crates"]),
        document("sign", &["ASK AT THE PIER"]),
        document("plain", &["it is the pier"]),
    ];
    apply(engine, 1, &put_changes(1, documents));
    let first = |text| {
        let hits = search(engine, 1, index(1), text, 9, 0.5);
        hits.first().map(|hit| hit.document.to_string()).unwrap_or_default()
    };
    for (question, found) in [
        ("to be", "song"),
        ("IT", "staff"),
        ("it", "staff"),
        ("is IT", "staff"),
        ("AT", "sign"),
        ("is AT", "sign"),
    ] {
        assert_eq!(first(question), found, "{question:?} has no other words, and is asked with them");
    }
    assert_eq!(find(engine, "the staff of it"), ["staff"], "beside other words they do not count");
}

/// What may be a name comes first, and what is none is found behind it.
pub fn q2_capitals_are_a_preference_and_no_filter(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    let documents = [
        document("health", &["the WHO advises on malaria"]),
        document("gardener", &["yesterday Will watered roses, and with Will came two dogs"]),
        document("promise", &["who is it that will come"]),
        document("trade", &["exports to the US grew"]),
        document("help", &["tell us how boats sail"]),
        document("spring", &["the fair opens in May at noon"]),
        document("permit", &["guests may bring dogs"]),
        document("poster", &["THE WHO LIVE IN LEEDS"]),
        document("song", &["to be or not to be"]),
        document("ice", &["boats do not sail", "not now"]),
        document("staff", &["ask the IT desk for cables"]),
        document("languages", &["a parser in C is fast"]),
        document("statistics", &["plots are drawn with R"]),
        document("oranges", &["vitamin C is in oranges"]),
        document("carrots", &["vitamin A is in carrots"]),
    ];
    apply(engine, 1, &put_changes(1, documents));
    for (question, order) in [
        ("WHO", &["health", "poster", "promise"][..]),
        ("who", &["health", "poster", "promise"]),
        ("Who is Will?", &["gardener"]),
        ("Will", &["gardener", "promise"]),
        ("will", &["gardener", "promise"]),
        ("Is Will it?", &["gardener"]),
        ("US", &["trade", "help"]),
        ("us", &["trade", "help"]),
        ("May", &["spring", "permit"]),
        ("What is the WHO?", &["health"]),
        ("What is IT?", &["staff"]),
        ("IT", &["staff", "promise"]),
        ("it", &["staff", "promise"]),
        ("How is the US?", &["trade"]),
        ("C", &["languages", "oranges"]),
        ("R", &["statistics"]),
        ("Vitamin C", &["oranges"]),
        ("Vitamin A", &["carrots"]),
        ("VITAMIN C", &["oranges"]),
        ("to be or not to be", &["song"]),
        ("To be, or not to be?", &["song"]),
    ] {
        let hits = search(engine, 1, index(1), question, 9, 0.5);
        let ids: Vec<&str> = hits.iter().map(|hit| hit.document.as_str()).collect();
        assert!(ids.starts_with(order), "{question:?} finds {order:?} first: {ids:?}");
    }
}

/// A capital letter inside a sentence of the question makes it a name, if some chunk has it so.
pub fn q2_a_name_that_is_a_stop_word_is_found_beside_words_that_no_chunk_has(make: &SearchFactory) {
    let fixture = make();
    let engine = &*fixture.adapter;
    let notes = (0..30).map(|n| {
        document(&format!("note{n}"), &[&*format!("it will rain on pier {n}; it may and it will, we can")])
    });
    let files = [
        document("doctor", &["Dr. Will sails north. Mr. Will keeps two dogs."]),
        document("lodge", &["the head of the lodge is Will"]),
        document("spring", &["boats come back in May"]),
        document("poster", &["All Of The Best Boats"]),
    ];
    apply(engine, 1, &put_changes(1, files.into_iter().chain(notes)));
    let hits = |text, threshold| -> Vec<String> {
        search(engine, 1, index(1), text, 4, threshold)
            .into_iter()
            .map(|hit| hit.document.to_string())
            .collect()
    };
    for (question, found) in [
        ("Is Will married?", &["doctor", "lodge"][..]),
        ("Does Will smoke?", &["doctor", "lodge"]),
        ("How tall is Will?", &["doctor", "lodge"]),
        ("Is it Will's zeppelin?", &["doctor", "lodge"]),
        ("Who is married to Mr. Will?", &["doctor"]),
        ("When in May do quokkas sleep?", &["spring"]),
        ("Is it that will married?", &[]),
        ("How Can I Marry", &[]),
        ("How Do I Marry The Quokka Of All?", &[]),
        ("Which quokka wrote The Zeppelin?", &[]),
        ("Did Can marry?", &[]),
    ] {
        let mut hits = hits(question, 0.5);
        hits.sort();
        assert_eq!(hits, found, "{question}");
    }
    for question in ["Who is Will?", "What did Will do?", "Has Will been there?", "Why is that Will?"] {
        let mut first = hits(question, 0.5);
        first.truncate(2);
        first.sort();
        assert_eq!(first, ["doctor", "lodge"], "{question}");
    }
    let lodge = hits("Does Will head a lodge?", 0.5);
    assert_eq!(lodge.first().map(String::as_str), Some("lodge"), "it counts as a word beside known ones");
}
