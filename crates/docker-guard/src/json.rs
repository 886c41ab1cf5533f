//! Bodies: strict JSON, and the shape of what is accepted.

use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::refusal::Refusal;

/// The most bytes of a body.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// How deep a body may nest.
const MAX_DEPTH: usize = 16;

/// Reads a body of a shape. Members that say nothing (`null`, `false`, `0`, `""`, an empty list or object) are left out at the
/// places that are named: clients write out every field of the API, and a field that is not forwarded is not set. At a place `*`
/// stands for each part.
///
/// # Errors
/// When it is no JSON, has a key twice or nests too deep (400); when it is of another shape (403).
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8], places: &[&[&str]]) -> Result<T, Refusal> {
    let mut value =
        strict_value(body).map_err(|error| Refusal::malformed(format!("the body is not JSON: {error}")))?;
    if !value.is_object() {
        return Err(Refusal::malformed("the body is no object"));
    }
    for place in places {
        drop_unset(&mut value, place);
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let told = error.inner().to_string();
        // Which fields there are is no news to anybody.
        let told = told.split(", expected").next().unwrap_or_default();
        Refusal::forbidden(format!("{path}: {told}"))
    })
}

/// Writes an accepted body out.
pub(crate) fn write<T: Serialize>(body: &T) -> Vec<u8> {
    // Its keys are texts and its numbers are whole, so it can be written. Nothing is no body that an engine takes.
    serde_json::to_vec(body).unwrap_or_default()
}

/// Reads JSON in which no key stands twice in one object (RFC 8259, section 4, leaves open what that would mean).
pub(crate) fn strict_value(text: &[u8]) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = StrictValue { depth: 0 }.deserialize(&mut deserializer)?;
    deserializer.end().map(|()| value)
}

/// Leaves out the members that say nothing of the object at a place.
fn drop_unset(value: &mut Value, place: &[&str]) {
    let inner = match place.split_first() {
        None => {
            if let Value::Object(members) = value {
                members.retain(|_, member| !is_unset(member));
            }
            return;
        }
        Some((step, inner)) => {
            if *step != "*" {
                if let Some(part) = value.as_object_mut().and_then(|members| members.get_mut(*step)) {
                    drop_unset(part, inner);
                }
                return;
            }
            inner
        }
    };
    match value {
        Value::Object(members) => members.values_mut().for_each(|part| drop_unset(part, inner)),
        Value::Array(items) => items.iter_mut().for_each(|part| drop_unset(part, inner)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_unset(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::Number(number) => number.as_u64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(is_unset),
        Value::Object(members) => members.is_empty(),
    }
}

struct StrictValue {
    depth: usize,
}

impl StrictValue {
    fn deeper<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.depth < MAX_DEPTH {
            Ok(Self { depth: self.depth.saturating_add(1) })
        } else {
            Err(E::custom(format_args!("it nests deeper than {MAX_DEPTH} levels")))
        }
    }
}

impl<'de> DeserializeSeed<'de> for StrictValue {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self.deeper()?)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(serde::de::Error::custom(format_args!(
                    "the key {key:?} stands twice in one object"
                )));
            }
            object.insert(key, entries.next_value_seed(self.deeper()?)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn n3_a_key_that_stands_twice_and_bottomless_nesting_are_refused() {
        assert!(strict_value(br#"{"a":1,"b":{"c":1,"c":2}}"#).is_err());
        assert!(strict_value(b"{} {}").is_err());
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(strict_value(&nested(MAX_DEPTH)).is_ok());
        assert!(strict_value(&nested(MAX_DEPTH + 1)).is_err());
        assert!(strict_value(&nested(60_000)).is_err());
    }

    #[test]
    fn n3_what_says_nothing_is_left_out_at_the_named_places_alone() {
        let mut value = json!({
            "A": null, "B": [0, ""], "C": {"D": false, "E": {"F": 0}}, "G": [{"H": ""}, {"I": 1}], "J": -1
        });
        for place in [&["C", "E"][..], &["G", "*"], &[]] {
            drop_unset(&mut value, place);
        }
        assert_eq!(value, json!({"C": {"D": false, "E": {}}, "G": [{}, {"I": 1}], "J": -1}));
    }
}
