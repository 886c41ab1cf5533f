use super::*;
use crate::dataset::{DocumentId, Highlight, Hit};

fn rule(configuration: &Value) -> PiiRule {
    PiiRule::read(configuration).unwrap()
}

/// A text as a rule shows it.
fn shown_by(rule: &PiiRule, text: &str) -> Option<String> {
    rule.without(text, &mut Redactions::default())
}

fn hit(content: &str, metadata: Value, heading: &str) -> Hit {
    let Value::Object(metadata) = metadata else { unreachable!("metadata is an object") };
    Hit {
        document: DocumentId::parse("d").unwrap(),
        chunk: 0,
        content: content.into(),
        metadata: Arc::new(metadata),
        location: Arc::new(Location { page: Some(3), heading: Some(heading.to_owned()), anchor: None }),
        highlight: vec![Highlight { start: 0, end: 1 }],
        score: 0.5,
    }
}

#[test]
fn z4_a_configuration_is_kept_in_one_form_and_what_is_none_is_refused_where_it_stands() {
    let read = |json: Value| PiiFilterType.parse(&json).map_err(|error| error.pointer);
    let all = json!({"kinds": ["card", "email", "iban", "national_id", "phone"], "patterns": []});
    assert_eq!(read(json!({})), Ok(all.clone()));
    assert_eq!(read(all.clone()), Ok(all));
    let own = json!({"kinds": ["card", "email"], "patterns": [{"name": "ticket", "pattern": "T-[0-9]+"}]});
    let mut written = own.clone();
    written["kinds"] = json!(["email", "card", "email"]);
    assert_eq!(read(written), Ok(own.clone()));
    assert_eq!(PiiFilterType.patterns(&own), 1_000);
    let pattern = |name: &str, pattern: &str| json!({"patterns": [{"name": name, "pattern": pattern}]});
    for (json, pointer) in [
        (json!([]), ""),
        (json!({"replacement": "x"}), ""),
        (json!({"kinds": "email"}), "/kinds"),
        (json!({"kinds": ["email", "face"]}), "/kinds/1"),
        (json!({"kinds": [], "patterns": []}), "/kinds"),
        (json!({"patterns": vec![json!({"name": "a", "pattern": "a"}); 6]}), "/patterns"),
        (json!({"patterns": [{"name": "a"}]}), "/patterns/0"),
        (
            json!({"patterns": [{"name": "a", "pattern": "a"}, {"name": "a", "pattern": "b"}]}),
            "/patterns/1/name",
        ),
        (pattern("email", "a"), "/patterns/0/name"),
        (pattern("A", "a"), "/patterns/0/name"),
        (pattern("", "a"), "/patterns/0/name"),
        (pattern("a", "("), "/patterns/0/pattern"),
        (pattern("a", ""), "/patterns/0/pattern"),
        (pattern("a", "a*"), "/patterns/0/pattern"),
        (pattern("a", "(?=a)"), "/patterns/0/pattern"),
        (pattern("a", r"\w{200}"), "/patterns/0/pattern"),
        (pattern("a", &"a".repeat(257)), "/patterns/0/pattern"),
    ] {
        assert_eq!(read(json.clone()), Err(pointer.to_owned()), "{json}");
    }
}

#[test]
fn z4_patterns_of_ones_own_are_named_in_what_is_shown_and_find_nothing_in_their_own_names() {
    let own = rule(&json!({"kinds": ["email"], "patterns": [
        {"name": "ticket", "pattern": "(?i)t-[0-9]+"}, {"name": "word", "pattern": r"\bword\b"},
    ]}));
    let shown = shown_by(&own, "T-17 of ada@example.org: a word").unwrap();
    assert_eq!(shown, "[ticket] of [email]: a [word]");
    assert_eq!(shown_by(&own, &shown), None);
    assert_eq!(shown_by(&own, "nothing"), None);
}

#[test]
fn z4_what_is_shown_of_a_hit_has_no_personal_data_in_text_metadata_or_heading() {
    let rule = rule(&json!({}));
    let metadata = json!({"title": "Of ada@example.org", "by": [{"mail": "bob@example.org"}, 7], "n": 1});
    let clean = hit("plain", json!({"title": "A title"}), "A heading");
    let found = vec![
        hit("Write to ada@example.org", metadata, "A heading"),
        hit("plain", json!({}), "Of ada@example.org"),
        clean.clone(),
    ];
    let mut counts = Redactions::default();
    let shown = rule.filter(found, &mut counts);
    assert_eq!(counts.iter().collect::<Vec<_>>(), [("email", 4)]);
    assert_eq!(&*shown[0].content, "Write to [email]");
    let expected = json!({"title": "Of [email]", "by": [{"mail": "[email]"}, 7], "n": 1});
    assert_eq!(Value::Object((*shown[0].metadata).clone()), expected);
    assert_eq!((shown[1].location.page, shown[1].location.heading.as_deref()), (Some(3), None));
    assert_eq!(shown[2], clean);
    let same = |one: &Hit, other: &Hit| {
        Arc::ptr_eq(&one.content, &other.content)
            && Arc::ptr_eq(&one.metadata, &other.metadata)
            && Arc::ptr_eq(&one.location, &other.location)
    };
    assert!(same(&shown[2], &clean), "what nothing is taken from is not copied");
}

#[test]
fn k12_patterns_of_ones_own_do_not_feed_on_one_another_and_a_text_full_of_matches_is_cut_short() {
    let own = |patterns: &[(&str, &str)]| {
        let patterns: Vec<_> =
            patterns.iter().map(|(name, pattern)| json!({"name": name, "pattern": pattern})).collect();
        rule(&json!({"kinds": ["email"], "patterns": patterns}))
    };
    let feeding = own(&[("aaaaaaaa", "b"), ("bbbbbbbb", "a"), ("cccccccc", "a|b")]);
    assert_eq!(shown_by(&feeding, "ab-c").unwrap(), "[bbbbbbbb][aaaaaaaa]-c");
    // What overlaps is taken away as one, by the name of what begins first.
    let overlapping = own(&[("first", "abc"), ("second", "cde"), ("third", "b")]);
    assert_eq!(shown_by(&overlapping, "xabcdex").unwrap(), "x[first]x");
    let each = own(&[("letter", "[a-z]")]);
    assert_eq!(shown_by(&each, &"a-".repeat(32)).unwrap(), "[letter]-".repeat(32));
    let shown = shown_by(&each, &"a-".repeat(40)).unwrap();
    assert_eq!(shown, format!("{}[letter]", "[letter]-".repeat(32)));
    // Each match looks at all that follows: this took seconds for the metadata of an answer.
    let slow = own(&[("a", ".*[^A-Z]|[A-Z]"), ("b", ".*[^B-Z]|[B-Z]"), ("c", ".*[^C-Z]|[C-Z]")]);
    let shown = shown_by(&slow, &"Z".repeat(16 * 1024)).unwrap();
    assert_eq!(shown, "[a]".repeat(33));
}

#[test]
fn z4_a_pattern_that_matches_its_own_name_leaves_what_stands_for_it_and_nothing_else() {
    let own = rule(&json!({"kinds": ["email"], "patterns": [{"name": "ticket", "pattern": "(?i)ticket"}]}));
    for (text, shown) in [
        ("a ticket", "a [ticket]"),
        ("[ticket", "[[ticket]"),
        ("ticket]", "[ticket]]"),
        ("[TICKET]", "[[ticket]]"),
    ] {
        assert_eq!(shown_by(&own, text).as_deref(), Some(shown), "{text}");
    }
    assert_eq!(shown_by(&own, "[ticket]"), None);
}

#[test]
fn z4_a_pattern_has_256_bytes_at_most_and_a_policy_says_what_it_does() {
    let policy = |pattern: &str| json!({"patterns": [{"name": "a", "pattern": pattern}]});
    let longest = rule(&policy(&"a".repeat(256)));
    assert_eq!(shown_by(&longest, &"a".repeat(256)).as_deref(), Some("[a]"));
    let refused = PiiFilterType.parse(&policy(&"a".repeat(257))).unwrap_err();
    assert_eq!(refused.message, "a pattern has 1 to 256 bytes");
    assert_eq!(longest.description(), "Personal data is left out of what is shown.");
}
