//! Reading JSON in which no key stands twice, no deeper and no larger than may be.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::MAX_DEPTH;
use super::meter::{Meter, OBJECT_BYTES, PART_BYTES, TakeMemory};
use super::wording::MAX_NAME_CHARS;
use crate::http::problem::Problem;
use crate::http::reason::Reason;

/// Reads JSON in which no key stands twice in one object (RFC 8259, section 4, leaves open what that would mean).
///
/// # Errors
/// When the text is not such JSON, or its memory is not to be had.
pub fn strict_value(body: &[u8], take: &mut TakeMemory<'_>) -> Result<Value, Problem> {
    let meter = Meter::new(take);
    read_strictly(body, &meter).map_err(|error| {
        let malformed =
            || Problem::new(Reason::Malformed, format!("the body is not acceptable JSON: {error}"));
        meter.into_refusal().unwrap_or_else(malformed)
    })
}

/// Reads JSON as [`strict_value`] does, where it is no caller's: whatever memory it takes.
///
/// # Errors
/// When the text is not such JSON.
pub(crate) fn strict_value_of(text: &[u8]) -> Result<Value, serde_json::Error> {
    read_strictly(text, &Meter::new(&mut |_| Ok(())))
}

fn read_strictly(text: &[u8], meter: &Meter<'_, '_>) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = StrictValue { depth: 0, meter }.deserialize(&mut deserializer)?;
    deserializer.end().map(|()| value)
}

#[derive(Clone, Copy)]
struct StrictValue<'a, 'b, 'c> {
    depth: usize,
    meter: &'a Meter<'b, 'c>,
}

impl StrictValue<'_, '_, '_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth < MAX_DEPTH {
            Ok(Self { depth: self.depth + 1, ..self })
        } else {
            Err(E::custom(format_args!("it nests deeper than {MAX_DEPTH} levels")))
        }
    }
}

impl<'de> DeserializeSeed<'de> for StrictValue<'_, '_, '_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.meter.begin_value()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictValue<'_, '_, '_> {
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

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.meter.use_memory(value.len())?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Value, E> {
        self.meter.use_memory(value.len())?;
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            self.meter.use_memory(PART_BYTES)?;
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        self.meter.use_memory(OBJECT_BYTES)?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            self.meter.use_memory(key.len().saturating_add(PART_BYTES))?;
            if object.contains_key(&key) {
                let shown: String = key.chars().take(MAX_NAME_CHARS).collect();
                let twice = format_args!("the key {shown:?} stands twice in one object");
                return Err(serde::de::Error::custom(twice));
            }
            let value = entries.next_value_seed(inner)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}
