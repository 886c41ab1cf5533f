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
