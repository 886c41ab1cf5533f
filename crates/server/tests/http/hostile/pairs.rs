//! Every two fields of every body, both wrong: one answer tells of both.

use serde_json::Value;
use syft_space::http::route_table::{ROUTES, Route};

use crate::hostile::case::{Answer, exchange};
use crate::hostile::fields::{fields, with};
use crate::hostile::values::{Kind, Wrong};
use crate::hostile::world::World;

/// What is wrong for a field, whatever stands beside it: a value of another type, and one of its type where it has a rule.
/// It is told whether it is of its type.
fn wrong(pointer: &str, kind: Kind) -> Vec<(bool, Wrong)> {
    let rule = match kind {
        // They are refused for a reason of their own, once the body is read.
        Kind::NewPassword | Kind::Password => None,
        // What they may be depends on what is registered, or on what stands beside them.
        _ if ["/policy_type", "/policies/0/policy_type", "/credential/type"].contains(&pointer) => None,
        Kind::Object => None,
        _ => kind.not_allowed().into_iter().next(),
    };
    let other = kind.of_other_types(false).into_iter().take(1).map(|wrong| (false, wrong));
    other.chain(rule.map(|wrong| (true, wrong))).collect()
}

async fn answer(world: &World, route: &Route, body: String) -> Value {
    let raw = exchange(world.address(), &world.request(route).body(body).bytes()).await;
    serde_json::from_slice(&Answer::read(&raw).unwrap().body).unwrap_or_default()
}

/// What an answer says is wrong with the body.
fn errors(answer: &Value) -> Vec<&Value> {
    answer["errors"].as_array().into_iter().flatten().collect()
}

#[tokio::test]
async fn i1_two_wrong_fields_of_a_body_are_told_of_at_once() {
    let world = World::make().await;
    let (mut tried, mut missed) = (0, Vec::new());
    for route in ROUTES.iter().filter(|route| world.body(route).is_some()) {
        let wrong: Vec<_> = fields(route)
            .iter()
            .flat_map(|field| wrong(field.0, field.1).into_iter().map(|wrong| (field.0, wrong)))
            .collect();
        for (n, (a, of_a)) in wrong.iter().enumerate() {
            let other = |b: &str| b != *a && !b.starts_with(&format!("{a}/"));
            for (b, of_b) in wrong.iter().skip(n + 1).filter(|(b, _)| other(b)) {
                // Documents are checked together, for ids that stand twice, once all of them are of the right type.
                if a.starts_with("/documents/") && of_a.0 != of_b.0 {
                    continue;
                }
                let body = with(world.body(route).unwrap(), a, &of_a.1.json);
                let body = with(serde_json::from_str(&body).unwrap(), b, &of_b.1.json);
                let answer = answer(&world, route, body).await;
                let told = errors(&answer);
                let tells = |pointer: &str| told.iter().any(|error| error["pointer"] == pointer);
                tried += 1;
                if told.len() != 2 || !tells(a) || !tells(b) {
                    missed.push(format!("{} {a} {}, {b} {}: {answer}", route.path, of_a.1.what, of_b.1.what));
                }
            }
        }
    }
    println!("{tried} pairs");
    assert!(tried > 500, "{tried}");
    assert!(missed.is_empty(), "{} of {tried}:\n{}", missed.len(), missed.join("\n"));
}

#[tokio::test]
async fn i1_all_fields_that_are_missing_are_told_of_at_once_beside_one_that_is_wrong() {
    let world = World::make().await;
    let mut tried = 0;
    for route in ROUTES.iter().filter(|route| world.body(route).is_some()) {
        let good = world.body(route).unwrap();
        let without = |names: &[&str]| {
            let mut body = good.clone();
            names.iter().for_each(|name| drop(body.as_object_mut().unwrap().remove(*name)));
            body
        };
        let is_missing = |name: &str| format!("missing field `{name}`");
        let mut required = Vec::new();
        for name in good.as_object().unwrap().keys() {
            let answer = answer(&world, route, without(&[name]).to_string()).await;
            if errors(&answer).iter().any(|error| error["message"] == is_missing(name)) {
                required.push(name.as_str());
            }
        }
        let mut body = without(&required);
        body["no such field"] = true.into();
        let answer = answer(&world, route, body.to_string()).await;
        let told = errors(&answer);
        // What a merge patch lacks stays as it is, and clients of a marketplace send fields that nobody knows.
        let unknown = told.iter().filter(|error| error["pointer"] == "/no such field").count();
        assert_eq!(told.len(), required.len() + unknown, "{}: {answer}", route.path);
        for name in &required {
            assert!(
                told.iter().any(|error| error["message"] == is_missing(name)),
                "{}: {answer}",
                route.path
            );
        }
        tried += usize::from(required.len() > 1);
    }
    assert!(tried > 5, "{tried}");
}
