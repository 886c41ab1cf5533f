//! The schemas of all types that the OpenAPI document names.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value};

use crate::http::route_docs::SchemaOf;

/// The schemas so far. A field that may be left out of a request is always there in an answer, so the two are told
/// apart.
pub(super) struct Schemas {
    requests: SchemaGenerator,
    answers: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with_transform(RemoveNoise).with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self {
            requests: settings().for_deserialize().into_generator(),
            answers: settings().for_serialize().into_generator(),
        }
    }

    /// The schema of what a request brings.
    pub(super) fn request(&mut self, schema: SchemaOf) -> Schema {
        schema(&mut self.requests)
    }

    /// The schema of what an answer brings.
    pub(super) fn answer(&mut self, schema: SchemaOf) -> Schema {
        schema(&mut self.answers)
    }

    /// Every schema with a name.
    pub(super) fn into_definitions(mut self) -> Map<String, Value> {
        let mut all = self.requests.take_definitions(true);
        for (name, schema) in self.answers.take_definitions(true) {
            let other = all.insert(name.clone(), schema.clone());
            debug_assert!(
                other.as_ref().is_none_or(|other| *other == schema),
                "{name} is one thing in requests and another in answers: give one of the types another name"
            );
        }
        all
    }
}

/// Leaves out what says nothing: a `null` that stands for "left out", and formats that only tell how many bits a
/// number has here.
#[derive(Clone)]
struct RemoveNoise;

impl Transform for RemoveNoise {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(object) = schema.as_object_mut() {
            if object.get("default").is_some_and(Value::is_null) {
                object.remove("default");
            }
            let bits = ["uint8", "uint16", "uint32", "uint64", "float", "double"];
            if object.get("format").and_then(Value::as_str).is_some_and(|format| bits.contains(&format)) {
                object.remove("format");
            }
        }
        transform_subschemas(self, schema);
    }
}
