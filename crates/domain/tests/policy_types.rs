//! What each type of policy tells of a configuration: to a tenant, what it names and how many patterns it holds; to a hub, one
//! sentence; and to a client that writes one, a schema.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test fails it")]

use serde_json::{Value, json};
use syft_space_domain::group::GroupName;
use syft_space_domain::marketplace::MarketplaceName;
use syft_space_domain::policy::PolicyTypes;

/// The type and the configuration of each policy that the page about policies shows.
fn shown() -> Vec<(String, Value)> {
    let page = include_str!("../../../docs/policies.md");
    let blocks = page.split("```json\n").skip(1).map(|block| block.split("```").next().unwrap());
    let policies = blocks.filter_map(|block| {
        let mut json: Value = serde_json::from_str(block).unwrap();
        let name = json["policy_type"].as_str()?.to_owned();
        Some((name, json["configuration"].take()))
    });
    policies.collect()
}

const LISTED: [&str; 5] =
    ["a@a.example", "*@b.example", "hub:harbor/*", "group:readers", "hub:quay/c@c.example"];

#[test]
fn z4_what_a_configuration_names_and_how_much_it_holds_is_told_whichever_list_it_stands_in() {
    let types = PolicyTypes::default();
    for (name, list, configuration) in [
        ("access", "patterns", json!({ "mode": "deny", "patterns": LISTED })),
        ("rate_limit", "applies_to", json!({ "rate": "5/m", "applies_to": LISTED })),
        ("rate_limit", "except", json!({ "rate": "5/m", "except": LISTED })),
        ("token_limit", "applies_to", json!({ "rate": "5/m", "applies_to": LISTED })),
        ("token_limit", "except", json!({ "rate": "5/m", "except": LISTED })),
    ] {
        let parsed = types.parse(name, &configuration).unwrap();
        let policy_type = types.get(name).unwrap();
        assert_eq!(policy_type.patterns(&parsed.to_value().unwrap()), 5, "{name} {list}");
        let named = parsed.references().iter().map(|named| format!("{} {}", named.pointer, named.to));
        let expected = [
            format!("/{list}/2 marketplace \"harbor\""),
            format!("/{list}/3 group \"readers\""),
            format!("/{list}/4 marketplace \"quay\""),
        ];
        assert_eq!(named.collect::<Vec<_>>(), expected, "{name}");
        let rule = types.compile(&parsed).unwrap();
        assert_eq!(rule.groups().iter().map(GroupName::as_str).collect::<Vec<_>>(), ["readers"], "{name}");
        let hubs: Vec<_> = rule.marketplaces().iter().map(MarketplaceName::as_str).collect();
        assert_eq!(hubs, ["harbor", "quay"], "{name}");
    }
    for (name, configuration) in [
        ("rate_limit", json!({ "rate": "5/m" })),
        ("token_limit", json!({ "rate": "5/m" })),
        ("purpose", json!({ "allowed": ["teaching"] })),
        (
            "schedule",
            json!({ "zone": "UTC", "open": [{ "days": ["mon"], "from": "08:00", "until": "18:00" }] }),
        ),
    ] {
        let parsed = types.parse(name, &configuration).unwrap();
        assert_eq!(types.get(name).unwrap().patterns(&parsed.to_value().unwrap()), 0, "{name}");
        assert!(parsed.references().is_empty(), "{name}");
        let rule = types.compile(&parsed).unwrap();
        assert!(rule.groups().is_empty() && rule.marketplaces().is_empty(), "{name}");
    }
}

#[test]
fn k12_what_a_verdict_costs_hangs_on_the_patterns_that_are_tried_one_by_one() {
    let types = PolicyTypes::default();
    let cost = |patterns: &[&str]| {
        let parsed = types.parse("access", &json!({ "mode": "deny", "patterns": patterns })).unwrap();
        types.compile(&parsed).unwrap().cost()
    };
    // What an index finds costs nothing more, however many there are.
    assert_eq!(cost(&["a@a.example"]), cost(&["a@a.example", "b@b.example", "*@c.example"]));
    // Each piece between two stars is a step.
    let one = cost(&["a*b*c@a.example", "x@*y*z.example"]);
    assert!(one > cost(&["a@a.example"]) && one < cost(&["a*b*c*d@a*b.example", "x@*y*z.example"]));
    // So they are at a marketplace, besides the look-up there.
    let hub = cost(&["hub:harbor/x@*y*z.example"]);
    assert!(hub > cost(&["hub:harbor/x@y.example"]) && hub > cost(&["x@*y*z.example"]));
    assert_eq!(cost(&["hub:harbor/a@a.example", "hub:quay/a@a.example"]), 2 + cost(&["a@a.example"]));
}

#[test]
fn f8_a_hub_is_told_one_sentence_of_each_policy_without_whom_it_names() {
    let types = PolicyTypes::default();
    let told = |name: &str, configuration: Value| {
        types.compile(&types.parse(name, &configuration).unwrap()).unwrap().description()
    };
    let access = |mode, patterns: Value, guests: bool| {
        told("access", json!({ "mode": mode, "patterns": patterns, "guests": guests }))
    };
    let (one, group) = (json!(["a@a.example"]), json!(["group:readers"]));
    assert_eq!(access("allow", one.clone(), false), "People whom the owner names are admitted.");
    assert_eq!(access("deny", json!(["hub:harbor/*"]), false), "People whom the owner names are refused.");
    assert_eq!(access("allow", json!([]), true), "Guests are admitted.");
    assert_eq!(access("allow", one, true), "Guests, and people whom the owner names, are admitted.");
    assert_eq!(access("deny", group, false), "Members of groups that the owner keeps are refused.");
    let both = "People whom the owner names, and members of groups that the owner keeps, are admitted.";
    assert_eq!(access("allow", json!(["hub:harbor/*", "group:readers"]), false), both);
    let price = json!({ "price": "0.05", "currency": "USD", "budget": "9", "period": "month" });
    assert_eq!(told("accounting", price.clone()), "Each query that is answered costs 0.05 USD.");
    for (period, every) in [("day", " every day"), ("month", " every month"), ("total", "")] {
        let mut price = price.clone();
        (price["free_quota"], price["period"], price["unit"]) = (json!(1), json!(period), json!("document"));
        let free = format!("Each document that is shown costs 0.05 USD; 1 of each caller are free{every}.");
        assert_eq!(told("accounting", price), free);
    }
    let hours =
        json!({ "zone": "Europe/Vienna", "open": [{ "days": ["mon"], "from": "08:00", "until": "18:00" }] });
    let clock = "Queries are answered at certain hours, by the clock of Europe/Vienna.";
    assert_eq!(told("schedule", hours), clock);
    let purposes = "A query names its purpose, one of: research, teaching.";
    assert_eq!(told("purpose", json!({ "allowed": ["teaching", "research"] })), purposes);
    let phrases =
        |block: &[&str], require: &[&str]| told("content", json!({ "block": block, "require": require }));
    assert_eq!(phrases(&["a"], &[]), "Some phrases may not be in a question.");
    assert_eq!(phrases(&[], &["a"]), "A question has one of some phrases.");
    let both = "Some phrases may not be in a question, and one of some others must be.";
    assert_eq!(phrases(&["a"], &["b"]), both);
    assert_eq!(
        told("rate_limit", json!({ "rate": "1/h" })),
        "At most 1 query a hour of each caller are answered."
    );
    for (name, configuration) in self::shown() {
        let told = told(&name, configuration);
        let is_sentence = told.is_empty() || (told.ends_with('.') && !told.contains('@'));
        assert!(is_sentence, "{name}: {told}");
    }
}

#[test]
fn z4_what_hangs_on_the_caller_their_purpose_and_the_time_can_be_decided_again() {
    let types = PolicyTypes::default();
    let again: Vec<_> = types.iter().filter(|one| one.is_replayable()).map(|one| one.name()).collect();
    assert_eq!(again, ["access", "disclosure_log", "purpose", "schedule"]);
    let say_who: Vec<_> = types.iter().filter(|one| one.names_callers()).map(|one| one.name()).collect();
    assert_eq!(say_who, ["access"]);
}

/// The properties of an object, in whichever of its forms they stand.
fn properties(schema: &Value) -> Vec<(&String, &Value)> {
    let forms = ["oneOf", "anyOf"].iter().filter_map(|key| schema[key].as_array()).flatten();
    let own = schema["properties"].as_object().into_iter().flatten();
    own.chain(forms.flat_map(properties)).collect()
}

/// That all of a schema says what it is.
fn check(schema: &Value, at: &str) {
    let forms = ["oneOf", "anyOf"].iter().filter_map(|key| schema[key].as_array()).flatten();
    let mut said = ["type", "enum", "const"].iter().any(|key| !schema[key].is_null());
    for form in forms {
        said = true;
        check(form, at);
    }
    assert!(said, "{at}: {schema}");
    if schema["type"] == "array" && schema["maxItems"] != 0 {
        check(&schema["items"], &format!("{at}/items"));
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        check(property, &format!("{at}/{name}"));
    }
}

fn may_be_null(schema: &Value) -> bool {
    let forms = ["oneOf", "anyOf"].iter().filter_map(|key| schema[key].as_array()).flatten();
    schema["type"] == "null" || forms.into_iter().any(may_be_null)
}

#[test]
fn z4_a_schema_says_what_each_property_is_and_which_a_patch_takes_away() {
    let types = PolicyTypes::default();
    for (name, configuration) in shown() {
        let policy_type = types.get(&name).unwrap();
        let schema = policy_type.schema();
        let canonical = policy_type.parse(&configuration).unwrap();
        for (of, schema) in [("taken", &schema.taken), ("shown", &schema.shown), ("patch", &schema.patch)] {
            check(schema, &format!("{name} {of}"));
            let known: Vec<_> = properties(schema).into_iter().map(|(name, _)| name).collect();
            for key in canonical.as_object().unwrap().keys() {
                assert!(known.contains(&key), "{name} {of}: {key} is none of {known:?}");
            }
        }
        for key in schema.shown["required"].as_array().into_iter().flatten() {
            assert!(!canonical[key.as_str().unwrap()].is_null(), "{name}: {key} is always shown");
        }
        for (key, property) in properties(&schema.patch) {
            let mut without = canonical.clone();
            if without.as_object_mut().unwrap().remove(key).is_some() {
                let (may_go, is_null) = (policy_type.parse(&without).is_ok(), may_be_null(property));
                let tells_all = ["rate_limit", "token_limit"].contains(&&*name);
                assert!(is_null || !may_go || !tells_all, "{name}: a patch may take {key} away");
            }
        }
    }
}
