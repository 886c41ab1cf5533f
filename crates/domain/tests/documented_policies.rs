//! The policies that the page about policies shows are policies, and their schemas promise no more than is taken.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test fails it")]

use proptest::prelude::*;
use proptest::string::string_regex;
use serde_json::{Value, json};
use syft_space_domain::policy::PolicyTypes;

/// The type and the configuration of each policy that the page shows.
fn shown() -> Vec<(String, Value)> {
    let page = include_str!("../../../docs/policies.md");
    let blocks = page.split("```json\n").skip(1).map(|block| block.split("```").next().unwrap());
    blocks
        .filter_map(|block| {
            let mut json: Value = serde_json::from_str(block).unwrap();
            let name = json["policy_type"].as_str()?.to_owned();
            Some((name, json["configuration"].take()))
        })
        .collect()
}

#[test]
fn z4_each_policy_that_the_page_shows_is_taken() {
    let types = PolicyTypes::default();
    let mut names = Vec::new();
    for (name, configuration) in shown() {
        types.parse(&name, &configuration).unwrap();
        names.push(name);
    }
    names.sort();
    // A type may have more than one example.
    names.dedup();
    let all: Vec<_> = types.iter().map(|policy_type| policy_type.name()).collect();
    assert_eq!(names, all, "each type is shown");
}

/// Where in a configuration there is a text whose schema has a pattern, and that pattern.
fn patterns(schema: &Value, at: &str, configuration: &Value, found: &mut Vec<(String, String)>) {
    if let Some(pattern) = schema["pattern"].as_str() {
        found.push((at.to_owned(), pattern.to_owned()));
    }
    for one in ["oneOf", "anyOf"].iter().filter_map(|key| schema[key].as_array()).flatten() {
        patterns(one, at, configuration, found);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = configuration.get(name) {
            patterns(property, &format!("{at}/{name}"), value, found);
        }
    }
    for (index, value) in configuration.as_array().into_iter().flatten().enumerate() {
        patterns(&schema["items"], &format!("{at}/{index}"), value, found);
    }
}

#[test]
fn z4_a_text_that_fits_the_pattern_of_its_schema_is_taken() {
    let types = PolicyTypes::default();
    let mut tried = 0;
    for (name, configuration) in shown() {
        let mut found = Vec::new();
        patterns(&types.get(&name).unwrap().schema().taken, "", &configuration, &mut found);
        for (at, pattern) in found {
            tried += 1;
            let texts = string_regex(pattern.trim_start_matches('^').trim_end_matches('$')).unwrap();
            // A span that ends when it begins is none, and no schema can say so.
            let others = configuration.to_string();
            let settings =
                ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() };
            proptest!(settings, |(text in texts)| {
                prop_assume!(!others.contains(&format!("{text:?}")));
                let mut other = configuration.clone();
                *other.pointer_mut(&at).unwrap() = json!(text);
                let parsed = types.parse(&name, &other);
                prop_assert!(parsed.is_ok(), "{name} {at} {text:?}: {parsed:?}");
            });
        }
    }
    assert!(tried > 5, "{tried}");
}
