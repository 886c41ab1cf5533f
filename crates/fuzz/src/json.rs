//! The target of JSON bodies: strict JSON is what `serde_json` accepts, without duplicate keys and deep nesting.

use std::collections::HashSet;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use syft_space::http::json::{MAX_DEPTH, parse, strict_value};
use syft_space::http::problem::Problem;

/// A body with a member of each kind.
#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Body {
    name: String,
    count: Option<u64>,
    share: Option<f64>,
    flag: Option<bool>,
    list: Option<Vec<String>>,
    object: Option<Map<String, Value>>,
}

fn any_memory(_bytes: usize) -> Result<(), Problem> {
    Ok(())
}

pub(crate) fn run(bytes: &[u8]) {
    let strict = strict_value(bytes, &mut any_memory);
    let lenient = serde_json::from_slice::<Value>(bytes);
    let shape = serde_json::from_slice::<Shape>(bytes);
    match (&strict, &lenient, &shape) {
        (Ok(strict), Ok(lenient), Ok(shape)) => {
            assert_eq!(strict, lenient);
            assert!(!shape.has_duplicate_key && shape.depth <= MAX_DEPTH, "it should have been refused");
            let written = strict.to_string();
            let again = strict_value(written.as_bytes(), &mut any_memory);
            assert!(again.is_ok_and(|again| again == *strict), "what is written is read again: {written}");
        }
        (Ok(_), _, _) => assert!(lenient.is_ok(), "strict JSON is JSON"),
        (Err(_), Ok(_), Ok(shape)) => {
            assert!(shape.has_duplicate_key || shape.depth > MAX_DEPTH, "it was refused without a reason");
        }
        (Err(_), _, _) => {}
    }
    match (parse::<Body>(bytes, &mut any_memory), serde_json::from_slice::<Body>(bytes)) {
        (Ok(strict), Ok(lenient)) => assert_eq!(strict, lenient),
        (Ok(_), Err(error)) => {
            assert!(error.to_string().is_empty(), "only the strict parser accepts it: {error}");
        }
        // `serde_json` also reads a list as a struct; any other body that only it accepts is not strict JSON.
        (Err(problem), Ok(_)) => {
            assert!(strict.is_err() || lenient.is_ok_and(|value| value.is_array()), "{problem:?}");
        }
        (Err(problem), Err(_)) => {
            let text = format!("{problem:?}");
            assert!(text.len() < 4_000, "a refusal is short: {} bytes", text.len());
        }
    }
}

/// The nesting depth of a JSON text, and whether an object has a duplicate key. It does not use the parser under test.
struct Shape {
    depth: usize,
    has_duplicate_key: bool,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl Shape {
    const FLAT: Self = Self { depth: 0, has_duplicate_key: false };

    fn enclosing(inner: impl Iterator<Item = Self>) -> Self {
        let all = inner.fold(Self::FLAT, |all, shape| Self {
            depth: all.depth.max(shape.depth),
            has_duplicate_key: all.has_duplicate_key || shape.has_duplicate_key,
        });
        Self { depth: all.depth + 1, has_duplicate_key: all.has_duplicate_key }
    }
}

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::FLAT)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::FLAT)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::FLAT)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::FLAT)
    }
    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::FLAT)
    }
    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::FLAT)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        let mut inner = Vec::new();
        while let Some(item) = items.next_element()? {
            inner.push(item);
        }
        Ok(Shape::enclosing(inner.into_iter()))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        let (mut keys, mut inner, mut has_duplicate_key) = (HashSet::new(), Vec::new(), false);
        while let Some((key, value)) = entries.next_entry::<String, Shape>()? {
            has_duplicate_key |= !keys.insert(key);
            inner.push(value);
        }
        let enclosing = Shape::enclosing(inner.into_iter());
        Ok(Shape { has_duplicate_key: has_duplicate_key || enclosing.has_duplicate_key, ..enclosing })
    }
}
