//! Whom `hub:NAME/PATTERN` means, against a rule that is written down once more.

#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use syft_space_domain::access::Role;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{EndpointId, HubId, PolicyId};
use syft_space_domain::marketplace::{MarketplaceHubs, MarketplaceName};
use syft_space_domain::policy::{
    Caller, CompiledPolicy, Decision, DecisionContext, PolicySet, PolicyTypes, Reason, Resource, Subject,
};
use syft_space_domain::time::Timestamp;

fn hub(number: u8) -> HubId {
    HubId::from_bytes([number; 16])
}

fn hubs() -> MarketplaceHubs {
    let named = [("fish", 1), ("birds", 1), ("plants", 2)];
    named.map(|(name, number)| (MarketplaceName::parse(name).unwrap(), hub(number))).into_iter().collect()
}

fn decide(policies: &[Value], caller: &Caller<'_>, hubs: Option<&MarketplaceHubs>) -> Decision {
    let types = PolicyTypes::default();
    let compiled = (1..).zip(policies).map(|(number, policy)| {
        let configuration = types.parse("access", policy).unwrap();
        Arc::new(CompiledPolicy::compile(&types, PolicyId::from_bytes([number; 16]), 1, &configuration))
    });
    let context =
        DecisionContext { marketplaces: hubs, ..DecisionContext::at(Timestamp::from_unix_micros(0)) };
    let resource = Resource::published(EndpointId::from_bytes([0; 16]));
    PolicySet::new(compiled).decide(resource, caller, &context)
}

/// What is decided on a user of a hub, and by which rule.
fn on(policies: &[Value], from: u8, email: Option<&str>) -> (Reason, Option<String>) {
    let email = email.map(|email| Email::parse(email).unwrap());
    let subject = Subject::Identified { email: email.as_ref() };
    let decision = decide(policies, &Caller::HubUser { hub: Some(hub(from)), subject }, Some(&hubs()));
    let rule = decision.diagnostics.decided_by.map(|decider| decider.rule.to_string());
    (decision.diagnostics.reason, rule)
}

fn allow(patterns: &[&str]) -> Value {
    json!({ "mode": "allow", "patterns": patterns })
}

fn deny(patterns: &[&str]) -> Value {
    json!({ "mode": "deny", "patterns": patterns })
}

#[test]
fn z2_an_address_is_meant_where_the_marketplace_that_is_named_vouches_for_it_and_nowhere_else() {
    let policies = [allow(&["hub:fish/*@a.example"])];
    let rule = Some("hub:fish/*@a.example".to_owned());
    assert_eq!(on(&policies, 1, Some("ada@a.example")), (Reason::AllowedByPolicy, rule));
    assert_eq!(on(&policies, 1, Some("ada@b.example")).0, Reason::NoPolicyAllows);
    assert_eq!(on(&policies, 2, Some("ada@a.example")).0, Reason::NoPolicyAllows);
    assert_eq!(on(&policies, 1, None).0, Reason::AddressUnknown);
    assert_eq!(on(&policies, 2, None).0, Reason::NoPolicyAllows, "no hub is asked in vain");
    // Another account on the same hub has the same users.
    assert_eq!(on(&[allow(&["hub:birds/*@a.example"])], 1, Some("ada@a.example")).0, Reason::AllowedByPolicy);
    let policies = [allow(&["*"]), deny(&["hub:plants/ada@a.example"])];
    assert_eq!(on(&policies, 2, Some("ada@a.example")).0, Reason::DeniedByPolicy);
    assert_eq!(on(&policies, 1, Some("ada@a.example")).0, Reason::AllowedByPolicy);
    assert_eq!(on(&policies, 1, None).0, Reason::AllowedByPolicy);
    assert_eq!(on(&policies, 2, None).0, Reason::AddressUnknown);
}

#[test]
fn z2_all_users_of_a_marketplace_are_meant_without_their_address_and_no_member_and_no_guest() {
    for policies in
        [vec![allow(&["hub:fish/*"])], vec![allow(&["x@y.example", "hub:fish/*", "hub:fish/a@b.example"])]]
    {
        let rule = Some("hub:fish/*".to_owned());
        assert_eq!(on(&policies, 1, None), (Reason::AllowedByPolicy, rule));
        let email = Email::parse("ada@a.example").unwrap();
        let reason = |caller: Caller<'_>| decide(&policies, &caller, Some(&hubs())).diagnostics.reason;
        let member = Caller::Member { role: Role::Owner, email: Some(&email) };
        assert_eq!(reason(member), Reason::NoPolicyAllows);
        let guest = Caller::HubUser { hub: Some(hub(1)), subject: Subject::Guest };
        assert_eq!(reason(guest), Reason::GuestsNotAdmitted);
        let unregistered =
            Caller::HubUser { hub: None, subject: Subject::Identified { email: Some(&email) } };
        assert_eq!(reason(unregistered), Reason::HubNotRegistered);
    }
    let guests = json!({ "mode": "allow", "patterns": ["hub:fish/*"], "guests": true });
    let guest = Caller::HubUser { hub: Some(hub(1)), subject: Subject::Guest };
    assert_eq!(decide(&[guests], &guest, Some(&hubs())).diagnostics.reason, Reason::AllowedByPolicy);
}

#[test]
fn z2_where_there_is_no_such_marketplace_the_policy_refuses_everybody() {
    let policies = [allow(&["*"]), deny(&["hub:stones/*"])];
    let member = Caller::Member { role: Role::User, email: None };
    let reason = |hubs: Option<&MarketplaceHubs>| decide(&policies, &member, hubs).diagnostics.reason;
    assert_eq!(reason(Some(&hubs())), Reason::PolicyUnavailable);
    assert_eq!(reason(None), Reason::PolicyUnavailable);
    let stones = [(MarketplaceName::parse("stones").unwrap(), hub(3))].into_iter().collect();
    assert_eq!(reason(Some(&stones)), Reason::AllowedByPolicy);
}

#[test]
fn f8_users_of_marketplaces_are_read_kept_behind_the_patterns_and_told_where_they_are_wrong() {
    let types = PolicyTypes::default();
    let written = allow(&[
        "group:partners",
        "hub:fish/*@A.Example",
        "a@b.example",
        "hub:fish/*@a.example",
        "hub:birds/*",
    ]);
    let read = types.parse("access", &written).unwrap();
    let shown = json!(["a@b.example", "hub:fish/*@a.example", "hub:birds/*", "group:partners"]);
    assert_eq!(read.to_value().unwrap()["patterns"], shown);
    let named: Vec<_> = read.references().iter().map(|one| format!("{} {}", one.pointer, one.to)).collect();
    let marketplace = |place: usize, name: &str| format!("/patterns/{place} marketplace {name:?}");
    let expected = [
        "/patterns/0 group \"partners\"".to_owned(),
        marketplace(1, "fish"),
        marketplace(3, "fish"),
        marketplace(4, "birds"),
    ];
    assert_eq!(named, expected);
    for wrong in [
        "hub:",
        "hub:fish",
        "hub:/*",
        "hub:Fish!/*",
        "hub:fish/",
        "hub:fish/ada",
        "hub:fish/hub:fish/*",
        "hub:fish/group:x",
    ] {
        let refused = types.parse("access", &allow(&["a@b.example", wrong])).unwrap_err();
        assert!(refused.to_string().starts_with("/patterns/1"), "{wrong}: {refused}");
    }
    // What has to be tried one by one is counted wherever it stands.
    let mixed: Vec<String> = (0..101).map(|number| format!("hub:fish/a*{number}x@b.example")).collect();
    let mixed: Vec<&str> = mixed.iter().map(String::as_str).collect();
    assert!(types.parse("access", &allow(&mixed)).is_err());
    assert!(types.parse("access", &allow(&mixed[..100])).is_ok());
}

/// Entries of a list, and the addresses of callers.
fn entries() -> impl Strategy<Value = Vec<String>> {
    let pattern = prop_oneof![Just("*"), Just("*@a.example"), Just("ada@a.example"), Just("b*@b.example")];
    let name = prop_oneof![Just(None), Just(Some("fish")), Just(Some("birds")), Just(Some("plants"))];
    let entry = (name, pattern).prop_map(|(name, pattern)| match name {
        None => pattern.to_owned(),
        Some(name) => format!("hub:{name}/{pattern}"),
    });
    prop::collection::vec(entry, 0..5)
}

/// Whether an entry means a caller; `None` where that hangs on an address that is not known.
fn means(entry: &str, from: Option<u8>, email: Option<&str>) -> Option<bool> {
    let pattern = match entry.strip_prefix("hub:") {
        None => entry,
        Some(rest) => {
            let (name, pattern) = rest.split_once('/').unwrap();
            let of = if name == "plants" { 2 } else { 1 };
            if from != Some(of) {
                return Some(false);
            }
            pattern
        }
    };
    let suffix = |email: &str| match pattern {
        "*@a.example" => email.ends_with("@a.example"),
        "b*@b.example" => email.starts_with('b') && email.ends_with("@b.example"),
        exact => email == exact,
    };
    if pattern == "*" { Some(true) } else { email.map(suffix) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn z2_whoever_asks_is_let_in_as_the_rule_says_that_is_written_here_once_more(
        allowed in entries(),
        denied in entries(),
        from in prop::option::of(1..3u8),
        email in prop::option::of(prop_oneof![Just("ada@a.example"), Just("bob@a.example"), Just("bob@b.example")]),
    ) {
        // A member's address is known.
        let email = if from.is_none() { Some(email.unwrap_or("ada@a.example")) } else { email };
        let known = email.map(|email| Email::parse(email).unwrap());
        let caller = match from {
            None => Caller::Member { role: Role::User, email: known.as_ref() },
            Some(number) => {
                Caller::HubUser { hub: Some(hub(number)), subject: Subject::Identified { email: known.as_ref() } }
            }
        };
        let list = |patterns: &[String], mode: &str| json!({ "mode": mode, "patterns": patterns });
        let policies = [list(&allowed, "allow"), list(&denied, "deny")];
        let decided = decide(&policies, &caller, Some(&hubs())).diagnostics.reason;
        // Whom a list means: yes where any entry does, else unknown where any is.
        let of = |entries: &[String]| {
            let all: Vec<_> = entries.iter().map(|entry| means(entry, from, email)).collect();
            if all.contains(&Some(true)) { Some(true) } else if all.contains(&None) { None } else { Some(false) }
        };
        let expected = match (of(&denied), of(&allowed)) {
            (Some(true), _) => Reason::DeniedByPolicy,
            (None, _) => Reason::AddressUnknown,
            (Some(false), Some(true)) => Reason::AllowedByPolicy,
            (Some(false), None) => Reason::AddressUnknown,
            (Some(false), Some(false)) => Reason::NoPolicyAllows,
        };
        prop_assert_eq!(decided, expected);
    }
}
