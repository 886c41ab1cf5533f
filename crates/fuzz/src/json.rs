//! Bodies: strict JSON is what `serde_json` reads, less keys that stand twice and bottomless nesting.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use syft_space::http::json::{MAX_DEPTH, parse, strict_value};

/// A body with a part of each kind.
#[derive(Debug, PartialEq, Deserialize, garde::Validate)]
#[serde(deny_unknown_fields)]
struct Body {
    #[garde(skip)]
    name: String,
    #[garde(skip)]
    count: Option<u64>,
    #[garde(skip)]
    share: Option<f64>,
    #[garde(skip)]
    flag: Option<bool>,
    #[garde(skip)]
    list: Option<Vec<String>>,
    #[garde(skip)]
    object: Option<Map<String, Value>>,
}

pub(crate) fn run(bytes: &[u8]) {
    let strict = strict_value(bytes);
    let loose = serde_json::from_slice::<Value>(bytes);
    let shape = serde_json::from_slice::<Shape>(bytes);
    match (&strict, &loose, &shape) {
        (Ok(strict), Ok(loose), Ok(shape)) => {
            assert_eq!(strict, loose);
            assert!(!shape.twice && shape.depth <= MAX_DEPTH, "it should have been refused");
            let written = strict.to_string();
            let again = strict_value(written.as_bytes());
            assert!(again.is_ok_and(|again| again == *strict), "what is written is read again: {written}");
        }
        (Ok(_), _, _) => assert!(loose.is_ok(), "strict JSON is JSON"),
        (Err(_), Ok(_), Ok(shape)) => {
            assert!(shape.twice || shape.depth > MAX_DEPTH, "it was refused without a reason");
        }
        (Err(_), _, _) => {}
    }
    match (parse::<Body>(bytes), serde_json::from_slice::<Body>(bytes)) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs),
        (Ok(_), Err(error)) => assert!(error.to_string().is_empty(), "only ours reads it: {error}"),
        // Theirs reads a list as an object, too; all else that ours refuses is not strict.
        (Err(problem), Ok(_)) => {
            assert!(strict.is_err() || loose.is_ok_and(|value| value.is_array()), "{problem:?}");
        }
        (Err(problem), Err(_)) => {
            let told = format!("{problem:?}");
            assert!(told.len() < 4_000, "a refusal is short: {} bytes", told.len());
        }
    }
}

/// How deep JSON is, and whether a key stands twice in one object: read without the reader under test.
struct Shape {
    depth: usize,
    twice: bool,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

struct Look;

impl Shape {
    const FLAT: Self = Self { depth: 0, twice: false };

    fn around(inner: impl Iterator<Item = Self>) -> Self {
        let all = inner.fold(Self::FLAT, |all, one| Self {
            depth: all.depth.max(one.depth),
            twice: all.twice || one.twice,
        });
        Self { depth: all.depth + 1, twice: all.twice }
    }
}

impl<'de> Visitor<'de> for Look {
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
        Ok(Shape::around(inner.into_iter()))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        let (mut keys, mut inner, mut twice) = (HashSet::new(), Vec::new(), false);
        while let Some((key, value)) = entries.next_entry::<String, Shape>()? {
            twice |= !keys.insert(key);
            inner.push(value);
        }
        let around = Shape::around(inner.into_iter());
        Ok(Shape { twice: twice || around.twice, ..around })
    }
}
