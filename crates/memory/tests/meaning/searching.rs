//! What is found by meaning, and by both.

use syft_space_domain::PortError;
use syft_space_domain::dataset::{
    ContextSize, DatasetError, Hits, NewRetrieval, RetrievalError, SearchDatasetError, SearchMode,
    SearchQuery, change_dataset, search_dataset,
};
use syft_space_domain::encoder::ports::EncodeError;

use crate::world::{Concepts, World, name};

const TEXTS: [(&str, &str); 3] = [
    ("garage", "An automobile needs fuel."),
    ("ward", "The physician visits patients daily."),
    ("office", "Every salary leaves on Friday. See error E0308."),
];

#[test]
fn q2_what_is_meant_is_found_without_a_word_in_common_and_words_are_found_too() {
    let (world, _) = World::with_concepts();
    let [words, meaning, both] =
        [SearchMode::Words, SearchMode::Meaning, SearchMode::Both].map(|mode| world.create(0, mode));
    for dataset in [words, meaning, both] {
        world.put(0, dataset, &TEXTS);
    }
    world.start_encoding();
    for dataset in [meaning, both] {
        world.until_encoded(0, dataset, "concepts", 3);
    }
    let question = "car fuel";
    assert_eq!(world.found(0, meaning, question), ["garage"]);
    assert_eq!(world.found(0, both, question), ["garage"]);
    assert_eq!(world.found(0, words, "my vehicle"), [""; 0]);
    assert_eq!(world.found(0, both, "medic visits patients"), ["ward"]);
    assert_eq!(world.found(0, both, "E0308"), ["office"], "what is named exactly is found by words");
    assert_eq!(world.encoded(0, words), None, "words need no vectors");
}

#[test]
fn q2_a_question_is_encoded_once_however_often_it_is_asked_and_words_need_no_encoder() {
    let (world, encoder) = World::with_concepts();
    let (words, both) = (world.create(0, SearchMode::Words), world.create(0, SearchMode::Both));
    world.found(0, words, "car");
    assert_eq!(encoder.calls(), 0);
    for _ in 0..3 {
        world.found(0, both, "car");
    }
    assert_eq!(encoder.calls(), 1);
    let other = world.create(1, SearchMode::Both);
    world.found(1, other, "car");
    assert_eq!(encoder.calls(), 2, "what one tenant asked is not known of when another asks");
}

#[test]
fn q2_while_vectors_follow_words_find_what_they_found_and_the_answer_says_how_much_is_encoded() {
    let (world, encoder) = World::with_concepts();
    let (words, both) = (world.create(0, SearchMode::Words), world.create(0, SearchMode::Both));
    encoder.set_open(false);
    world.start_encoding();
    for dataset in [words, both] {
        world.put(0, dataset, &TEXTS);
    }
    for question in ["physician", "salary on Friday", "every salary leaves"] {
        let (by_words, by_both) =
            (world.try_search(0, words, question).unwrap(), world.try_search(0, both, question).unwrap());
        let scores = |found: &syft_space_domain::dataset::SearchResults| -> Vec<(String, f32)> {
            found.hits.iter().map(|hit| (hit.document.to_string(), hit.score)).collect()
        };
        assert_eq!(scores(&by_both), scores(&by_words), "{question}");
        assert_eq!(by_words.encoded_share, None);
    }
    world.until("it is looked at", || world.encoded(0, both) == Some(("concepts".to_owned(), 0, 3)));
    assert_eq!(world.try_search(0, both, "car").unwrap().encoded_share, Some(0.0));
    encoder.set_open(true);
    world.until_encoded(0, both, "concepts", 3);
    assert_eq!(world.try_search(0, both, "car").unwrap().encoded_share, Some(1.0));
}

#[test]
fn q2_where_the_encoder_fails_or_has_too_much_to_do_both_find_by_words_and_meaning_says_so() {
    let (world, encoder) = World::with_concepts();
    let (meaning, both) = (world.create(0, SearchMode::Meaning), world.create(0, SearchMode::Both));
    for dataset in [meaning, both] {
        world.put(0, dataset, &TEXTS);
    }
    world.start_encoding();
    for dataset in [meaning, both] {
        world.until_encoded(0, dataset, "concepts", 3);
    }
    for (question, error) in [
        ("Physician", EncodeError::Failed("it broke".to_owned())),
        ("physician!", EncodeError::Unusable("it is gone".to_owned())),
        ("physician?", EncodeError::Busy),
    ] {
        encoder.fail(&error, 2);
        let found = world.try_search(0, both, question).unwrap();
        assert_eq!((found.hits.len(), found.encoded_share), (1, Some(0.0)), "{error}");
        let refused = world.try_search(0, meaning, question);
        assert_eq!(refused, Err(SearchDatasetError::PortError(PortError::Encoding(error))));
    }
    world.encoders.remove(&name("concepts"));
    assert_eq!(world.found(0, both, "physician"), ["ward"], "words are there without an encoder");
    assert!(matches!(
        world.try_search(0, meaning, "physician"),
        Err(SearchDatasetError::PortError(PortError::Encoding(EncodeError::Unusable(_))))
    ));
}

#[test]
fn q2_a_dataset_names_an_encoder_that_is_installed_or_is_told_which_are() {
    let world = World::new();
    let wanted = |mode, encoder: Option<&str>| NewRetrieval { mode, encoder: encoder.map(name) };
    let both = Some(SearchMode::Both);
    assert_eq!(world.try_create(0, wanted(both, None)), Err(DatasetError::EncoderNeeded(vec![])));
    let unknown = |installed: &[&str]| {
        let installed = installed.iter().map(|text| name(text)).collect();
        Err(DatasetError::UnknownEncoder { name: name("other"), installed })
    };
    assert_eq!(world.try_create(0, wanted(both, Some("other"))), unknown(&[]));
    world.install("concepts", &Concepts::new(1));
    assert_eq!(world.try_create(0, wanted(both, Some("other"))), unknown(&["concepts"]));
    let made = world.try_create(0, wanted(both, None)).unwrap();
    assert_eq!(made.retrieval.encoder(), Some(&name("concepts")), "there is but one");
    world.install("second", &Concepts::new(2));
    let several = vec![name("concepts"), name("second")];
    assert_eq!(world.try_create(0, wanted(both, None)), Err(DatasetError::EncoderNeeded(several)));
    let of_words = DatasetError::Retrieval(RetrievalError::EncoderOfWords);
    assert_eq!(world.try_create(0, wanted(None, Some("second"))), Err(of_words.clone()));

    // A change leaves what it does not name.
    let change = |retrieval| {
        let change = syft_space_domain::dataset::ChangeDataset { retrieval, ..Default::default() };
        let context = world.context();
        change_dataset(&world.space, &context, &world.principals[0], made.id, change)
            .map(|dataset| (dataset.retrieval.mode(), dataset.retrieval.encoder().map(ToString::to_string)))
    };
    let named = |encoder: &str| Some(encoder.to_owned());
    assert_eq!(change(wanted(Some(SearchMode::Meaning), None)), Ok((SearchMode::Meaning, named("concepts"))));
    assert_eq!(change(wanted(None, Some("second"))), Ok((SearchMode::Meaning, named("second"))));
    assert_eq!(change(wanted(Some(SearchMode::Words), Some("second"))), Err(of_words));
    assert_eq!(change(wanted(Some(SearchMode::Words), None)), Ok((SearchMode::Words, None)));
    assert_eq!(change(wanted(None, None)), Ok((SearchMode::Words, None)));
}

#[test]
fn q2_a_hit_tells_which_side_found_it_and_why_it_is_where_it_is() {
    let (world, _) = World::with_concepts();
    let (words, both) = (world.create(0, SearchMode::Words), world.create(0, SearchMode::Both));
    for dataset in [words, both] {
        world.put(0, dataset, &TEXTS);
    }
    world.start_encoding();
    world.until_encoded(0, both, "concepts", 3);
    let found = world.try_search(0, both, "automobile E0308").unwrap();
    let explanations = found.explanations();
    assert_eq!(explanations.len(), found.hits.len());
    for (hit, explanation) in found.hits.iter().zip(&explanations) {
        assert_eq!(hit.score.to_bits(), explanation.score.to_bits(), "{hit:?} {explanation:?}");
    }
    let office = found.hits.iter().position(|hit| hit.document.as_str() == "office").unwrap();
    assert!(explanations[office].added_by_identifiers > 0.0, "{:?}", explanations[office]);
    assert!(explanations[office].words_place.is_some() && explanations[office].meaning_place.is_some());
    let by_words = world.try_search(0, words, "physician").unwrap();
    let [only] = by_words.explanations()[..] else { panic!("{by_words:?}") };
    assert_eq!(
        (only.words_place, only.words_score, only.cosine),
        (Some(1), Some(by_words.hits[0].score), None)
    );
}

#[test]
fn q2_a_text_that_stands_in_many_documents_is_shown_once_and_hides_no_other() {
    let (world, _) = World::with_concepts();
    let datasets = [SearchMode::Meaning, SearchMode::Both].map(|mode| world.create(0, mode));
    let copies: Vec<String> = (0..150).map(|n| format!("copy-{n}")).collect();
    let mut texts: Vec<(&str, &str)> =
        copies.iter().map(|id| (id.as_str(), "Lost your automobile? Ask the physician.")).collect();
    texts.push(("other", "If you misplace a vehicle, the medic knows more about it."));
    for dataset in datasets {
        world.put(0, dataset, &texts);
    }
    world.start_encoding();
    for dataset in datasets {
        world.until_encoded(0, dataset, "concepts", 151);
        let found = world.found(0, dataset, "lost car physician");
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((&*found[0], &*found[1]), ("copy-0", "other"));
    }
}

#[test]
fn q2_who_is_named_in_one_document_is_found_by_both_and_a_question_without_a_rare_word_is_as_before() {
    let (world, _) = World::with_concepts();
    let [words, both] = [SearchMode::Words, SearchMode::Both].map(|mode| world.create(0, mode));
    let text = |n: usize| {
        let name = if n == 17 { "Okonkwo" } else { "the board" };
        format!(
            "Tell me about room {n}: what the staff did by day and by night, and when the doors open or close, is \
             written on the wall. The plan was approved by {name} on Tuesday."
        )
    };
    let texts: Vec<(String, String)> = (0..30).map(|n| (format!("room-{n}"), text(n))).collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    for dataset in [words, both] {
        world.put(0, dataset, &texts);
    }
    world.start_encoding();
    world.until_encoded(0, both, "concepts", 30);
    for question in
        ["Okonkwo", "Who is Okonkwo?", "who is okonkwo", "tell me about Okonkwo", "What did Okonkwo approve?"]
    {
        assert_eq!(world.found(0, words, question)[..1], ["room-17"], "{question}");
        let found = world.try_search(0, both, question).unwrap();
        assert_eq!(found.hits[0].document.as_str(), "room-17", "{question}");
        let why = found.explanations()[0];
        assert!(Some(why.score) >= why.words_score, "{question}: {why:?}");
    }
    let found = world.try_search(0, both, "Which doors open on Tuesday?").unwrap();
    for why in found.explanations() {
        let by_words = 0.3 * (why.words_score.unwrap() - 0.4).max(0.0);
        assert!((why.added_by_words - by_words).abs() < 1e-6, "{why:?}");
    }
    assert_eq!(world.found(0, both, "Nakamura"), [""; 0], "nobody is called so");
}

#[test]
fn q2_what_stands_around_a_hit_is_of_its_own_dataset_and_tenant_however_it_was_found() {
    let (world, _) = World::with_concepts();
    let text = |animal: &str| {
        format!("# A\nThe first {animal}.\n\n# B\nAn automobile needs fuel.\n\n# C\nThe last {animal}.\n")
    };
    let modes = [SearchMode::Words, SearchMode::Meaning, SearchMode::Both];
    let datasets = modes.map(|mode| world.create(0, mode));
    for (dataset, animal) in datasets.into_iter().zip(["owl", "gull", "tern"]) {
        world.put(0, dataset, &[("garage", &text(animal))]);
    }
    let others = world.create(1, SearchMode::Words);
    world.put(1, others, &[("garage", &text("puffin"))]);
    world.start_encoding();
    for dataset in &datasets[1..] {
        world.until_encoded(0, *dataset, "concepts", 3);
    }
    let around = |of: usize, dataset| {
        let query = SearchQuery::new("automobile fuel", 1, 0.0).unwrap();
        let query = query.with_context(ContextSize::parse(3).unwrap());
        let (space, context) = (&world.space, world.context());
        let found = search_dataset(space, &context, &world.principals[of], dataset, &query);
        let [around] = futures_executor::block_on(found).unwrap().contexts().try_into().unwrap();
        let texts = |chunks: Hits| chunks.iter().map(|chunk| chunk.content.to_string()).collect::<String>();
        texts(around.before) + &texts(around.after)
    };
    let tenants = datasets.map(|dataset| (0, dataset)).into_iter().chain([(1, others)]);
    for ((of, dataset), animal) in tenants.zip(["owl", "gull", "tern", "puffin"]) {
        assert_eq!(around(of, dataset), format!("# A\nThe first {animal}.# C\nThe last {animal}."));
    }
}
